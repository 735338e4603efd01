"""Bars that came together, as columns: made on the thread that reads, while the bars are in its processor's cache."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from operator import attrgetter, lt
from typing import Final

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from stockstream.records import Candle

NUMBERS: Final = ("open", "high", "low", "close", "volume")
"""The columns of numbers, in their order."""

_time_of = attrgetter("time")
_final_of = attrgetter("final")
_flags_of = attrgetter("flags")
_number_of = tuple(map(attrgetter, NUMBERS))


class Stretch:
    """Bars of one series in the order in which they came; at least one.

    Attributes
    ----------
    times
        When each begins.
    numbers
        The columns `NUMBERS`, shape (5, bars), NaN for a volume that is not known.
    finals, flags
        Of each bar; None where all are final, and where none has a flag.
    last
        The bar that came last.
    """

    __slots__ = ("finals", "flags", "last", "numbers", "times")

    def __init__(self, bars: Sequence[Candle]) -> None:
        # A map a column: less than one over all columns, which makes a tuple of each bar.
        self.times: list[datetime] = list(map(_time_of, bars))
        self.numbers = np.empty((len(NUMBERS), len(bars)))
        for store, number_of in zip(self.numbers, _number_of, strict=True):
            try:
                store[:] = np.fromiter(map(number_of, bars), np.float64, len(bars))
            except TypeError:  # a volume that is not known; this takes twice the time and makes it NaN
                store[:] = np.array(list(map(number_of, bars)), dtype=np.float64)
        self.finals: tuple[bool, ...] | None = None if all(map(_final_of, bars)) else tuple(map(_final_of, bars))
        self.flags: tuple[tuple[str, ...], ...] | None = tuple(map(_flags_of, bars))
        if not any(self.flags):
            self.flags = None
        self.last = bars[-1]

    @classmethod
    def of(
        cls, times: list[datetime], numbers: NDArray[np.float64], flags: tuple[tuple[str, ...], ...], last: Candle
    ) -> Stretch:
        """Bars that are columns already, all of them final but perhaps the last; its numbers are read from these."""
        stretch = cls.__new__(cls)
        stretch.times = times
        stretch.numbers = numbers
        stretch.flags = flags if any(flags) else None
        stretch.finals = None if last.final else (*[True] * (len(times) - 1), False)
        *prices, volume = numbers[:, -1].tolist()
        values = dict(zip(NUMBERS, (*prices, volume if volume == volume else None), strict=True))
        stretch.last = structs.replace(last, flags=flags[-1], **values)
        return stretch

    def __len__(self) -> int:
        return len(self.times)

    @property
    def ascending(self) -> bool:
        """Whether each bar is newer than the one before it."""
        return all(map(lt, self.times, islice(self.times, 1, None)))

    def bars(self) -> Iterator[Candle]:
        """The bars one by one; what is not drawn or computed with (currency, zone) is that of the last one."""
        for place, (time, numbers) in enumerate(zip(self.times, self.numbers.T.tolist(), strict=True)):
            *_, volume = numbers
            yield structs.replace(
                self.last,
                time=time,
                **dict(zip(NUMBERS, numbers, strict=True)) | ({"volume": None} if volume != volume else {}),
                final=self.finals is None or self.finals[place],
                flags=() if self.flags is None else self.flags[place],
            )


def gather(bars: Sequence[Candle]) -> list[Stretch]:
    """A stretch of each series among the bars, in the order in which the series first came."""
    by_series: defaultdict[tuple[str, str, str], list[Candle]] = defaultdict(list)
    for bar in bars:
        by_series[bar.symbol, bar.interval, bar.feed].append(bar)
    return list(map(Stretch, by_series.values()))
