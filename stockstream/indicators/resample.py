"""Resampling: bars of a longer interval, made of shorter ones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final, Self, TypeVar

import msgspec

from stockstream import periods
from stockstream.indicators import checks
from stockstream.indicators.checks import InvalidBar
from stockstream.indicators.compose.corrected import TooLate
from stockstream.indicators.resample_periods import Period, time_of
from stockstream.indicators.sessions import Sessions
from stockstream.indicators.stateful import State, Stateful
from stockstream.records import Bar, doubted, doubts

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from stockstream.indicators.arrays import Column

Table = TypeVar("Table", bound="Mapping[str, Column] | pd.DataFrame")

_PRICES: Final = ("open", "high", "low", "close")


class Resampler(Stateful):
    """Bars of a longer interval out of the bars of one series: 5m, 1h, 1d, 1wk, ... out of 1m, for instance.

    A period's bar has the first open, the highest high, the lowest low, the last close, adj_close and close_usd, and
    the sum of the volumes, which is not known where one of them is not; symbol and feed, and of the last bar currency,
    unit, tz and source. It is dated with the opening of its period, whether or not there is a bar at that instant.
    Where nothing was traded there is no bar.

    Periods below a day are counted in elapsed time from the session's opening, by default the exchange's midnight, so
    that the hour that a clock repeats is two periods; one that is cut off by the session's end is shorter. From a day
    on they hold whole sessions, and are dated with the session's date, Monday, the first of the month or of January,
    at 00:00Z; `stockstream.periods` says from where several days, weeks, months or years are counted. See
    `stockstream.indicators.sessions.Sessions`.

    A bar whose high, low or close is in doubt (flagged so, or self-contradictory) is left out; an open or a volume in
    doubt is not known. They are counted; the period's bar is flagged ``partial``. A period of nothing but bars left out
    gives the last of them, flagged as it is. All other flags are kept. The revision is the sum of the revisions.

    Parameters
    ----------
    interval
        What to make: any of `stockstream.intervals` of two minutes or more. Periods of hours end with the session, so
        that there are none of more than 24h: 2d, 3d and so on are whole sessions.
    zone
        The exchange's zone, an IANA name. None takes the bar's own (``tz``) where it names one, else UTC.
    opens
        When trading opens, ``HH:MM``; from noon on, the session begins the evening before.
    calendar
        A calendar of the package exchange_calendars, in place of both.
    retain
        Periods before the present one that late or revised bars can still correct. All their bars are held; for long
        periods of short bars it takes less to go by steps, 1m to 1h to 1mo.

    Attributes
    ----------
    doubtful : int
        Bars that were left out, or of which the open or the volume was.

    Raises
    ------
    ValueError
        For another interval, a zone, a time or a calendar that is none, a calendar where exchange_calendars is missing,
        or a ``retain`` below 0.

    Examples
    --------
    >>> hours = Resampler("1h", zone="Asia/Kolkata")
    >>> for minute, close in ((15, 10.0), (29, 12.0), (30, 11.0)):
    ...     time = datetime(2026, 3, 2, 4, minute, tzinfo=UTC)
    ...     bar = Bar(symbol="INFY", interval="1m", time=time, open=close, high=close, low=close, close=close,
    ...               volume=100.0, source="csv")
    ...     done = hours.update(bar)
    >>> str(done.time), done.high, done.volume, str(hours.forming.time)
    ('2026-03-02 03:30:00+00:00', 12.0, 200.0, '2026-03-02 04:30:00+00:00')
    """

    __slots__ = ("_periods", "_sessions", "_until", "calendar", "doubtful", "interval", "opens", "retain", "zone")

    kept: ClassVar[tuple[str, ...]] = ("doubtful",)

    doubtful: int

    def __init__(
        self,
        interval: str,
        zone: str | None = None,
        opens: str = "00:00",
        calendar: str | None = None,
        retain: int = 1,
    ) -> None:
        self.interval = periods.longer(interval)
        self.zone = zone
        self.opens = opens
        self.calendar = calendar
        self.retain = checks.whole("retain", retain, least=0)
        self.doubtful = 0
        self._sessions = Sessions(zone, opens, calendar)
        self._periods: list[Period] = []
        self._until: datetime | None = None

    @property
    def forming(self) -> Bar | None:
        """The present period's bar; final only where nothing can follow in it. None before the first bar."""
        if not self._periods:
            return None
        period = self._periods[-1]
        newest = period.bars[-1]
        return period.bar(self.interval, final=newest.final and self._closes(newest.time, newest.interval, newest.tz))

    def update(self, bar: Bar) -> Bar | None:
        """Take a bar: the next one, a corrected one, or a late one.

        Returns
        -------
        Bar | None
            Where a later period begins, the finished bar of the one before; where an earlier period was corrected, its
            bar as it is now; else None.

        Raises
        ------
        InvalidBar
            Its numbers are not finite, it is of another series than those before, or bars of its interval do not add
            up to the resampler's; nothing has changed.
        TooLate
            It is of a period that is no longer retained; nothing has changed.
        """
        bar = _checked(bar)
        if self._until is None:
            if not periods.add_up(bar.interval, self.interval):
                raise InvalidBar(f"bars of {bar.interval} do not add up to bars of {self.interval}")
            return self._take(bar)
        period = self._periods[-1]
        newest = period.bars[-1]
        if bar.symbol != newest.symbol or bar.interval != newest.interval or bar.feed != newest.feed:
            raise InvalidBar(f"a bar of {bar.series} among those of {newest.series}")
        if not newest.time < bar.time < self._until:
            return self._take(bar)
        period.append(bar)
        self.doubtful += bool(doubted(bar.flags))
        return None

    def _take(self, bar: Bar) -> Bar | None:
        """Take a bar that may begin a period, or belong to one before."""
        opening, until = self._place(bar.time, bar.interval, bar.tz)
        index = bisect_left(self._periods, opening, key=time_of)
        if index == 0 and len(self._periods) > self.retain and opening < self._periods[0].time:
            raise TooLate(f"the bar at {bar.time} is of a period before the one at {self._periods[0].time}")
        fresh = index == len(self._periods) or self._periods[index].time != opening
        if fresh:
            self._periods.insert(index, Period(opening))
        period = self._periods[index]
        former = period.put(bar)
        if former is bar:
            return None
        self.doubtful += bool(doubted(bar.flags)) - (former is not None and bool(doubted(former.flags)))
        if period is self._periods[-1]:
            self._until = until
            if not fresh or index == 0:
                return None
            period = self._periods[index - 1]
        del self._periods[: -1 - self.retain]
        return period.bar(self.interval, final=True)

    def _place(self, time: datetime, interval: str, tz: str | None) -> tuple[datetime, datetime]:
        """When the period of a bar opened, and up to when bars are certain to be of the same one."""
        if not periods.intraday(interval):
            opening = periods.opening(time, self.interval)
            return opening, periods.following(opening, self.interval)
        session = self._sessions.at(time, tz)
        if not periods.intraday(self.interval):
            return periods.opening(session.date, self.interval), session.end
        opening = periods.opening(time, self.interval, session.opens)
        return max(opening, session.start), min(periods.following(opening, self.interval), session.end)

    def _closes(self, time: datetime, interval: str, tz: str | None) -> bool:
        """Whether nothing can follow in its period after the bar that opens at that time."""
        opening, until = self._place(time, interval, tz)
        return periods.following(time, interval) >= until and self._place(until, interval, tz)[0] > opening

    def copy(self) -> Self:
        """An independent copy with the same state."""
        twin = super().copy()
        twin._periods = [period.copy() for period in self._periods]  # noqa: SLF001 - it is one of us
        return twin

    def _check(self) -> None:
        if self.doubtful < 0:
            raise checks.damaged(f"doubtful is {self.doubtful}")

    def state(self) -> State:
        """All the bars that are held: JSON-safe, with a version."""
        bars = [bar for period in self._periods for bar in period.bars]
        return super().state() | {"bars": msgspec.json.decode(msgspec.json.encode(bars))}

    def _restored(self, state: Mapping[str, object]) -> Self:
        fresh = super()._restored(state)
        doubtful = fresh.doubtful
        try:
            for bar in msgspec.convert(state["bars"], list[Bar]):
                fresh.update(bar)
        except (LookupError, ValueError) as error:  # msgspec's are ValueErrors
            raise checks.damaged(f"bars: {error}") from error
        fresh.doubtful = doubtful
        return fresh

    def batch(self, columns: Table, of: str | None = None, left_out: NDArray[np.bool_] | None = None) -> Table:
        """The bars of a whole history at once, at NumPy's speed; what `update` has seen has no part in it.

        Parameters
        ----------
        columns
            Arrays of shape (n,) by name, or a DataFrame: time (or a DataFrame's index of times), open, high, low,
            close; volume, adj_close, close_usd and the other fields of a bar where there are any, NaN where a volume
            or an open is not known. Rows may be in any order; of several with one time the last counts.
        of
            The interval of these bars; not needed where there is a column interval.
        left_out
            Which bars are in doubt besides those that contradict themselves, shape (n,).

        Returns
        -------
        Columns | pandas.DataFrame
            The same columns with one row a period; the last period is the one that is forming, and ``final`` says
            whether it is over. Times are as they came (a column or the index, in its zone); dates are in UTC. Flags
            and revisions are not read: bars are in doubt that contradict themselves, and those of ``left_out``.

        Raises
        ------
        InvalidBar
            For a row whose numbers are not finite, or a time of which nothing can be said.
        ValueError
            For a missing column, for several series, and for bars that do not add up to the resampler's.
        """
        from stockstream.indicators.resample_columns import resampled  # as late as here: see base

        table: Table = resampled(self.interval, self._sessions, self._closes, columns, of, left_out)
        return table

    def openings(self, times: NDArray[np.datetime64], zones: Column, of: str) -> NDArray[np.datetime64]:
        """When the period of each bar opens: shape (n,) in microseconds, UTC, as are the times, which ascend.

        ``zones`` holds what each bar names (its ``tz``), ``of`` is the interval of the bars. Raises `InvalidBar` for
        a time of which nothing can be said.
        """
        from stockstream.indicators.resample_columns import openings

        return openings(self.interval, self._sessions, of, times, zones)


def _checked(bar: Bar) -> Bar:
    """The bar in UTC, flagged if it is impossible. Raises `InvalidBar` for what is not finite, or has no zone."""
    if bar.time.tzinfo is not UTC:
        if bar.time.tzinfo is None:
            raise InvalidBar(f"the time {bar.time} has no zone; times are in UTC")
        bar = msgspec.structs.replace(bar, time=bar.time.astimezone(UTC))
    low = bar.low
    high = bar.high
    volume = bar.volume
    if (
        bar.open is not None
        and -1e100 <= low <= bar.open <= high <= 1e100
        and low <= bar.close <= high
        and (volume is None or 0.0 <= volume <= 1e100)
        and bar.adj_close is bar.close_usd is None
    ):
        return bar
    for name in (*_PRICES, "volume", "adj_close", "close_usd"):
        value = getattr(bar, name)
        if value is not None and not -1e100 <= value <= 1e100:
            raise checks.refusal(bar, name)
    found = doubts(bar.open, high, low, bar.close, volume)
    if doubted(found) <= doubted(bar.flags):
        return bar
    return msgspec.structs.replace(bar, flags=(*found, *bar.flags))
