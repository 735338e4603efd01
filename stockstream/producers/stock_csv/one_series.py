"""Check whether several files belong to one series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations
from typing import Final, NamedTuple

from stockstream.errors import SourceError
from stockstream.periods import intraday
from stockstream.producers.stock_csv.files import StockFile
from stockstream.producers.stock_csv.names import named
from stockstream.records import Bar

_COMPARED: Final = 2_000
_SHARE: Final = 0.2


class _Difference(NamedTuple):
    """Number of times that two files have in common, number of those at which they differ, and the first of these."""

    common: int
    differing: int
    first: datetime | None


def check_one_series(files: Sequence[StockFile], symbol: str | None) -> None:
    """Check that files which would be sent as one series belong together.

    Parameters
    ----------
    files
        All files to send.
    symbol
        Symbol that the user gives for all files.

    Raises
    ------
    SourceError
        If two files of the same symbol and interval differ at most of their common times, or if the name of one file
        has ``symbol`` and that of another file another symbol.
    """
    same = defaultdict[tuple[str, str], list[StockFile]](list)
    for file in files:
        if file.series is not None:
            same[file.series].append(file)
    for group in same.values():
        if symbol is not None and len(group) > 1:
            _check_names(group, symbol)
        for one, other in combinations(sorted(group, key=lambda file: file.span), 2):
            if one.span[1] >= other.span[0]:
                _check(one, other)


def _check_names(files: Sequence[StockFile], symbol: str) -> None:
    names = {_own(file): file for file in files}
    wanted = symbol.upper()
    if wanted not in names:
        return
    other = next((name for name in names if not name.startswith(wanted)), None)
    if other is not None:
        raise SourceError(
            f"{names[other].csv.name} would be sent as {symbol}, but its name says {other}",
            hint="send each file with its own --symbol, or leave that out",
        )


def _check(one: StockFile, other: StockFile) -> None:
    found = _difference(one, other)
    if found.differing and found.differing > found.common * _SHARE:
        first = f"{found.first:%Y-%m-%d %H:%MZ}" if intraday(one.reader.interval) else f"{found.first:%Y-%m-%d}"
        raise SourceError(
            f"{one.csv.name} and {other.csv.name} would be one series, {one.reader.symbol} {one.reader.interval}, but "
            f"differ at {found.differing:,} of {found.common:,} times, first at {first}",
            hint="send each file with its own --symbol",
        )


def _difference(one: StockFile, other: StockFile) -> _Difference:
    """Compare the first rows of the later file with those of the earlier file."""
    known = {}
    for bar in _bars(other):
        known[bar.time] = bar
        if len(known) >= _COMPARED:
            break
    pairs = [(bar, known[bar.time]) for bar in _bars(one) if bar.time in known]
    differing = [bar.time for bar, later in pairs if _numbers(bar) != _numbers(later)]
    return _Difference(len(pairs), len(differing), min(differing, default=None))


def _bars(file: StockFile) -> Iterator[Bar]:
    return (item for _, item in file.bars() if isinstance(item, Bar))


def _numbers(bar: Bar) -> tuple[float | None, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def _own(file: StockFile) -> str:
    return named(file.csv.member or file.csv.path.name)[0]
