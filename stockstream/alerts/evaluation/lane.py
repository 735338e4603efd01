"""Lane: rules over the bars of one series at one interval, the alerts of these bars, and what corrections change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec
import numpy as np

from stockstream.alerts.alert import alert_id, withdrawn
from stockstream.alerts.evaluation.node import Saved
from stockstream.alerts.evaluation.program import Program, Snapshot
from stockstream.alerts.evaluation.watch import Coming
from stockstream.alerts.sentence import sentence
from stockstream.records import SIMULATED, Alert, Series, doubted
from stockstream.views.bar_batch import moment
from stockstream.views.bars import Bars, Row, bits

SPACING: Final = 512
"""Bars between two snapshots: a correction is followed by the evaluation of at most so many bars before it."""

_TICK: Final = np.timedelta64(1, "us")


class Place(NamedTuple):
    """Where a lane stands among the series.

    ``of`` is the interval of the bars that arrived, where those of ``series`` are made of them; with ``forming``
    forming bars are evaluated, too.
    """

    series: Series
    of: str | None
    forming: bool


class LaneState(msgspec.Struct):
    """A lane in a checkpoint: the number of evaluated bars, the program after them, and the alerts that may change."""

    done: int
    now: list[Saved]
    raised: list[Alert]
    formed: list[str]
    ticked: list[str]


class Lane:
    """Rules over one series at one interval.

    Every bar is evaluated once, when it is final or when a later one has arrived. After a correction the bars from the
    corrected one on are evaluated again: an alert that does not come again is withdrawn, one that is new is raised.

    Parameters
    ----------
    place
        Where it stands.
    program
        The rules.
    bars
        The bars; `advance` is to be called after each change of them.
    """

    def __init__(self, place: Place, program: Program, bars: Bars) -> None:
        self.place = place
        self._program = program
        self._bars = bars
        self._done = 0
        self._snapshots: list[tuple[int, Snapshot]] = [(0, program.snapshot())]
        self._raised: dict[str, Alert] = {}
        self._formed: set[str] = set()
        """The alerts that came at a forming bar: the price was there, whatever the bar becomes."""
        self._ticked: set[str] = set()
        """The silences that were told while they went on."""
        self.rebased = True
        """Whether the state before the first bar is another one since the last `base`."""

    @property
    def silent_rules(self) -> bool:
        """Whether a rule is about bars that do not come."""
        return bool(self._program.silences)

    def advance(self, changed: int, now: datetime) -> list[Alert]:
        """Evaluate the bars from the first changed one on; returns what is raised and withdrawn."""
        found: list[Alert] = []
        former = self._back_to(changed) if changed < self._done else {}
        came: set[str] = set()
        total = len(self._bars)
        end = total if total and self._bars.final(total - 1) else max(0, total - 1)
        for comings in self._steps(end):
            for coming in comings:
                came.add(self._come(coming, now, found))
        former |= self._judged_ticks(end)
        for name, alert in former.items():
            if name not in came:
                found.append(withdrawn(alert, now))
                del self._raised[name]
        if self.place.forming and end < total:
            self._form(end, now, found)
        return found

    def has_told(self, alert: Alert, until: datetime) -> bool:
        """Whether it raised the rule of an alert, the same way, at a bar from that one's on up to a time."""
        return any(
            (each.rule, each.way) == (alert.rule, alert.way) and alert.time <= each.time < until
            for each in self._raised.values()
        )

    def tick(self, now: datetime) -> list[Alert]:
        """The silences that are long enough by now."""
        found: list[Alert] = []
        for watch in self._program.silences:
            newest = moment(self._bars.instants()[-1]) if len(self._bars) else None
            coming = watch.silent(now, newest)
            if coming is not None:
                self._ticked.add(self._come(coming, now, found))
        return found

    def _judged_ticks(self, end: int) -> dict[str, Alert]:
        """The silences told while they went on, of which the bars up to an index say whether they were any."""
        if not self._ticked or not end:
            return {}
        newest = moment(self._bars.instants()[end - 1])
        judged = {each: self._raised[each] for each in self._ticked if self._raised[each].time < newest}
        self._ticked -= judged.keys()
        return judged

    def _form(self, index: int, now: datetime, found: list[Alert]) -> None:
        """Evaluate a forming bar; the program keeps of it only that a rule was told of."""
        before = self._program.snapshot()
        told: list[Alert] = []
        for row, doubts in bars_of(self._bars, index, index + 1):
            for coming in self._program.step(row, doubts):
                self._come(coming, now, told)
        self._program.back(before)
        self._formed |= {alert.id for alert in told}
        self._program.note_told((alert.rule, alert.time) for alert in told)
        found += told

    def _steps(self, end: int) -> Iterator[list[Coming]]:
        """What comes at each bar up to an index, bar by bar."""
        if self._done >= end:
            return
        dropped = self._bars.dropped
        for row, doubts in bars_of(self._bars, self._done, end):
            if not (self._done + dropped) % SPACING and self._done > self._snapshots[-1][0]:
                self._snapshots.append((self._done, self._program.snapshot()))
            self._done += 1
            yield self._program.step(row, doubts)

    def _come(self, coming: Coming, now: datetime, found: list[Alert]) -> str:
        """Note that a rule came; returns the alert's id, and adds it to those found where it is new."""
        series, of, _ = self.place
        name = alert_id(coming.rule.name, series, coming.time, coming.way, of)
        if name not in self._raised:
            simulated = series.feed == SIMULATED
            alert = Alert(
                id=name, rule=coming.rule.name, when=coming.rule.when, symbol=series.symbol, interval=series.interval,
                of=of, feed=series.feed, time=coming.time, way=coming.way, values=coming.values,
                text=sentence(coming, series), tz=self._bars.newest.tz if self._bars.newest else None,
                simulated=simulated, at=now,
            )  # fmt: skip
            self._raised[name] = alert
            found.append(alert)
        return name

    def _back_to(self, changed: int) -> dict[str, Alert]:
        """Go back to before a bar; returns the alerts of it and of those behind it, which have to come again."""
        while self._snapshots[-1][0] > changed:
            self._snapshots.pop()
        self._done, snapshot = self._snapshots[-1]
        self._program.back(snapshot)
        if self._done < changed:
            for _ in self._steps(changed):
                pass
            self._note_extra(changed)
        instants = self._bars.instants()
        # Where a period was lost, all that was behind the last one has gone.
        since = moment(instants[changed]) if changed < len(instants) else moment(instants[-1] + _TICK)
        before = moment(instants[changed - 1]) if changed else since
        return {
            name: alert
            for name, alert in self._raised.items()
            if alert.time >= (before if alert.way == "silent" else since)
            and name not in self._formed
            and name not in self._ticked
        }

    def _note_extra(self, place: int) -> None:
        """Keep the state before a corrected bar, as it may be corrected again, in place of that of a former one."""
        dropped = self._bars.dropped
        kept = [each for each in self._snapshots if not each[0] or not (each[0] + dropped) % SPACING]
        self._snapshots = [*kept, (place, self._program.snapshot())] if kept[-1][0] < place else kept

    def drop(self, count: int) -> None:
        """Let go of the first evaluated bars, which are dropped next."""
        place, snapshot = next(each for each in reversed(self._snapshots) if each[0] <= count)
        if place < count:
            present = self._program.snapshot()
            self._program.back(snapshot)
            for row, doubts in bars_of(self._bars, place, count):
                self._program.step(row, doubts)
            snapshot = self._program.snapshot()
            self._program.back(present)
        self._snapshots = [(0, snapshot), *((each - count, kept) for each, kept in self._snapshots if each > count)]
        self._done -= count
        first = moment(self._bars.instants()[count])
        self._raised = {name: alert for name, alert in self._raised.items() if alert.time >= first}
        self._formed &= self._raised.keys()
        self._ticked &= self._raised.keys()
        self._program.forget_told(first)
        self.rebased = True

    def state(self) -> LaneState:
        """The state for a checkpoint, to which `base` belongs."""
        return LaneState(
            self._done, self._program.saved(self._program.snapshot()), list(self._raised.values()),
            sorted(self._formed), sorted(self._ticked),
        )  # fmt: skip

    def base(self) -> list[Saved]:
        """The state before the first bar."""
        self.rebased = False
        return self._program.saved(self._snapshots[0][1])

    def restore(self, state: LaneState, base: list[Saved]) -> None:
        """Go on from a checkpoint. Raises StateError for that of other rules."""
        now = self._program.restored(state.now)
        self._program.back(now)
        self._snapshots = [(0, self._program.restored(base))]
        self._done = state.done
        if state.done:
            self._snapshots.append((state.done, now))
        self._raised = {alert.id: alert for alert in state.raised}
        self._formed = set(state.formed)
        self._ticked = set(state.ticked)
        self._program.note_told((self._raised[each].rule, self._raised[each].time) for each in state.formed)
        self.rebased = False


def bars_of(bars: Bars, start: int, end: int) -> Iterator[tuple[Row, int]]:
    """Bars as nodes take them, with their doubtful fields as of `stockstream.views.bars.bits`."""
    tz = bars.newest.tz if bars.newest else None
    numbers = bars.numbers()[:, start:end].T.tolist()
    instants = bars.instants()[start:end].tolist()
    for place, ((first, high, low, close, volume), naive) in enumerate(zip(numbers, instants, strict=True), start):
        known_open, known_volume = first if first == first else None, volume if volume == volume else None
        row = Row(naive.replace(tzinfo=UTC), known_open, high, low, close, known_volume, tz)
        flags = bars.flags.get(bars.time(place)) if bars.flags else None
        yield row, int(bits(*doubted(flags))) if flags else 0
