"""Record types of the topics: stock bars, flights, alerts and headlines, in UTC; defaults are left out on the wire."""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

import msgspec

MARKET: Final = "market"
SIMULATED: Final = "simulated"
READINGS: Final = "readings"
"""The feeds: bars of markets, of simulations, and of readings of anything else."""

SENTIMENT: Final = ".sentiment"
"""What the name of the series of headlines' scores ends with, behind the symbol of the headlines."""

IMPOSSIBLE: Final = "impossible"
"""The flag of a bar whose numbers contradict each other: none of them is computed with.

``impossible:open,high`` doubts these fields alone: what reads others computes with the bar. See `doubts`.
"""

OFF_GRID: Final = "off-grid"
"""The flag of a bar that does not open on a multiple of its interval."""

PARTIAL: Final = "partial"
"""The flag of a bar made of shorter ones of which an impossible one, or an impossible part of one, was left out."""

EXTENDED: Final = "extended"
"""The flag of a bar outside of regular trading hours."""

OUTSIDE: Final = "outside"
"""The flag of a bar outside of the hours of its exchange's calendar, which its source does not mark as extended."""

CLOSING: Final = "closing"
"""The flag of a bar at the end of its session, which holds the closing auction."""

UNCONFIRMED: Final = "unconfirmed"
"""The flag of a bar that is made of quotes, until its source has given the bar itself."""

SPLIT: Final = "split"
DIVIDEND: Final = "dividend"
"""Flags of the first bar that trades after a split (``split:4``: four shares of one) or without a dividend
(``dividend:0.25``: as much a share, in the bar's currency)."""

JUMP: Final = "jump"
FROZEN: Final = "frozen"
CHANGED: Final = "changed"
"""Flags of a bar whose close is many deviations away from the last one; of one with the same price as many before;
and of the first one in another currency or zone (``changed:currency``)."""

NUMBERS: Final = ("open", "high", "low", "close", "volume")
"""The fields of a bar that are computed with, in their order."""


FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2261
"""The years that a record can be of: those that 64 bits of nanoseconds hold."""

Number: TypeAlias = Annotated[float, msgspec.Meta(ge=-1e100, le=1e100)]
"""A price or a volume: what is beyond this is none, and nothing is computed with it."""

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Revision: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Series(NamedTuple):
    """What belongs together on one axis: a symbol at an interval from a feed."""

    symbol: str
    interval: str
    feed: str = MARKET

    def __str__(self) -> str:
        return f"{self.symbol} {self.interval}" + ("" if self.feed == MARKET else f" {self.feed}")


class Candle(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What a window needs of a `Bar`."""

    symbol: str
    interval: str
    feed: str = MARKET
    time: Instant
    open: Number | None = None
    high: Number
    low: Number
    close: Number
    volume: Number | None = None
    currency: str | None = None
    unit: str | None = None
    tz: str | None = None
    final: bool = True
    flags: tuple[str, ...] = ()
    source: str = ""


class Bar(Candle, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One period of trading in one symbol.

    ``time`` is the opening instant in UTC; for intervals of a day and longer it is the session's date at
    00:00Z and is never shifted between zones. Prices are split-adjusted as fetched, in ``currency``, and may be
    negative; ``open`` is None where the source does not have it. ``volume`` is in shares (fractional where the market
    has it), None where it is not known. Bars of readings, of temperatures say, have a ``unit`` in place of a currency,
    and their volume is the number of readings. ``flags`` are the doubts about the bar. ``revision`` informs: at equal
    (series, time) the later offset wins. ``final`` is False while the period is still open.
    """

    adj_close: Number | None = None
    close_usd: Number | None = None
    source: str
    revision: Revision = 0

    @property
    def series(self) -> Series:
        """The series that the bar belongs to."""
        return Series(self.symbol, self.interval, self.feed)


def known_open(open: float | None, high: float, low: float, close: float) -> float | None:  # noqa: A002 - the field's own names
    """The open, or None where it is missing: not there, not a number, or the 0 that Yahoo writes in its place.

    A 0 among prices above 0 is not a price; where the low reaches it, it may be one.

    >>> known_open(0.0, 11.0, 9.0, 10.5), known_open(0.0, 11.0, 0.0, 10.5), known_open(10.0, 11.0, 9.0, 10.5)
    (None, 0.0, 10.0)
    """
    if open is None or math.isnan(open) or (open == 0.0 and min(high, low, close) > 0.0):
        return None
    return open


def doubts(
    open: float | None,  # noqa: A002 - the field's own names
    high: float,
    low: float,
    close: float,
    volume: float | None,
) -> tuple[str, ...]:
    """The flags of a bar with these numbers: one that names the fields that cannot be true, or none.

    In doubt are numbers that are not finite, a high below the low, a negative volume, and an open or a close outside of
    low to high: that is one trade against the extremes of all, so that these are in doubt only where both lie beyond
    the same one. Negative prices are prices.

    >>> doubts(-14.0, 13.9, -40.3, -37.6, 300.0), doubts(None, 11.0, 9.0, 10.5, 0.0)
    ((), ())
    >>> doubts(10.0, 9.0, 11.0, 10.5, -1.0), doubts(8.0, 11.0, 9.0, 10.5, 300.0), doubts(8.0, 11.0, 9.0, 8.5, 300.0)
    (('impossible:high,low,volume',), ('impossible:open',), ('impossible:open,low,close',))
    """
    if (
        (open is None or low <= open <= high)
        and -math.inf < low <= close <= high < math.inf
        and (volume is None or 0.0 <= volume < math.inf)
    ):
        return ()
    numbers = dict(zip(NUMBERS, (open, high, low, close, volume), strict=True))
    wrong = {name for name, number in numbers.items() if number is not None and not math.isfinite(number)}
    if high < low:
        wrong |= {"high", "low"}
    elif not wrong & {"high", "low"}:
        trades = {"close": close} if open is None else {"open": open, "close": close}
        below = {name for name, price in trades.items() if price < low}
        above = {name for name, price in trades.items() if price > high}
        wrong |= below | above
        wrong |= {extreme for extreme, beyond in (("low", below), ("high", above)) if len(beyond) > 1}
    if volume is not None and volume < 0:
        wrong.add("volume")
    return (f"{IMPOSSIBLE}:{','.join(name for name in NUMBERS if name in wrong)}",)


@lru_cache(maxsize=1024)
def doubted(flags: tuple[str, ...]) -> frozenset[str]:
    """The fields of a bar that its flags doubt.

    >>> sorted(doubted(("off-grid", "impossible:open,volume"))), len(doubted(("impossible",)))
    (['open', 'volume'], 5)
    """
    fields: set[str] = set()
    for flag in flags:
        kind, _, named = flag.partition(":")
        if kind == IMPOSSIBLE:
            names = set(named.split(","))
            fields |= names if names <= set(NUMBERS) else set(NUMBERS)
    return frozenset(fields)


RowNumber: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number of a flight: tables and columns hold 64 bits."""

Year: TypeAlias = Annotated[int, msgspec.Meta(ge=FIRST_YEAR, le=LAST_YEAR)]
Month: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=12)]
Day: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=31)]


class FlightRow(msgspec.Struct, frozen=True, gc=False):
    """Which row of which file a flight is: its identity.

    ``file`` is the first 16 hex digits of the SHA-256 of the decompressed file (of the run, where a file is sent again
    on purpose); ``row`` counts the data rows from 0.
    """

    file: str
    row: RowNumber


class Flight(FlightRow, frozen=True, gc=False):
    """One US flight: the 31 columns of Kaggle's file of 2015, and which row of which file it is.

    What a file in another layout lacks is None.

    Clock times are local, as hhmm (2400 is midnight at the end of the day); delays and durations are minutes,
    the distance is miles.
    """

    year: Year
    month: Month
    day: Day
    day_of_week: Whole | None
    airline: str
    flight_number: Whole | None
    tail_number: str | None
    origin_airport: str
    destination_airport: str
    scheduled_departure: Whole | None
    departure_time: Whole | None
    departure_delay: Whole | None
    taxi_out: Whole | None
    wheels_off: Whole | None
    scheduled_time: Whole | None
    elapsed_time: Whole | None
    air_time: Whole | None
    distance: Whole | None
    wheels_on: Whole | None
    taxi_in: Whole | None
    scheduled_arrival: Whole | None
    arrival_time: Whole | None
    arrival_delay: Whole | None
    diverted: Whole | None
    cancelled: Whole | None
    cancellation_reason: str | None
    air_system_delay: Whole | None
    security_delay: Whole | None
    airline_delay: Whole | None
    late_aircraft_delay: Whole | None
    weather_delay: Whole | None


class FlightDay(FlightRow, frozen=True, gc=False):
    """The six fields of a `Flight` by which it is counted per airline and day.

    What comes from a topic is decoded as a whole `Flight`: no reader takes what another one refuses.
    """

    year: Year
    month: Month
    day: Day
    airline: str


Way: TypeAlias = Literal["above", "below", "true", "silent"]
"""How an alert came: a value went above or below another, a condition became true, or no bar came."""

AlertState: TypeAlias = Literal["raised", "withdrawn", "acknowledged", "muted", "running", "stopped", "watched"]


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One occurrence of a rule at a bar of a series, and its present state: the record of a compacted topic.

    ``id`` is derived from the rule, the series, the bar and the way (`stockstream.alerts.alert.alert_id`), so that a
    repeat is the same alert: of records with one id the later counts. ``when`` is the rule as it was written, ``text``
    a sentence for people, ``values`` are those that the rule compared, in its order. ``time`` is that of the bar,
    ``at`` the clock when the state began. ``of`` is the interval of the bars that arrived, where the rule is over
    longer ones made of them.

    It is ``withdrawn`` when a correction took away what it came from. A record in the state ``muted`` is no
    occurrence: until ``until`` nobody is told of its rule, at its symbol or, where that is empty, at any.
    One that is ``running`` is none either: the process that raises alerts is at work, and if no other such record has
    come by ``until``, it is silent; one that is ``stopped`` says that it was ended. One that is ``watched`` is a price
    level that somebody has set, with the bar and the close of that moment; with ``until`` it has ended.
    An alert about a topic (its lag, its dead letters) has the topic's name as its symbol, and no interval.
    """

    id: str
    rule: str
    when: str
    symbol: str
    interval: str = ""
    of: str | None = None
    feed: str = MARKET
    time: Instant
    way: Way = "true"
    state: AlertState = "raised"
    values: dict[str, float | None] = {}
    text: str
    tz: str | None = None
    simulated: bool = False
    at: Instant
    until: Instant | None = None

    @property
    def series(self) -> Series:
        """The series that the rule was evaluated over."""
        return Series(self.symbol, self.interval, self.feed)


class News(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A headline, or any other post, about a symbol; one with an ``id`` that is known already is the same.

    ``time`` is when it was published, ``url`` its page, ``source`` who published it. ``sentiment`` is its score from -1
    to 1 (`stockstream.producers.news.sentiment`); None where it was not scored.
    """

    symbol: str
    time: Instant
    id: str
    title: str
    url: str | None = None
    source: str
    sentiment: Annotated[float, msgspec.Meta(ge=-1, le=1)] | None = None
