"""Ruled series: the bars of one series as they arrive, and all rules over them, at their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from stockstream.alerts.evaluation.lane import Lane, LaneState, Place
from stockstream.alerts.evaluation.node import Saved
from stockstream.alerts.evaluation.program import Program
from stockstream.alerts.evaluation.watch import OpenHours
from stockstream.alerts.rule import Rule
from stockstream.errors import StateError
from stockstream.indicators import Resampler
from stockstream.intervals import parse
from stockstream.periods import following
from stockstream.records import Alert, Candle, Series
from stockstream.views.bar_batch import BarBatch, moment
from stockstream.views.bars import BarPage, Bars
from stockstream.views.resampled_bars import ResampledBars

_TRIES: Final = 8
_HOUR: Final = 3_600


class Head(msgspec.Struct):
    """The part of a saved state for a series beside its bars and lanes."""

    series: Series
    newest: Candle
    dropped: int
    corrections: int
    older: int


class RuledSeries:
    """The bars of one series, and the rules over them.

    It holds the newest bars: a correction of an older one is counted, and changes nothing.

    Parameters
    ----------
    series
        The series.
    rules
        Those that are for it.
    open_for
        The hours of its exchange; None where they are not known.
    keep
        Bars to hold at least; a quarter more are held at most.
    bars
        Those to begin with.

    Attributes
    ----------
    corrections
        Number of bars that arrived again with other values.
    older
        Number of bars that were older than all that are held.
    """

    def __init__(
        self, series: Series, rules: Sequence[Rule], open_for: OpenHours | None, keep: int, bars: Bars | None = None
    ) -> None:
        self.series = series
        self.corrections = 0
        self.older = 0
        self._keep = keep
        self._bars = bars or Bars()
        self._longer: dict[str, ResampledBars] = {}
        self._lanes: list[Lane] = []
        for (interval, forming), chosen in _by_lane(rules, series).items():
            ends = partial(following, interval=interval or series.interval)
            place = Place(
                series if interval is None else series._replace(interval=interval),
                None if interval is None else series.interval,
                forming,
            )
            self._lanes.append(Lane(place, Program(chosen, ends, open_for), self._bars_at(interval)))
        self._formed = {lane.place.series.interval for lane in self._lanes if lane.place.forming}
        self._forms = any(lane.place.forming for lane in self._lanes)
        self._forms_longer = any(lane.place.forming and lane.place.of is not None for lane in self._lanes)
        self.silent_rules = any(lane.silent_rules for lane in self._lanes)

    def _bars_at(self, interval: str | None) -> Bars:
        if interval is None:
            return self._bars
        longer = self._longer.get(interval)
        if longer is None:
            longer = self._longer[interval] = ResampledBars(self._bars, Resampler(interval))
            longer.refresh()
        return longer.bars

    @property
    def end(self) -> datetime:
        """When the period of its newest bar ends; there are bars."""
        return following(moment(self._bars.instants()[-1]), self.series.interval)

    def has_told(self, alert: Alert, until: datetime) -> bool:
        """Whether it raised the rule of an alert, the same way, at a bar from that one's on up to a time."""
        return any(lane.has_told(alert, until) for lane in self._lanes)

    def take(self, batch: BarBatch, now: datetime) -> list[Alert]:
        """Take bars in the order of their arrival; returns what is raised and withdrawn, in this order.

        That does not depend on how the bars are divided into batches.
        """
        held = len(self._bars)
        # Each bar changes the longer one that it is part of, and that is still forming.
        whole = not self._forms_longer and (batch.finals is None or not self._forms)
        if whole and self._bars.follow(batch):
            found = self._advance(held, now)
        else:
            found = [
                alert for place in range(len(batch)) for alert in self._take_one(batch.part(place, place + 1), now)
            ]
        self._let_go()
        return found

    def _take_one(self, bar: BarBatch, now: datetime) -> list[Alert]:
        held = len(self._bars)
        if self._bars.follow(bar):
            return self._advance(held, now)
        if self._bars.dropped and bar.instants[0] < self._bars.instants()[0]:
            self.older += 1
            return []
        merged = self._bars.merge(bar)
        self.corrections += merged.corrections
        if merged.place >= held and len(self._bars) == held:
            return []
        return self._advance(merged.place, now)

    def _advance(self, changed: int, now: datetime) -> list[Alert]:
        places: dict[str | None, int] = {None: changed}
        for interval, longer in self._longer.items():
            if not self._within_period(interval, longer, changed):
                longer.back_to(changed)
                places[interval] = longer.refresh()
        found: list[Alert] = []
        for lane in self._lanes:
            at = None if lane.place.of is None else lane.place.series.interval
            if at in places:
                found += lane.advance(places[at], now)
        return found

    def _within_period(self, interval: str, longer: ResampledBars, changed: int) -> bool:
        """Whether all bars from a place on lie within the newest period, and do not end it.

        Then no longer bar became final, and making them, most of the cost, can wait. Only for lengths whose periods no
        session cuts short.
        """
        length = parse(interval)
        if not length.intraday or _HOUR % length.size or interval in self._formed or not len(longer.bars):
            return False
        if longer.bars.final(len(longer.bars) - 1):
            return False
        opened = longer.bars.time(len(longer.bars) - 1)
        first, last = self._bars.time(changed), self._bars.time(len(self._bars) - 1)
        ends = opened + length.size * 1_000_000
        return opened < first <= last and last + parse(self.series.interval).seconds * 1_000_000 < ends

    def tick(self, now: datetime) -> list[Alert]:
        """The silences that are long enough by now."""
        return [alert for lane in self._lanes for alert in lane.tick(now)] if self.silent_rules else []

    def _let_go(self) -> None:
        """Drop the oldest bars, if there are more than enough, at a place where all periods begin."""
        spare = len(self._bars) - self._keep
        if spare < max(1, self._keep // 4):
            return
        for longer in self._longer.values():
            longer.refresh()
        count, periods = self._common_beginning(spare)
        if count <= 0:
            return
        for lane in self._lanes:
            interval = lane.place.series.interval
            lane.drop(count if lane.place.of is None else periods[interval])
        self._bars.drop(count)
        for interval, longer in self._longer.items():
            longer.drop(count, periods[interval])

    def _common_beginning(self, most: int) -> tuple[int, Mapping[str, int]]:
        """The last place, up to one, at which a period of each longer interval begins, and the index of these; or 0."""
        count = most
        for _ in range(_TRIES):
            begins = {interval: longer.begin_before(count) for interval, longer in self._longer.items()}
            first = min((place for place, _ in begins.values()), default=count)
            if all(place == first for place, _ in begins.values()):
                return first, {interval: period for interval, (_, period) in begins.items()}
            count = first
        return 0, {}

    def pages(self, *, changed: bool) -> Iterator[tuple[str, bytes | None]]:
        """The parts of its state by name: all, or those that changed since the last call; None for one that is gone."""
        encode = msgspec.msgpack.encode
        newest = self._bars.newest
        if newest is None:
            return
        yield "head", encode(Head(self.series, newest, self._bars.dropped, self.corrections, self.older))
        for number, lane in enumerate(self._lanes):
            yield f"lane{number}", encode(lane.state())
            if lane.rebased or not changed:
                yield f"base{number}", encode(lane.base())
        for place, page in self._bars.pages(changed=changed):
            yield f"bars{place}", None if page is None else encode(page)

    def restore(self, head: Head, parts: Mapping[str, bytes]) -> None:
        """Go on with the lanes of a saved state; the bars were given at the start. Raises StateError."""
        self.corrections, self.older = head.corrections, head.older
        decode = msgspec.msgpack.decode
        for number, lane in enumerate(self._lanes):
            try:
                state = decode(parts[f"lane{number}"], type=LaneState)
                base = decode(parts[f"base{number}"], type=list[Saved])
            except (KeyError, msgspec.MsgspecError) as error:
                raise StateError(f"the saved state of {self.series} cannot be read: {error}") from error
            lane.restore(state, base)


def loaded_bars(head: Head, parts: Mapping[str, bytes]) -> Bars:
    """The bars of a saved state. Raises StateError."""
    pages = [content for name, content in parts.items() if name.startswith("bars")]
    return Bars.load(head.newest, head.dropped, (msgspec.msgpack.decode(page, type=BarPage) for page in pages))


def _by_lane(rules: Sequence[Rule], series: Series) -> dict[tuple[str | None, bool], list[Rule]]:
    """The rules by interval, None for that of the series, and by whether forming bars count."""
    found: dict[tuple[str | None, bool], list[Rule]] = {}
    for rule in rules:
        wanted = rule.meaning.interval
        interval = None if wanted == series.interval else wanted
        found.setdefault((interval, rule.meaning.forming), []).append(rule)
    return found
