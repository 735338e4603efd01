"""Periods of a resampler: the bars of each, and the longer bar that they make."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime
from operator import attrgetter
from typing import Final

import msgspec

from stockstream.records import PARTIAL, Bar, doubted

_NEEDED: Final = ("high", "low", "close")
time_of = attrgetter("time")


class _Sum:
    """The aggregate of some bars."""

    __slots__ = ("flags", "high", "last", "left_out", "low", "open", "revision", "volume")

    last: Bar | None
    open: float | None
    volume: float | None
    flags: tuple[str, ...]

    def __init__(self) -> None:
        self.last = None
        self.high = self.low = 0.0
        self.open = self.volume = 0.0
        self.flags = ()
        self.left_out = False
        self.revision = 0

    def add(self, bar: Bar) -> None:
        """Take the next bar, in the order of time."""
        self.revision += bar.revision
        first = bar.open
        volume = bar.volume
        if bar.flags:
            if doubtful := doubted(bar.flags):
                self.left_out = True
                if not doubtful.isdisjoint(_NEEDED):
                    return
                first = None if "open" in doubtful else first
                volume = None if "volume" in doubtful else volume
            kept = [flag for flag in bar.flags if flag not in self.flags and not doubted((flag,))]
            self.flags = (*self.flags, *kept)
        if self.last is None:
            self.open = first
            self.high = bar.high
            self.low = bar.low
            self.volume = volume
        else:
            if bar.high > self.high:
                self.high = bar.high
            if bar.low < self.low:
                self.low = bar.low
            if self.volume is not None:
                self.volume = None if volume is None else self.volume + volume
        self.last = bar

    def copy(self) -> _Sum:
        """An independent copy."""
        twin = _Sum()
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin


class Period:
    """A period's bars, in the order of time."""

    __slots__ = ("bars", "settled", "time")

    def __init__(self, time: datetime) -> None:
        self.time = time
        self.bars: list[Bar] = []
        self.settled = _Sum()  # of all but the newest, which arrives repeatedly while it forms

    def append(self, bar: Bar) -> None:
        """Take a bar that is newer than all others."""
        if self.bars:
            self.settled.add(self.bars[-1])
        self.bars.append(bar)

    def put(self, bar: Bar) -> Bar | None:
        """Take a bar of any time; the one that it replaces, the bar itself where that is no other, None where none."""
        index = bisect_left(self.bars, bar.time, key=time_of)
        if index == len(self.bars):
            self.append(bar)
            return None
        former = self.bars[index] if self.bars[index].time == bar.time else None
        # A producer that starts again counts revisions from the start: the number alone is no change.
        if former is not None and former == msgspec.structs.replace(bar, revision=former.revision):
            return bar
        self.bars[index : index + (former is not None)] = [bar]
        if index < len(self.bars) - 1:
            self.settled = _Sum()
            for each in self.bars[:-1]:
                self.settled.add(each)
        return former

    def bar(self, interval: str, *, final: bool) -> Bar:
        """The period's bar."""
        newest = self.bars[-1]
        total = self.settled.copy()
        total.add(newest)
        if total.last is None:
            return msgspec.structs.replace(
                newest, interval=interval, time=self.time, revision=total.revision, final=final
            )
        partial = total.left_out and PARTIAL not in total.flags
        return msgspec.structs.replace(
            total.last,
            interval=interval,
            time=self.time,
            open=total.open,
            high=total.high,
            low=total.low,
            volume=total.volume,
            revision=total.revision,
            final=final,
            flags=(*total.flags, PARTIAL) if partial else total.flags,
        )

    def copy(self) -> Period:
        """An independent copy."""
        twin = Period(self.time)
        twin.bars = self.bars.copy()
        twin.settled = self.settled.copy()
        return twin
