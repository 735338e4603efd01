"""VWAP: the volume-weighted average price of a session so far."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.checks import InvalidBar
from stockstream.indicators.sessions import Session, Sessions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stockstream.indicators.arrays import Column, UserTable

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class VWAPPoint(Point, frozen=True, gc=False):
    """The average at one bar, ``vwap``, in the price's unit; None while the session has no volume."""

    vwap: float | None


class VWAP(Indicator[PriceBar, VWAPPoint]):
    """The volume-weighted average price since the session began.

    ::

        typical = (high + low + close) / 3
        vwap = sum of typical * volume / sum of volume, over the session's bars so far

    Source: Stephen A. Berkowitz, Dennis E. Logue, Eugene A. Noser, "The Total Cost of Transactions on the NYSE" (The
    Journal of Finance, 1988), over bars in place of trades. Nothing is carried over from one session to the next. A
    session is the exchange's day with all that trades before the opening and after the close, unless ``opens`` or
    ``calendar`` say otherwise: see `stockstream.indicators.sessions.Sessions`. A volume of 0 is a volume: while there
    is no other, the average is undefined. Of a bar of a day or longer, the average is its typical price.

    Prices are summed as distances from the session's first one, which loses no digits; over a flat session the average
    is exactly the price. A bar of a session that is over is refused: the caller puts bars in order.

    Parameters
    ----------
    zone
        The exchange's zone, an IANA name. None takes the bar's own (``tz``) where it names one, else UTC; it is read
        when a session begins.
    opens
        When trading opens, ``HH:MM``, where the session crosses midnight: from noon on, it begins the next day's.
    calendar
        A calendar of the package exchange_calendars, in place of both.

    Raises
    ------
    ValueError
        For a zone, a time or a calendar that is none, and for a calendar where exchange_calendars is missing.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> vwap = VWAP(zone="America/New_York")
    >>> for day, close, volume in ((2, 10.0, 300.0), (2, 11.0, 100.0), (3, 12.0, 50.0)):
    ...     time = datetime(2026, 3, day, 14, 30, tzinfo=UTC)
    ...     print(vwap.update(SimpleNamespace(high=close, low=close, close=close, volume=volume, time=time)))
    VWAPPoint(vwap=10.0)
    VWAPPoint(vwap=10.25)
    VWAPPoint(vwap=12.0)
    """

    __slots__ = ("_end", "_excess", "_pivot", "_sessions", "_start", "_volume", "calendar", "opens", "zone")

    name: ClassVar[str] = "vwap"
    undefined: ClassVar[str] = "no volume"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low", "close", "volume", "tz", "time")
    point: ClassVar[type[Point]] = VWAPPoint
    kept: ClassVar[tuple[str, ...]] = ("_start", "_end", "_pivot", "_excess", "_volume")

    _start: datetime
    _end: datetime
    _pivot: float
    _excess: float
    _volume: float

    def __init__(self, zone: str | None = None, opens: str = "00:00", calendar: str | None = None) -> None:
        super().__init__()
        self.zone = zone
        self.opens = opens
        self.calendar = calendar
        self._sessions = Sessions(zone, opens, calendar)
        self._start = self._end = _NEVER
        self._pivot = self._excess = self._volume = 0.0

    @property
    def lookback(self) -> int:
        """Bars before the first point: none."""
        return 0

    def _check(self) -> None:
        if self._start > self._end or self._volume < 0.0:
            raise checks.damaged(f"volume {self._volume} of a session from {self._start} to {self._end}")

    def update(self, bar: PriceBar) -> VWAPPoint:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        close = bar.close
        volume = bar.volume
        time = bar.time
        if not -1e100 <= low <= high <= 1e100 or not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "high", "low", "close")
        if volume is None or not 0.0 <= volume <= 1e100:
            raise checks.refusal(bar, "volume")
        try:
            begins = time >= self._end
            if time < self._start:
                raise InvalidBar(f"the bar at {time} is of a session that is over: another began at {self._start}")
        except TypeError:
            raise InvalidBar(f"the time {time} is not an instant with a zone") from None
        typical = close + ((high - close) + (low - close)) / 3.0
        if begins:
            session = self._sessions.at(time, getattr(bar, "tz", None))
            self._start = session.start
            self._end = session.end
            self._pivot = typical
            self._excess = excess = 0.0
            self._volume = volume
        else:
            self._excess = excess = self._excess + (typical - self._pivot) * volume
            self._volume = volume = self._volume + volume
        self.value = point = VWAPPoint(self._pivot + excess / volume if volume else None)
        return point

    def batch(self, columns: UserTable) -> UserTable:  # noqa: D102 - as `Indicator` has it
        # A session of which nothing can be said turns up in the middle: a copy goes ahead.
        ahead = self.copy()
        result = super(VWAP, ahead).batch(columns)
        for name in self._slots:
            setattr(self, name, getattr(ahead, name))
        return result

    def _computable(self, *inputs: Column) -> NDArray[np.bool_]:
        import numpy as np  # as late as here: see base

        good = super()._computable(*inputs)
        end = len(good) if good.all() else int(good.argmin())
        *_, zones, times = (column[:end] for column in inputs)
        latest = np.maximum.accumulate(times)
        starts = [self._start]
        indexes = np.empty(0, dtype=np.intp)
        if (latest != times).any():
            indexes, sessions = self._begun(latest, zones)
            starts += [session.start for session in sessions]
        instants = np.array([start.replace(tzinfo=None) for start in starts], dtype="M8[us]")
        good[:end] &= times >= _spread(instants, indexes, end)
        return good

    def _begun(
        self, times: NDArray[np.datetime64], zones: NDArray[np.object_]
    ) -> tuple[NDArray[np.intp], list[Session]]:
        """The sessions that begin along ascending instants, and where; the present one is none of them."""
        import numpy as np

        first = int(np.searchsorted(times, np.datetime64(self._end.replace(tzinfo=None))))
        indexes, sessions = self._sessions.runs(times[first:], zones[first:])
        return np.array(indexes, dtype=np.intp) + first, sessions

    def _fill(self, points: NDArray[np.float64], *inputs: Column) -> None:
        import numpy as np

        from stockstream.indicators.segments import running_sums

        high, low, close, volume, zones, times = inputs
        indexes, sessions = self._begun(np.maximum.accumulate(times), zones)
        typical = close + ((high - close) + (low - close)) / 3.0
        pivots = _spread(np.concatenate(([self._pivot], typical[indexes])), indexes, len(times))
        excess = (typical - pivots) * volume
        volume = volume.copy()
        starts = indexes
        if not len(indexes) or indexes[0]:
            excess[0] += self._excess
            volume[0] += self._volume
            starts = np.concatenate(([0], indexes))
        running_sums(excess, starts)
        running_sums(volume, starts)
        with np.errstate(invalid="ignore"):  # without any volume, 0 / 0
            np.divide(excess, volume, out=points[0])
        points[0] += pivots
        if sessions:
            self._start, self._end = sessions[-1].start, sessions[-1].end
        self._pivot = pivots[-1].item()
        self._excess = excess[-1].item()
        self._volume = volume[-1].item()


def _spread(values: Column, indexes: NDArray[np.intp], end: int) -> Column:
    """The first value up to the first place, the second from there up to the next, and so on up to the end."""
    import numpy as np

    return np.repeat(values, np.diff(np.concatenate(([0], indexes, [end]))))
