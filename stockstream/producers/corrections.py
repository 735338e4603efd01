"""Corrections: each bar is sent once, and again with the next revision if its source changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from stockstream.records import Bar


@dataclass
class SentBars:
    """The bars of a series that were sent: the last revision of each, by time."""

    by_time: dict[datetime, Bar] = field(default_factory=dict)
    last_final: datetime | None = None

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
            self.by_time[bar.time] = bar
            if bar.final and (self.last_final is None or bar.time > self.last_final):
                self.last_final = bar.time
            yield bar
