"""Stock bars from CSV files: Yahoo's daily layout, the one of processed indices, intraday files."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice, pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from stockstream.errors import BadRow, SourceError
from stockstream.intervals import FORM, is_interval, spaced
from stockstream.periods import intraday, off_grid
from stockstream.producers.csv_files import BLOCK, CsvFile
from stockstream.records import OFF_GRID, Bar, doubts, known_open

LAYOUTS: Final = (
    "Date,Open,High,Low,Close,Adj Close,Volume",
    "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD",
    "Datetime,Open,High,Low,Close,Volume",
)
"""The layouts that are known; columns may stand in any order, and others beside them are passed over."""

_FIELDS: Final = {
    "date": "time",
    "datetime": "time",
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "adjclose": "adj_close",
    "volume": "volume",
    "closeusd": "close_usd",
    "symbol": "symbol",
    "ticker": "symbol",
    "index": "symbol",
}
_PRICES: Final = ("open", "high", "low", "close")
_REQUIRED: Final = {"time": "Date or Datetime"} | {name: name.capitalize() for name in _PRICES}
_NOTHING: Final = frozenset({"", "null", "nan", "none", "n/a"})
# What no last cell of a whole row ends with. A number that merely lost digits cannot be told from a whole one.
_CUT: Final = re.compile(r"(.*[.eE+-])?\s*")
_SAMPLE: Final = 2_000
_NAME: Final = re.compile(r"(?P<symbol>.+)[_-](?P<interval>[0-9]+(m|h|d|wk|mo|y))")
_SUFFIX: Final = re.compile(r"(\.csv|\.txt)?(\.gz|\.zip)?$", re.IGNORECASE)


class Row(NamedTuple):
    """A line of the file: its number from 1, the bytes, and whether its end is there."""

    line: int
    raw: bytes
    whole: bool

    def cells(self) -> list[str]:
        """The row's cells. Raises UnicodeDecodeError or csv.Error."""
        text = self.raw.decode("utf-8-sig" if self.line == 1 else "utf-8")
        return next(csv.reader([text], strict=True), []) if '"' in text else text.split(",")


def named(file: str) -> tuple[str, str | None]:
    """Symbol and interval as the file's name tells them.

    >>> named("data/AAPL_1m.csv"), named("MSFT.csv.gz"), named("BRK-B.csv")
    (('AAPL', '1m'), ('MSFT', None), ('BRK-B', None))
    """
    stem = _SUFFIX.sub("", re.split(r"[/\\]", file)[-1])
    found = _NAME.fullmatch(stem)
    if found is None or not is_interval(found["interval"]):
        return stem.upper(), None
    return found["symbol"].upper(), "1h" if found["interval"] == "60m" else found["interval"]


@dataclass(frozen=True)
class Layout:
    """Which column holds which field: names as the header has them, and their places."""

    names: Sequence[str]
    places: dict[str, int]

    @classmethod
    def of(cls, file: str, header: Row) -> Layout:
        """Recognise a layout, whatever the case and spaces of its names. Raises SourceError."""
        known = f"the layouts that are known: {'; '.join(LAYOUTS)}"
        try:
            names = [name.strip() for name in header.cells()]
        except (UnicodeDecodeError, csv.Error):
            raise SourceError(f"{file} is no CSV file", hint=known) from None
        places: dict[str, int] = {}
        for place, name in enumerate(names):
            field = _FIELDS.get(re.sub(r"[\s_*]", "", name.lower()))
            # A column called Index beside one called Symbol is a row number.
            if field and (field not in places or names[places[field]].lower() == "index"):
                places[field] = place
        missing = [_REQUIRED[field] for field in _REQUIRED if field not in places]
        if missing:
            found = ",".join(names)
            found = found if len(found) <= 200 else f"{found[:200]}..."
            raise SourceError(f"{file}: no column {', '.join(missing)} in its header ({found})", hint=known)
        return cls(names, places)


class _Unreadable(Exception):
    """A cell that cannot be read: the field, and why."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True)
class Reader:
    """Rows of one file into bars, or into the error that says why not."""

    file: str
    layout: Layout
    symbol: str
    zone: ZoneInfo | None

    def stamp(self, cells: Sequence[str]) -> datetime:
        """The time as it is written, in its zone; ``zone``, or else UTC, where it names none."""
        text = self._cell(cells, "time")
        try:
            stamp = datetime.fromisoformat(text)
        except ValueError:
            raise _Unreadable("time", f"{text!r} is no time such as 2026-01-31 or 2026-01-31 15:30:00+00:00") from None
        return stamp if stamp.tzinfo else stamp.replace(tzinfo=self.zone or UTC)

    def name(self, cells: Sequence[str]) -> str:
        """The symbol of a row."""
        if "symbol" not in self.layout.places:
            return self.symbol
        text = self._cell(cells, "symbol")
        if not text:
            raise _Unreadable("symbol", "no value")
        return text

    def cells(self, row: Row) -> list[str]:
        """The row's cells, as many as the header has, none of them cut off."""
        width = len(self.layout.names)
        try:
            cells = row.cells()
        except UnicodeDecodeError:
            raise _Unreadable(None, "not text in UTF-8") from None
        except csv.Error as error:
            if row.whole:
                raise _Unreadable(None, f"cannot be read: {error}") from None
            cells = []
        if not row.whole and (len(cells) < width or _CUT.fullmatch(cells[-1])):
            raise _Unreadable(None, "the file ends in the middle of this row")
        if len(cells) != width:
            raise _Unreadable(None, f"{len(cells)} cells where the header has {width}")
        return cells

    def bar(self, row: Row, interval: str) -> Bar | BadRow:
        """The bar of a row. One that contradicts itself, or stands off its grid, is flagged."""
        try:
            return self._bar(self.cells(row), interval)
        except _Unreadable as error:
            column = None if error.field is None else self.layout.names[self.layout.places[error.field]]
            return BadRow(self.file, row.line, column, error.reason, raw=row.raw)

    def _bar(self, cells: Sequence[str], interval: str) -> Bar:
        symbol, stamp = self.name(cells), self.stamp(cells)
        time = stamp.astimezone(UTC) if intraday(interval) else datetime(stamp.year, stamp.month, stamp.day, tzinfo=UTC)
        opened, high, low, close = self._prices(cells)
        volume = self._number(cells, "volume")
        flags = doubts(opened, high, low, close, volume) + ((OFF_GRID,) if off_grid(time, interval) else ())
        return Bar(
            symbol=symbol,
            interval=interval,
            time=time,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=volume,
            adj_close=self._number(cells, "adj_close"),
            close_usd=self._number(cells, "close_usd"),
            tz=str(self.zone) if self.zone else None,
            source="csv",
            flags=flags,
        )

    def _prices(self, cells: Sequence[str]) -> tuple[float | None, float, float, float]:
        """Open, high, low and close; the open alone may be missing."""
        if all(self._number(cells, field) is None for field in _PRICES):
            self._price(cells, _PRICES[0])
        high, low, close = (self._price(cells, field) for field in _PRICES[1:])
        return known_open(self._number(cells, "open"), high, low, close), high, low, close

    def _price(self, cells: Sequence[str], field: str) -> float:
        price = self._number(cells, field)
        if price is None:
            raise _Unreadable(field, f"no value ({self._cell(cells, field) or 'empty'})")
        return price

    def _number(self, cells: Sequence[str], field: str) -> float | None:
        if field not in self.layout.places:
            return None
        text = self._cell(cells, field)
        if text.lower() in _NOTHING:
            return None
        try:
            number = float(text)
        except ValueError:
            raise _Unreadable(field, f"{text!r} is no number") from None
        if not math.isfinite(number):
            raise _Unreadable(field, f"{text!r} is not finite")
        return number

    def _cell(self, cells: Sequence[str], field: str) -> str:
        return cells[self.layout.places[field]].strip()


def spacing(reader: Reader, rows: Iterable[Row]) -> str:
    """The interval that most rows of the same symbol stand apart. Raises SourceError."""
    times: defaultdict[str, set[datetime]] = defaultdict(set)
    for row in rows:
        try:
            cells = reader.cells(row)
            times[reader.name(cells)].add(reader.stamp(cells))
        except _Unreadable:
            continue  # it is reported when its turn comes
    gaps = Counter(later - earlier for stamps in times.values() for earlier, later in pairwise(sorted(stamps)))
    spacings: Counter[str] = Counter()
    for gap, count in gaps.items():
        spacings[spaced(gap) or str(gap)] += count
    hint = f"say it with --interval ({FORM})"
    if not spacings:
        raise SourceError(f"{reader.file}: too few rows with a time to tell the bars' interval", hint=hint)
    commonest = max(spacings, key=lambda name: (spacings[name], is_interval(name)))
    if not is_interval(commonest):
        raise SourceError(f"{reader.file}: cannot tell the bars' interval: most stand {commonest} apart", hint=hint)
    return commonest


class StockFiles:
    """The bars of some files, in the order in which they stand there.

    Iterating gives a `Bar`, or a `BadRow` with line and column for a row without prices, one that cannot be read, and
    a last one that is cut off.

    Parameters
    ----------
    files
        What to send, one after another.
    symbol
        Whose bars these are; where a file has a column of symbols, the only one that is taken.
    interval
        The bars' interval; otherwise the one in the file's name, otherwise the commonest spacing.
    zone
        The exchange's zone, in which times without an offset are meant; UTC without it. Never touches session dates.

    Attributes
    ----------
    done, total : int
        Lines that are behind us, and all lines.

    Raises
    ------
    SourceError
        While iterating: an unknown layout, an interval that cannot be told, a symbol that a file does not have.
    """

    def __init__(
        self,
        files: Sequence[CsvFile],
        *,
        symbol: str | None = None,
        interval: str | None = None,
        zone: ZoneInfo | None = None,
    ) -> None:
        self.done = 0
        self.total = sum(map(_count, files))
        self._files = files
        self._symbol = symbol
        self._interval = interval
        self._zone = zone

    def __iter__(self) -> Iterator[Bar | BadRow]:
        for file in self._files:
            with file.open() as stream:
                yield from self._bars(file, stream)

    def _bars(self, file: CsvFile, lines: Iterable[bytes]) -> Iterator[Bar | BadRow]:
        rows = self._rows(lines)
        header = next(rows, None)
        if header is None:
            raise SourceError(f"{file.name} is empty", hint=f"its first line should be a header, such as {LAYOUTS[0]}")
        own_symbol, own_interval = named(file.member or file.path.name)
        reader = Reader(file.name, Layout.of(file.name, header), self._symbol or own_symbol, self._zone)
        sample = list(islice(rows, _SAMPLE))
        if not sample:
            raise SourceError(f"{file.name} holds a header and no rows")
        interval = self._interval or own_interval or spacing(reader, sample)
        chosen = self._symbol if "symbol" in reader.layout.places else None
        others: Counter[str] = Counter()
        taken = 0
        for row in chain(sample, rows):
            item = reader.bar(row, interval)
            if chosen is not None and isinstance(item, Bar) and item.symbol != chosen:
                others[item.symbol] += 1
            else:
                taken += 1
                yield item
        if others and not taken:
            some = ", ".join(name for name, _ in others.most_common(8))
            raise SourceError(f"{file.name} has no row of {chosen}", hint=f"its column of symbols has {some}")

    def _rows(self, lines: Iterable[bytes]) -> Iterator[Row]:
        for number, line in enumerate(lines, start=1):
            self.done += 1
            raw = line.rstrip(b"\r\n")
            if raw.strip():
                yield Row(number, raw, line.endswith(b"\n"))


def _count(file: CsvFile) -> int:
    lines, last = 0, b"\n"
    with file.open() as stream:
        while block := stream.read(BLOCK):
            lines += block.count(b"\n")
            last = block
    return lines + (not last.endswith(b"\n"))
