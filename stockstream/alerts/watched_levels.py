"""Watched levels: prices that people set on the page and in windows, records of the topic, and what crosses them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec
import numpy as np

from stockstream.alerts.alert import alert_id, level_id, level_name, plain
from stockstream.errors import StateError, StockstreamError
from stockstream.kafka.waiting import Waiting
from stockstream.present.price_levels import Armed
from stockstream.records import NUMBERS, SIMULATED, Alert, Candle, Series, Way, doubted
from stockstream.views.bar_batch import BarBatch

MOST: Final = 100
"""Levels of one person at most."""

_CLOSE: Final = NUMBERS.index("close")


def watching(
    owner: str, newest: Candle, value: float, now: datetime, *, once: bool = False, band: float = 0.0
) -> Alert:
    """The record by which somebody watches a level of a series, as its newest bar is: what comes from now on can cross.

    ``band`` is a dead band in percent of the level. A later record with the same id takes the place of a former one.
    """
    series = Series(newest.symbol, newest.interval, newest.feed)
    dead = {"band": band} if band else {}
    return Alert(
        id=level_id(owner, series, value),
        rule=level_name(newest.symbol, value),
        when=f"close crosses {plain(value)}{f' band {plain(band)}%' if band else ''} on forming" + " once" * once,
        symbol=newest.symbol,
        interval=newest.interval,
        feed=newest.feed,
        time=newest.time,
        state="watched",
        values={"level": value, "close": newest.close, "once": float(once), **dead},
        text=f"{owner} watches {newest.symbol} {newest.interval} at {plain(value)}" + " once" * once,
        tz=newest.tz,
        simulated=newest.feed == SIMULATED,
        at=now,
    )


def unwatched(level: Alert, now: datetime) -> Alert:
    """The record that ends a level; its ``at`` says which one: of the same id, that which was set then, or before."""
    return msgspec.structs.replace(level, until=now)


def owner_of(level: Alert) -> str:
    """Who watches a level."""
    return level.id.split("/")[1]


class Levels:
    """The levels that are watched, by the records of the topic.

    Attributes
    ----------
    settled
        Whether all records are known that the topic held at the start, or it cannot be read.
    waiting
        What the reading of the topic waits for, if anything.
    error
        Why the topic is read no longer; None while it is.
    """

    def __init__(self) -> None:
        self.settled = False
        self.waiting: Waiting | None = None
        self.error: StockstreamError | None = None
        self._held: dict[str, Alert] = {}
        self._ended: set[str] = set()
        self._awaited: dict[str, Alert] = {}

    def take(self, records: Iterable[Alert]) -> None:
        """Take records in their order; those that are no levels are left out, and ends of levels that were set anew."""
        for each in records:
            awaited = self._awaited.get(each.id)
            if awaited is not None and (awaited.at, awaited.until) == (each.at, each.until):
                del self._awaited[each.id]
            if each.state == "watched" and not self._is_set_anew(each):
                self._held.pop(each.id, None)
                self._ended.discard(each.id)
                if each.until is None:
                    self._held[each.id] = each
                else:
                    self._ended.add(each.id)

    def __contains__(self, identity: str) -> bool:
        return identity in self._held

    def _is_set_anew(self, end: Alert) -> bool:
        held = self._held.get(end.id)
        return held is not None and end.until is not None and end.at < held.at

    def clear(self) -> None:
        """Forget all: the topic is gone, or was made anew."""
        self._held.clear()
        self._ended.clear()
        self._awaited.clear()

    def wait_for(self, record: Alert) -> None:
        """Wait for a record that was sent just now; a former one of the same level is waited for no longer."""
        self._awaited[record.id] = record

    def awaits(self, identity: str) -> bool:
        """Whether a record of a level that is waited for was not read yet, and its topic is still there."""
        return identity in self._awaited

    def has_ended(self, identity: str) -> bool:
        """Whether the topic says that a level has ended."""
        return identity in self._ended

    def of(self, owner: str | None) -> list[Alert]:
        """The levels of a person, or of everybody, the newest last."""
        return [each for each in self._held.values() if owner in (None, owner_of(each))]

    def by(self, owner: str, series: Series) -> list[Alert]:
        """The levels of a person over a series."""
        return [each for each in self.over(series) if owner_of(each) == owner]

    def over(self, series: Series) -> list[Alert]:
        """The levels of a series."""
        return [each for each in self._held.values() if each.series == series]


class _Watch(msgspec.Struct):
    """Progress of a level: when it was set, its newest bar, and what is armed."""

    at: datetime
    newest: datetime
    rise: bool
    fall: bool


class LevelWatch:
    """Finds what crosses the levels. Only bars that are no older than the newest one was when a level was set can.

    Raises StateError where a saved state cannot be read.

    Parameters
    ----------
    levels
        The levels; None for none.
    """

    def __init__(self, levels: Levels | None = None) -> None:
        self.levels = levels or Levels()
        self._watches: dict[str, _Watch] = {}

    def take(self, batch: BarBatch, now: datetime) -> list[Alert]:
        """Take bars of a series; returns the alerts, and the ends of levels that end with their first crossing."""
        last = batch.last
        watched = self.levels.over(Series(last.symbol, last.interval, last.feed))
        return [alert for level in watched for alert in self._crossings(level, batch, now)]

    def _crossings(self, level: Alert, batch: BarBatch, now: datetime) -> list[Alert]:
        value, before = level.values["level"], level.values["close"]
        if value is None or before is None:
            return []
        watch = self._watches.get(level.id)
        if watch is None or watch.at != level.at:
            watch = self._watches[level.id] = _Watch(level.at, level.time, before <= value, before >= value)
        found: list[Alert] = []
        band = (level.values.get("band") or 0.0) / 100 * abs(value)
        armed = Armed(watch.rise, watch.fall)
        since = np.datetime64(watch.newest.astimezone(UTC).replace(tzinfo=None), "us")
        for row in np.flatnonzero(batch.instants >= since).tolist():
            bar = batch.bar(row)
            if bar.time < watch.newest or "close" in doubted(bar.flags) or not np.isfinite(batch.numbers[_CLOSE, row]):
                continue
            watch.newest = bar.time
            rising = armed.crossed(bar.close, value, band)
            if rising is None:
                continue
            found.append(_crossed(level, bar, value, now, rising=rising))
            if level.values.get("once"):
                found.append(unwatched(level, now))
                self.levels.take(found[-1:])
                break
        watch.rise, watch.fall = armed.rise, armed.fall
        return found

    def state(self) -> bytes:
        """What a checkpoint keeps: of levels that have ended nothing, once it is known which have."""
        if self.levels.settled and self.levels.error is None:
            self._watches = {name: each for name, each in self._watches.items() if name in self.levels}
        return msgspec.msgpack.encode(self._watches)

    def restore(self, state: bytes) -> None:
        """Go on from a `state`."""
        try:
            self._watches = msgspec.msgpack.decode(state, type=dict[str, _Watch])
        except msgspec.MsgspecError as error:
            raise StateError(f"the saved state of levels cannot be read: {error}") from error


def _crossed(level: Alert, bar: Candle, value: float, now: datetime, *, rising: bool) -> Alert:
    way: Way = "above" if rising else "below"
    how = "rose" if rising else "fell"
    return msgspec.structs.replace(
        level,
        id=alert_id(level.rule, level.series, bar.time, way),
        time=bar.time,
        way=way,
        state="raised",
        values={"close": bar.close},
        text=f"{bar.symbol} {bar.interval}: close {how} through {value:,.10g} to {bar.close:,.10g}",
        tz=bar.tz,
        at=now,
    )
