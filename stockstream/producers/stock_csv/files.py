"""Stock files: each is examined first, then its bars are read in the order of the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from stockstream.errors import BadRow, SourceError
from stockstream.intervals import FORM, is_interval
from stockstream.periods import intraday
from stockstream.producers.csv_files import CsvFile
from stockstream.producers.stock_csv.local import LocalTimes
from stockstream.producers.stock_csv.names import named
from stockstream.producers.stock_csv.regular import read
from stockstream.producers.stock_csv.repeats import Repeats, repeated, settle
from stockstream.producers.stock_csv.rows import Reader
from stockstream.producers.stock_csv.scan import Scan
from stockstream.producers.stock_csv.schema import Overrides, Schema
from stockstream.producers.stock_csv.spacing import spacing
from stockstream.producers.stock_csv.times import KNOWN
from stockstream.producers.stock_csv.zones import zone_of
from stockstream.records import Bar

_DAY: Final = 86_400 * 10**6
_NAMED: Final = 8


@dataclass(frozen=True)
class StockFile:
    """An examined file of bars.

    Parameters
    ----------
    csv
        The CSV file.
    schema
        Its format.
    reader
        Parser of its lines.
    lines, rows
        Number of lines, and of those with a time.
    span
        The first and the last time, in microseconds since 1970.
    repeats
        Its rows that repeat a bar.
    only
        The only symbol to read from a file of several; None for all.
    assumed
        Whether times are taken as UTC because neither the file nor the user gives a zone.
    """

    csv: CsvFile
    schema: Schema
    reader: Reader
    lines: int
    rows: int
    span: tuple[int, int]
    repeats: Repeats
    only: str | None
    assumed: bool

    @property
    def series(self) -> tuple[str, str] | None:
        """Symbol and interval, if the file itself names no symbols."""
        return None if self.schema.names_symbols else (self.reader.symbol, self.reader.interval)

    def bars(self) -> Iterator[tuple[int, Bar | BadRow]]:
        """The bars of the file, each with the number of its line; of repeated rows of a bar only the last."""
        superseded, only = self.repeats.superseded, self.only
        items: Iterator[tuple[int, Bar | BadRow]]
        items = chain.from_iterable(read(block, self.reader) for block in self.schema.blocks(self.csv))
        if superseded:
            items = ((number, item) for number, item in items if number not in superseded)
        if only is not None:
            items = ((number, item) for number, item in items if isinstance(item, BadRow) or item.symbol == only)
        return items


def examine(csv: CsvFile, overrides: Overrides) -> StockFile:
    """Read a file once and recognise its format and contents.

    Raises
    ------
    SourceError
        If it is not a file of bars; if part of its format, such as the order of day and month, follows neither from the
        file nor from ``overrides``; if it holds several series without a column of symbols; or if it does not hold the
        wanted symbol.
    """
    schema = Schema.of(csv, overrides)
    scan = Scan.of(schema.blocks(csv), schema.rows)
    own_symbol, own_interval = named(csv.member or csv.path.name)
    interval = _checked(csv, overrides.interval or own_interval, scan) or _interval(csv, scan)
    zone, local = _clock(csv, scan, interval, overrides.zone)
    symbol = own_symbol if schema.names_symbols else overrides.symbol or own_symbol
    tz = str(zone) if zone else None
    reader = Reader(csv.name, schema.rows, schema.numbers, symbol, interval, tz, local)
    only = overrides.symbol if schema.names_symbols else None
    if only is not None:
        _has(csv, schema, scan, only)
    repeats = _repeats(csv, schema, scan, reader)
    walls = scan.wall
    span = (int(walls.min()), int(walls.max())) if len(walls) else (0, 0)
    assumed = intraday(interval) and overrides.zone is None and scan.naive
    return StockFile(csv, schema, reader, scan.lines, len(walls), span, repeats, only, assumed)


def _interval(csv: CsvFile, scan: Scan) -> str:
    hint = f"say it with --interval ({FORM})"
    found = spacing(scan.instant, scan.symbol)
    if found is None and scan.unreadable is not None:
        line, reason = scan.unreadable
        raise SourceError(f"{csv.name}, line {line}: {reason}", hint=f"known are {KNOWN}")
    if found is None:
        raise SourceError(f"{csv.name}: too few rows with a time to determine the interval of the bars", hint=hint)
    if not is_interval(found):
        raise SourceError(f"{csv.name}: cannot determine the interval of the bars: most are {found} apart", hint=hint)
    return found


def _checked(csv: CsvFile, interval: str | None, scan: Scan) -> str | None:
    """Check the given interval: it cannot be a day or longer if rows are minutes apart."""
    if interval is None or intraday(interval):
        return interval
    found = spacing(scan.instant, scan.symbol)
    if found is not None and is_interval(found) and intraday(found):
        raise SourceError(
            f"{csv.name}: most of its rows are {found} apart, so they are not bars of {interval}",
            hint=f"say what they are with --interval ({FORM})",
        )
    return interval


def _clock(
    csv: CsvFile, scan: Scan, interval: str, chosen: ZoneInfo | None
) -> tuple[ZoneInfo | None, LocalTimes | None]:
    """The exchange's zone, and the zone of times without an offset."""
    if not intraday(interval):
        return chosen, None
    if chosen is not None:
        return chosen, LocalTimes.of(chosen, scan.wall, scan.symbol, scan.line) if scan.naive else None
    try:
        return zone_of(scan.instant, scan.offset), None
    except LookupError as error:
        raise SourceError(
            f"{csv.name}: no exchange's zone is known for all of its offsets ({error})",
            hint="say the exchange's zone with --tz, such as --tz America/New_York",
        ) from None


def _has(csv: CsvFile, schema: Schema, scan: Scan, symbol: str) -> None:
    counts: Counter[str] = Counter(name for name in schema.rows.columns.groups if name)
    for name, rows in zip(scan.symbols, np.bincount(scan.symbol, minlength=len(scan.symbols)).tolist(), strict=True):
        if name:
            counts[name] += rows
    if symbol not in counts:
        some = ", ".join(name for name, _ in counts.most_common(_NAMED))
        raise SourceError(f"{csv.name} has no row of {symbol}", hint=f"its column of symbols has {some}")


def _repeats(csv: CsvFile, schema: Schema, scan: Scan, reader: Reader) -> Repeats:
    keys = _keys(scan, reader)
    found = repeated(keys, scan.symbol)
    if not found.any():
        return Repeats(BitMap())
    repeats = settle(schema.lines(csv), reader, BitMap(scan.line[found]))
    times = len(np.unique(keys))
    if not schema.names_symbols and repeats.several(times):
        one = repeats.conflicts[0]
        names = ", ".join(name for name in schema.rows.columns.unused if name)
        raise SourceError(
            f"{csv.name} holds several series and no column that tells them apart: beside {times:,} rows there are "
            f"{repeats.differing:,} of the same times with other numbers, as in lines {one.former} and {one.later}",
            hint=f"name the column of symbols with --columns symbol=NAME (beside the prices it has: {names})"
            if names
            else "make one file of each series, or give it a column Symbol",
        )
    return repeats


def _keys(scan: Scan, reader: Reader) -> NDArray[np.int64]:
    """Key of each row's bar within its symbol: the day, or the instant."""
    if not intraday(reader.interval):
        return scan.wall // _DAY
    if reader.local is None:
        return scan.instant
    keys = scan.instant.copy()
    for row in np.flatnonzero(np.isin(scan.line, np.fromiter(reader.local.second, np.int64))):
        keys[row] += _DAY * 100_000  # apart from the first pass of the same hour
    return keys


class StockFiles:
    """The bars of files, in the order of their rows, each once.

    Iterating gives a `Bar`, or a `BadRow` with line and column for a row without prices, an unreadable row, or an
    incomplete last row.

    Parameters
    ----------
    files
        The files, in order.

    Attributes
    ----------
    done, total : int
        Lines read so far, and all lines, without those of the headers.
    """

    def __init__(self, files: Sequence[StockFile]) -> None:
        self.done = 0
        self.total = sum(file.lines - file.schema.header.end for file in files)
        self._files = files

    def __iter__(self) -> Iterator[Bar | BadRow]:
        for file in self._files:
            before = self.done - file.schema.header.end
            for line, item in file.bars():
                self.done = before + line
                yield item
            self.done = before + file.lines
