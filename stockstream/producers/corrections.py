"""Corrections: each bar is sent once, and again with the next revision if its source changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from stockstream.records import Bar

KEPT: Final = 1_000
"""Minimum number of a series' newest bars that are kept: sources correct hours, seldom a day."""


@dataclass
class SentBars:
    """The bars of a series that were sent: the last revision of each of the newest, by time.

    An older bar that comes again, after a split or a long failure, cannot be compared any more: it counts as changed.

    Attributes
    ----------
    by_time
        The kept bars, of which there are `KEPT` to twice as many.
    first
        Time of the earliest bar ever sent.
    last_final
        Time of the latest final bar.
    """

    by_time: dict[datetime, Bar] = field(default_factory=dict)
    first: datetime | None = None
    last_final: datetime | None = None
    _kept_from: datetime | None = None
    _most: int = 0
    """The last revision among the bars that are not kept."""

    def new(self, bars: Iterable[Bar]) -> Iterator[Bar]:
        """The bars that are new or changed. A final bar is never replaced by a forming one."""
        for bar in bars:
            before = self.by_time.get(bar.time)
            if before is not None:
                if before.final and not bar.final:
                    continue
                bar = msgspec.structs.replace(bar, revision=before.revision)
                if bar == before:
                    continue
                bar = msgspec.structs.replace(bar, revision=before.revision + 1)
            elif self.has_forgotten(bar.time):
                bar = msgspec.structs.replace(bar, revision=self._most + 1)
            self._keep(bar)
            yield bar

    def has_forgotten(self, time: datetime) -> bool:
        """Whether a bar of that time, if it was sent, is not kept any more."""
        return self._kept_from is not None and time < self._kept_from and time not in self.by_time

    def _keep(self, bar: Bar) -> None:
        self.by_time[bar.time] = bar
        if self.first is None or bar.time < self.first:
            self.first = bar.time
        if bar.final and (self.last_final is None or bar.time > self.last_final):
            self.last_final = bar.time
        if len(self.by_time) > 2 * KEPT:
            times = sorted(self.by_time)
            for time in times[:-KEPT]:
                self._most = max(self._most, self.by_time.pop(time).revision)
            self._kept_from = max(times[-KEPT], self._kept_from or times[-KEPT])
