"""What travels: stock bars and flights. Every field is on the wire, in UTC."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Final, NamedTuple, TypeAlias

import msgspec

MARKET: Final = "market"
SIMULATED: Final = "simulated"

IMPOSSIBLE: Final = "impossible"
"""The flag of a bar whose numbers contradict each other: it is shown as doubtful, never computed with."""

OFF_GRID: Final = "off-grid"
"""The flag of a bar that does not open on a multiple of its interval."""

PARTIAL: Final = "partial"
"""The flag of a bar made of shorter ones of which an impossible one was left out."""


class Series(NamedTuple):
    """What belongs together on one axis: a symbol at an interval from a feed."""

    symbol: str
    interval: str
    feed: str = MARKET

    def __str__(self) -> str:
        return f"{self.symbol} {self.interval}" + ("" if self.feed == MARKET else f" {self.feed}")


class Candle(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a window needs of a `Bar`; decoding skips the rest."""

    symbol: str
    interval: str
    feed: str = MARKET
    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    currency: str | None = None
    tz: str | None = None
    final: bool = True
    flags: tuple[str, ...] = ()


class Bar(Candle, frozen=True, kw_only=True, gc=False):
    """One period of trading in one symbol.

    ``time`` is the opening instant in UTC; for intervals of a day and longer it is the session's date at
    00:00Z and is never shifted between zones. Prices are split-adjusted as fetched, in ``currency``;
    ``volume`` is in shares (fractional where the market has it). ``revision`` informs: at equal (series, time)
    the later offset wins. ``final`` is False while the period is still open.
    """

    adj_close: float | None = None
    close_usd: float | None = None
    source: str
    revision: int = 0

    @property
    def series(self) -> Series:
        """The series that the bar belongs to."""
        return Series(self.symbol, self.interval, self.feed)


def contradiction(open: float, high: float, low: float, close: float, volume: float | None) -> str | None:  # noqa: A002 - the field's own names
    """Say why the numbers of a bar cannot be true, or None where they can.

    >>> contradiction(10.0, 11.0, 9.0, 10.5, 300.0)
    >>> contradiction(10.0, 9.0, 11.0, 10.5, 300.0)
    'high 9.0 below low 11.0'
    """
    numbers = (open, high, low, close) if volume is None else (open, high, low, close, volume)
    if not all(map(math.isfinite, numbers)):
        return "a number that is not finite"
    if high < low:
        return f"high {high} below low {low}"
    if volume is not None and volume < 0:
        return f"negative volume {volume}"
    for name, price in (("open", open), ("close", close)):
        if not low <= price <= high:
            return f"{name} {price} outside low {low} to high {high}"
    return None


RowNumber: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
Month: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=12)]
Day: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=31)]
Year: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=9999)]


class Flight(msgspec.Struct, frozen=True, gc=False):
    """One row of Kaggle's 2015 US flights: its 31 columns and its identity.

    Clock times are local, as hhmm (2400 is midnight at the end of the day); delays and durations are minutes,
    the distance is miles. ``file`` is the first 16 hex digits of the SHA-256 of the decompressed file (of the
    run, where a file is sent again on purpose); ``row`` counts the data rows from 0.
    """

    file: str
    row: RowNumber
    year: Year
    month: Month
    day: Day
    day_of_week: int
    airline: str
    flight_number: int
    tail_number: str | None
    origin_airport: str
    destination_airport: str
    scheduled_departure: int
    departure_time: int | None
    departure_delay: int | None
    taxi_out: int | None
    wheels_off: int | None
    scheduled_time: int | None
    elapsed_time: int | None
    air_time: int | None
    distance: int
    wheels_on: int | None
    taxi_in: int | None
    scheduled_arrival: int
    arrival_time: int | None
    arrival_delay: int | None
    diverted: int
    cancelled: int
    cancellation_reason: str | None
    air_system_delay: int | None
    security_delay: int | None
    airline_delay: int | None
    late_aircraft_delay: int | None
    weather_delay: int | None


class FlightDay(msgspec.Struct, frozen=True, gc=False):
    """The six fields of a `Flight` that counting per airline and day needs; decoding skips the others."""

    file: str
    row: RowNumber
    year: Year
    month: Month
    day: Day
    airline: str
