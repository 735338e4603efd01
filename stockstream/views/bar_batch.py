"""Bar batch: bars that arrived together, as columns, made on the reading thread while they are in its cache."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from stockstream.records import NUMBERS, Candle

_time_of = attrgetter("time")
_final_of = attrgetter("final")
_flags_of = attrgetter("flags")
_number_of = tuple(map(attrgetter, NUMBERS))


class BarBatch:
    """Bars of one series in order of arrival; at least one.

    Attributes
    ----------
    instants
        Start time of each bar in UTC, shape (bars,).
    numbers
        Columns `NUMBERS`, shape (5, bars); NaN for an unknown open or volume.
    finals, flags
        For each bar; None if all are final, or if none has a flag.
    last
        The bar that arrived last.
    """

    __slots__ = ("finals", "flags", "instants", "last", "numbers")

    def __init__(self, bars: Sequence[Candle]) -> None:
        # A map a column: less than one over all columns, which makes a tuple of each bar.
        self.instants = instants_of(list(map(_time_of, bars)))
        self.numbers = np.empty((len(NUMBERS), len(bars)))
        for store, number_of in zip(self.numbers, _number_of, strict=True):
            try:
                store[:] = np.fromiter(map(number_of, bars), np.float64, len(bars))
            except TypeError:  # an unknown open or volume becomes NaN; this takes twice the time
                store[:] = np.array(list(map(number_of, bars)), dtype=np.float64)
        self.finals: tuple[bool, ...] | None = None if all(map(_final_of, bars)) else tuple(map(_final_of, bars))
        self.flags: tuple[tuple[str, ...], ...] | None = tuple(map(_flags_of, bars))
        if not any(self.flags):
            self.flags = None
        self.last = bars[-1]

    @classmethod
    def of(
        cls,
        instants: NDArray[np.datetime64],
        numbers: NDArray[np.float64],
        flags: tuple[tuple[str, ...], ...],
        last: Candle,
    ) -> BarBatch:
        """Bars that are columns already, all of them final but perhaps the last; its numbers are read from these."""
        stretch = cls.__new__(cls)
        stretch.instants = instants
        stretch.numbers = numbers
        stretch.flags = flags if any(flags) else None
        stretch.finals = None if last.final else (*[True] * (len(instants) - 1), False)
        stretch.last = structs.replace(last, flags=flags[-1], **_values(numbers[:, -1].tolist()))
        return stretch

    def __len__(self) -> int:
        return len(self.instants)

    @property
    def ascending(self) -> bool:
        """Whether each bar is newer than the one before it."""
        return bool((self.instants[1:] > self.instants[:-1]).all())

    def part(self, first: int, end: int) -> BarBatch:
        """The bars from an index up to another one, at least one."""
        return self if (first, end) == (0, len(self)) else self.pick(np.arange(first, end))

    def pick(self, rows: NDArray[np.intp]) -> BarBatch:
        """Some of the bars, by their indexes in ascending order; at least one."""
        places = rows.tolist()
        stretch = BarBatch.__new__(BarBatch)
        stretch.instants = self.instants[rows]
        stretch.numbers = self.numbers[:, rows]
        stretch.finals = None if self.finals is None else tuple(map(self.finals.__getitem__, places))
        stretch.flags = None if self.flags is None else tuple(map(self.flags.__getitem__, places))
        stretch.last = self.bar(places[-1])
        return stretch

    def bar(self, index: int) -> Candle:
        """The bar at an index, with currency and zone, which no mark or indicator reads, of the last bar."""
        return structs.replace(
            self.last,
            time=moment(self.instants[index]),
            **_values(self.numbers[:, index].tolist()),
            final=self.finals is None or self.finals[index],
            flags=() if self.flags is None else self.flags[index],
        )


def _values(numbers: Sequence[float]) -> dict[str, float | None]:
    """A bar's numbers by name; None if unknown."""
    return {name: value if value == value else None for name, value in zip(NUMBERS, numbers, strict=True)}


def moment(instant: np.datetime64) -> datetime:
    """An instant in UTC as a datetime."""
    naive = instant.item()
    assert isinstance(naive, datetime)
    return naive.replace(tzinfo=UTC)


def microseconds(instants: NDArray[np.datetime64]) -> list[int]:
    """Instants as microseconds since 1970, by which doubts about bars are found."""
    found: list[int] = instants.astype(np.int64).tolist()
    return found


def instants_of(times: Sequence[datetime]) -> NDArray[np.datetime64]:
    """Times with a zone, as instants in UTC."""
    seconds = np.fromiter(map(datetime.timestamp, times), np.float64, len(times))
    return (seconds * 1e6).round().astype("M8[us]")


def gather(bars: Sequence[Candle]) -> list[BarBatch]:
    """A batch for each series among the bars, in the order in which the series first occur."""
    by_series: defaultdict[tuple[str, str, str], list[Candle]] = defaultdict(list)
    for bar in bars:
        by_series[bar.symbol, bar.interval, bar.feed].append(bar)
    return list(map(BarBatch, by_series.values()))
