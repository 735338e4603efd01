"""Trading sessions: the session of an instant, and its beginning and end."""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stockstream.indicators.calendars import exchange_calendar
from stockstream.indicators.checks import InvalidBar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stockstream.indicators.arrays import Column

_DAY: Final = timedelta(days=1)
_NOON: Final = time(12)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)


class Session(NamedTuple):
    """One session: all instants from ``start`` up to ``end``.

    ``date`` is what a daily bar of it is dated with, at 00:00Z; ``opens`` is the instant from which its periods are
    counted.
    """

    date: datetime
    start: datetime
    end: datetime
    opens: datetime


class Sessions:
    """Which session an instant belongs to.

    Without more, a session is a day of the exchange, from midnight to midnight: one of 23 or 25 hours where clocks
    change, and all that trades before the opening and after the close belongs to it.

    Parameters
    ----------
    zone
        The exchange's zone, an IANA name; None takes what each bar says (its ``tz``), UTC where it says nothing.
    opens
        When trading opens, ``HH:MM`` of the exchange's clock. Before noon it is the instant that periods are counted
        from, and the session is still the whole day. From noon on, the session begins there, ends where the next one
        does, and is dated with the next day, as that of futures: 17:00 in Chicago on Sunday opens Monday's.
    calendar
        A name that the package exchange_calendars knows (XNYS, CMES), which then says on which days there are sessions
        and when each opens; what trades on a day without one belongs to the next. In place of ``zone`` and ``opens``.

    Raises
    ------
    ValueError
        For a zone, a time or a calendar that is none, and for a calendar where exchange_calendars is missing.

    Examples
    --------
    >>> lisbon = Sessions("Europe/Lisbon")
    >>> session = lisbon.at(datetime(2026, 3, 28, 23, 30, tzinfo=UTC))
    >>> f"{session.start:%d %H:%M} to {session.end:%d %H:%M}"
    '28 00:00 to 29 00:00'
    >>> session = lisbon.at(session.end)
    >>> f"{session.start:%d %H:%M} to {session.end:%d %H:%M}"
    '29 00:00 to 29 23:00'
    """

    __slots__ = ("_calendar", "_clock", "_evening", "calendar", "opens", "zone")

    def __init__(self, zone: str | None = None, opens: str = "00:00", calendar: str | None = None) -> None:
        if zone is not None and not _is_zone(zone):
            raise ValueError(f"zone is one such as America/New_York, not {zone!r}")
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", str(opens)):
            raise ValueError(f"opens is a time such as 09:30, not {opens!r}")
        if calendar is not None and (zone, opens) != (None, "00:00"):
            given = "opens" if zone is None else "zone" if opens == "00:00" else "zone and opens"
            raise ValueError(f"the calendar {calendar!r} has its own zone and openings: leave out {given}")
        self.zone = zone
        self.opens = opens
        self.calendar = calendar
        self._clock = time.fromisoformat(opens)
        self._evening = self._clock >= _NOON
        self._calendar = None if calendar is None else _calendar(calendar)

    def at(self, instant: datetime, tz: str | None = None) -> Session:
        """The session that an instant belongs to.

        Parameters
        ----------
        instant
            With a zone; any will do.
        tz
            The zone that the bar itself names.

        Raises
        ------
        InvalidBar
            For a ``tz`` that is not a zone, where that counts, and for instants of which nothing can be said: without a
            zone, or beyond what the calendar knows.
        """
        if instant.tzinfo is None:
            raise InvalidBar(f"the time {instant} has no zone; times are in UTC")
        if self._calendar is not None:
            return self._calendar.at(instant)
        zone = self.zone or (tz if isinstance(tz, str) else "UTC")
        try:
            day = instant.astimezone(ZoneInfo(zone)).date() + _DAY
            end = self._start(day + _DAY, zone)
            while (start := self._start(day, zone)) > instant:
                day, end = day - _DAY, start
        except OverflowError as error:
            raise InvalidBar(f"the time {instant} is beyond what a calendar can hold") from error
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidBar(f"tz {tz!r} at {instant} is not a zone such as America/New_York") from error
        opens = start if self._evening else _instant(day, self._clock, zone)
        return Session(datetime(day.year, day.month, day.day, tzinfo=UTC), start, end, opens)

    def runs(self, times: NDArray[np.datetime64], zones: Column) -> tuple[list[int], list[Session]]:
        """The sessions of ascending instants, shape (n,) in UTC: where each begins, and which it is.

        ``zones`` holds what each bar names, shape (n,). Raises as `at` does.
        """
        stamps = times.astype("M8[us]", copy=False).view("i8")  # searched in a fifth of the time
        indexes, sessions, index = [], [], 0
        while index < len(stamps):
            session = self.at(_EPOCH + stamps.item(index) * _TICK, zones[index])
            indexes.append(index)
            sessions.append(session)
            index += int(stamps[index:].searchsorted((session.end - _EPOCH) // _TICK))
        return indexes, sessions

    def _start(self, day: date, zone: str) -> datetime:
        return _instant(day - _DAY, self._clock, zone) if self._evening else _instant(day, time.min, zone)


def _is_zone(name: object) -> bool:
    try:
        return isinstance(name, str) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


@lru_cache(maxsize=8192)
def _instant(day: date, clock: time, zone: str) -> datetime:
    """When a clock of the zone shows that time: of two instants the first; of a time that is left out, as if before."""
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


class _Calendar:
    """The sessions of an exchange, as exchange_calendars has them."""

    def __init__(self, name: str, found: Any) -> None:
        zone = ZoneInfo(str(found.tz))
        self._name = name
        self._opens = [instant.to_pydatetime().astimezone(UTC) for instant in found.opens]
        self._dates = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in found.sessions]
        self._ends = []
        closes = [instant.to_pydatetime().astimezone(UTC) for instant in found.closes]
        for session, opens, close in zip(self._dates, self._opens, closes, strict=True):
            since_the_day_before = opens.astimezone(zone).date() < session.date()
            midnight = _instant(session.date() + _DAY, time.min, zone.key)
            self._ends.append(close if since_the_day_before else midnight)

    def at(self, instant: datetime) -> Session:
        index = bisect_right(self._ends, instant)
        # The first one's start is not known; the last one's end is.
        if not 0 < index < len(self._ends):
            span = f"{self._ends[0]:%Y-%m-%d} to {self._ends[-1]:%Y-%m-%d}"
            raise InvalidBar(f"the calendar {self._name} knows sessions from {span}, not at {instant}")
        return Session(self._dates[index], self._ends[index - 1], self._ends[index], self._opens[index])


@lru_cache
def _calendar(name: str) -> _Calendar:
    return _Calendar(name, exchange_calendar(name))
