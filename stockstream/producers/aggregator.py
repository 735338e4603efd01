"""Aggregator: readings and quotes, in any order and repeated, as bars of an interval."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from stockstream.producers.reading_period import Period, Totals, bounds, local_day
from stockstream.records import MARKET, PARTIAL, Bar, Series

REMEMBERED: Final = 1_024
"""Minimum number of a series' last readings among which a repeat is recognised."""

GRACE: Final = timedelta(seconds=5)
LATENESS: Final = timedelta(minutes=10)

_MISSED: Final = 100
_MOST_BASES: Final = 400
_begin_of = attrgetter("begin")


@dataclass(frozen=True)
class Origin:
    """Fields of a series' bars besides their numbers; ``anchor`` is an opening of the session, for intraday periods."""

    source: str
    feed: str = MARKET
    unit: str | None = None
    currency: str | None = None
    zone: ZoneInfo | None = None
    anchor: datetime | None = None


class Aggregator:
    """Aggregates readings to bars: numbers at instants, or quotes with the volume of the day so far.

    A bar has the open, high, low and close of its readings. No bar is made for a period without readings.

    - **Volume**: the number of readings; or, for quotes, the growth of the day's volume, from local midnight in the
      origin's zone. On the day of a series' first quote it is measured from that quote on.

    - **Order**: readings may come in any order. The earliest one opens, the latest one closes; of two at one time the
      one that arrived later.
    - **Repeated**: two readings of a series with the same time, value and total count once. A repeat is recognised
      among the last `REMEMBERED` readings.
    - **Finished**: a bar is finished when a reading arrives that is ``grace`` after its end; or by the clock, ``grace``
      after its end, if no reading arrived for as long.
    - **Late**: a reading is late if its period ended ``lateness`` or more before the newest reading of its series. It
      is not taken. A reading of a finished bar that is not late corrects it: the bar is yielded again, with the next
      revision.

    Parameters
    ----------
    interval
        Interval of the bars.
    origin
        Fields of the bars besides their numbers; `describe` sets them for one series.
    grace
        Time for which a bar is held back for delayed readings.
    lateness
        As above, at least ``grace``; None if no reading is ever late, which keeps all bars in memory.
    volume
        Whether the volume is the ``count`` of readings or the ``growth`` of their totals, and then None for a bar
        without any.

    Attributes
    ----------
    taken, repeated, late : int
        Readings of each kind so far.
    """

    def __init__(
        self,
        interval: str,
        origin: Origin,
        *,
        grace: timedelta = GRACE,
        lateness: timedelta | None = LATENESS,
        volume: Literal["count", "growth"] = "count",
    ) -> None:
        self.taken = 0
        self.repeated = 0
        self.late = 0
        self._interval = interval
        self._origin = origin
        self._origins: dict[str, Origin] = {}
        self._grace = grace
        self.lateness = lateness
        self._counted = volume == "count"
        self._series: dict[str, _Series] = {}
        self._missed: deque[tuple[datetime | None, datetime]] = deque(maxlen=_MISSED)
        self._run = 0

    @property
    def lateness(self) -> timedelta | None:
        """Time after the end of a period, by the newest reading, from which readings of the period are late."""
        return self._lateness

    @lateness.setter
    def lateness(self, lateness: timedelta | None) -> None:
        self._lateness = None if lateness is None else max(lateness, self._grace)

    @property
    def series(self) -> list[Series]:
        """The series that have readings."""
        return [Series(name, self._interval, series.origin.feed) for name, series in self._series.items()]

    def describe(self, symbol: str, origin: Origin) -> None:
        """Set the origin of one series, for bars that begin from now on."""
        self._origins[symbol] = origin
        if symbol in self._series:
            self._series[symbol].origin = origin

    def missed(self, since: datetime | None, until: datetime) -> None:
        """Note that readings were missed from an instant (None: always) up to another, such as the start of the
        program.

        Bars of that time are flagged partial, and the growth of a day's volume in it belongs to no bar.
        """
        self._run += 1
        self._missed.append((since, until))
        for series in self._series.values():
            for period in series.periods:
                if self._is_partial(period) and not period.partial:
                    period.partial = True
                    series.stale.add(period)

    def add(self, symbol: str, time: datetime, value: float, total: float | None = None) -> bool:
        """Take a reading; False if it is late.

        Parameters
        ----------
        symbol
            Symbol of the series.
        time
            Time of the measurement, in UTC.
        value
            A finite number.
        total
            For quotes, the volume of the day so far.
        """
        series = self._series.get(symbol)
        if series is None:
            series = self._series[symbol] = _Series(symbol, self._origins.get(symbol, self._origin), time)
        if series.repeats(hash((time, value, total))):
            self.repeated += 1
            return True
        period = series.current
        if period is None or not period.begin <= time < period.end:
            period = self._period(series, time, value)
            if period is None:
                self.late += 1
                return False
        if time > series.newest:
            series.newest = time
        period.add(time, value)
        if total is not None:
            run = self._run, period.day or local_day(time, series.origin.zone)
            period.add_total(run, total)
            series.take_total(run, period)
        series.stale.add(period)
        series.heard = True
        self.taken += 1
        return True

    def bars(self, now: datetime, *, forming: bool = False) -> Iterator[Bar]:
        """Bars that are new since the last call: finished and corrected ones, in each series by time.

        Call this some times a second, and occasionally among many readings.

        Parameters
        ----------
        now
            The present time.
        forming
            Whether to yield also the bars of present periods, as they change.
        """
        for series in self._series.values():
            if series.heard:
                series.heard, series.heard_at = False, now
            if series.stale or series.unfinished:
                yield from self._news(series, now, forming=forming)

    def end(self, now: datetime) -> Iterator[Bar]:
        """The remaining bars, when no more readings will arrive; an unfinished period gives a forming bar."""
        for series in self._series.values():
            for period in series.unfinished:
                period.final = period.end <= now
                series.stale.add(period)
            yield from self._news(series, now, forming=True)

    def _news(self, series: _Series, now: datetime, *, forming: bool) -> Iterator[Bar]:
        over = series.newest - self._grace
        if series.heard_at is not None and now - series.heard_at >= self._grace:
            over = max(over, now - self._grace)
        for period in [each for each in series.unfinished if each.end <= over]:
            period.final = True
            series.stale.add(period)
        series.unfinished = [period for period in series.unfinished if not period.final]
        given = [period for period in series.stale if period.final or forming]
        for period in sorted(given, key=_begin_of):
            bar = series.bar(period, self._interval, counted=self._counted)
            former = period.sent
            if former is not None:
                bar = msgspec.structs.replace(bar, revision=former.revision)
                if bar == former:
                    continue
                bar = msgspec.structs.replace(bar, revision=former.revision + 1)
            period.sent = bar
            yield bar
        series.stale.difference_update(given)
        if self._lateness is not None:
            series.forget(series.newest - self._lateness)

    def _period(self, series: _Series, time: datetime, value: float) -> Period | None:
        """The period of a reading, new or kept; None if the reading is late."""
        place = bisect_right(series.periods, time, key=_begin_of) - 1
        known = place >= 0 and time < series.periods[place].end
        if known:
            period = series.periods[place]
        else:
            origin = series.origin
            period = Period(bounds(time, self._interval, origin.zone, origin.anchor), origin.zone, time, value)
        if self._lateness is not None and period.end <= series.newest - self._lateness:
            return None
        if not known:
            period.partial = self._is_partial(period)
            insort(series.periods, period, key=_begin_of)
            series.unfinished.append(period)
        series.current = series.periods[-1]
        return period

    def _is_partial(self, period: Period) -> bool:
        """Whether a period lacks a part; a gap without a start counts only for the period that contains its end."""
        return any(
            period.begin < until and (until if since is None else since) < period.end for since, until in self._missed
        )


class _Series:
    """The periods of one series that may still change, by time, and its last readings.

    Attributes
    ----------
    periods, unfinished, stale
        The kept periods, by time; the ones that are not final; the ones that changed since they were yielded.
    current
        The latest period.
    newest
        The time of the newest reading.
    heard, heard_at
        Whether a reading arrived since the last call of `Aggregator.bars`, and when a call last found one.
    """

    __slots__ = (
        "_bases",
        "_first_days",
        "_former",
        "_recent",
        "current",
        "heard",
        "heard_at",
        "newest",
        "origin",
        "periods",
        "stale",
        "symbol",
        "unfinished",
    )

    def __init__(self, symbol: str, origin: Origin, time: datetime) -> None:
        self.symbol = symbol
        self.origin = origin
        self.newest = time
        self.periods: list[Period] = []
        self.unfinished: list[Period] = []
        self.stale: set[Period] = set()
        self.current: Period | None = None
        self.heard = False
        self.heard_at: datetime | None = None
        # Two sets in turn: the last readings are in one of them, and dropping old ones takes no time.
        self._recent: set[int] = set()
        self._former: set[int] = set()
        self._bases: dict[Totals, float] = {}
        self._first_days: dict[int, date] = {}

    def repeats(self, reading: int) -> bool:
        """Whether a reading, by its hash, arrived before; remembers it."""
        if reading in self._recent or reading in self._former:
            return True
        self._recent.add(reading)
        if len(self._recent) == REMEMBERED:
            self._former, self._recent = self._recent, set()
        return False

    def take_total(self, run: Totals, period: Period) -> None:
        """Note that a period has a total of a run: later periods may have grown less than was computed."""
        number, day = run
        first = self._first_days.get(number)
        if first is None or day < first:
            self._first_days[number] = day
        if period is not self.current:
            self.stale.update(each for each in self.periods if each.begin > period.begin)

    def bar(self, period: Period, interval: str, *, counted: bool) -> Bar:
        """The present bar of a period."""
        origin = self.origin
        return Bar(
            symbol=self.symbol,
            interval=interval,
            feed=origin.feed,
            time=period.bounds.time,
            open=period.open,
            high=period.high,
            low=period.low,
            close=period.close,
            volume=float(period.count) if counted else self._growth(period),
            unit=origin.unit,
            currency=origin.currency,
            tz=None if origin.zone is None else str(origin.zone),
            final=period.final,
            flags=(PARTIAL,) if period.partial else (),
            source=origin.source,
        )

    def _growth(self, period: Period) -> float | None:
        """The growth of the totals in a period; None if it has none."""
        if not period.totals:
            return None
        earlier = self.periods[: bisect_left(self.periods, period.begin, key=_begin_of)]
        grown = 0.0
        for run, (low, high) in period.totals.items():
            number, day = run
            before = [each.totals[run][1] for each in earlier if run in each.totals]
            if run in self._bases:
                before.append(self._bases[run])
            base = max(before) if before else low if day == self._first_days[number] else 0.0
            grown += max(0.0, high - base)
        return grown

    def forget(self, until: datetime) -> None:
        """Drop the periods that ended before an instant; their bars do not change any more."""
        gone = 0
        for period in self.periods:
            if period.end > until or period is self.current or period in self.stale:
                break
            for run, (_, high) in period.totals.items():
                self._bases[run] = max(high, self._bases.get(run, high))
            gone += 1
        del self.periods[:gone]
        if len(self._bases) > _MOST_BASES or len(self._first_days) > _MOST_BASES:
            self._forget_runs()

    def _forget_runs(self) -> None:
        """Drop the oldest runs that no kept period names: the volume of those is still computed."""
        named = {run for period in self.periods for run in period.totals}
        numbers = {number for number, _ in named}
        idle_bases = [run for run in self._bases if run not in named]
        for run in idle_bases[: max(0, len(self._bases) - _MOST_BASES)]:
            del self._bases[run]
        idle_runs = [number for number in self._first_days if number not in numbers]
        for number in idle_runs[: max(0, len(self._first_days) - _MOST_BASES)]:
            del self._first_days[number]
