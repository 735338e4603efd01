"""Bar batch: bars that arrived together, as columns, made on the reading thread while they are in its cache."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from operator import attrgetter, lt

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
    times
        Start time of each bar.
    numbers
        Columns `NUMBERS`, shape (5, bars); NaN for an unknown open or volume.
    finals, flags
        For each bar; None if all are final, or if none has a flag.
    last
        The bar that arrived last.
    """

    __slots__ = ("finals", "flags", "last", "numbers", "times")

    def __init__(self, bars: Sequence[Candle]) -> None:
        # A map a column: less than one over all columns, which makes a tuple of each bar.
        self.times: list[datetime] = list(map(_time_of, bars))
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
        cls, times: list[datetime], numbers: NDArray[np.float64], flags: tuple[tuple[str, ...], ...], last: Candle
    ) -> BarBatch:
        """Bars that are columns already, all of them final but perhaps the last; its numbers are read from these."""
        stretch = cls.__new__(cls)
        stretch.times = times
        stretch.numbers = numbers
        stretch.flags = flags if any(flags) else None
        stretch.finals = None if last.final else (*[True] * (len(times) - 1), False)
        stretch.last = structs.replace(last, flags=flags[-1], **_values(numbers[:, -1].tolist()))
        return stretch

    def __len__(self) -> int:
        return len(self.times)

    @property
    def ascending(self) -> bool:
        """Whether each bar is newer than the one before it."""
        return all(map(lt, self.times, islice(self.times, 1, None)))

    def instants(self) -> NDArray[np.datetime64]:
        """Start times in UTC."""
        return instants_of(self.times)

    def bar(self, index: int) -> Candle:
        """The bar at an index, with currency and zone, which no mark or indicator reads, of the last bar."""
        return structs.replace(
            self.last,
            time=self.times[index],
            **_values(self.numbers[:, index].tolist()),
            final=self.finals is None or self.finals[index],
            flags=() if self.flags is None else self.flags[index],
        )


def _values(numbers: Sequence[float]) -> dict[str, float | None]:
    """A bar's numbers by name; None if unknown."""
    return {name: value if value == value else None for name, value in zip(NUMBERS, numbers, strict=True)}


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
