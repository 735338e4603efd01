"""Sample data: a month of invented flights, in the layout of Kaggle's 2015 file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final, NamedTuple, TypeAlias, TypeVar

from stockstream.producers.flight_layouts import COLUMNS

T = TypeVar("T")

SEED: Final = 2015
FIRST_DAY: Final = date(2015, 1, 1)
DAYS: Final = 31

_ZONES: Final = {
    "ATL": -5, "AUS": -6, "BOS": -5, "DCA": -5, "DEN": -7, "DFW": -6, "DTW": -5, "EWR": -5, "IAH": -6, "JFK": -5,
    "LAS": -8, "LAX": -8, "LGA": -5, "MCO": -5, "MIA": -5, "MSP": -6, "ORD": -6, "PHX": -7, "SEA": -8, "SFO": -8,
}  # fmt: skip
"""Hours from UTC in January."""

_ROUTES: Final = {
    "AA": [("DFW", "LAX", 1235), ("DFW", "ORD", 802), ("DFW", "MIA", 1121), ("JFK", "LAX", 2475), ("MIA", "LGA", 1096),
           ("ORD", "LGA", 733), ("DFW", "AUS", 190), ("PHX", "DFW", 868), ("BOS", "DCA", 399)],
    "DL": [("ATL", "LGA", 762), ("ATL", "MCO", 404), ("ATL", "LAX", 1947), ("ATL", "DTW", 594), ("MSP", "ORD", 334),
           ("JFK", "SEA", 2422), ("DTW", "BOS", 632), ("ATL", "MIA", 594), ("MSP", "DEN", 680), ("LAX", "SEA", 954)],
    "UA": [("ORD", "SFO", 1846), ("IAH", "DEN", 862), ("EWR", "SFO", 2565), ("ORD", "EWR", 719), ("SFO", "LAX", 337),
           ("DEN", "LAS", 628), ("IAH", "ORD", 925)],
}  # fmt: skip
"""Routes of each airline, flown both ways, with their miles."""

_A_DAY: Final = 9
"""Departures a day in each direction of a route."""

_OFF: Final = {1: 0.04, 2: 0.10, 3: 0.08, 4: 0.03, 5: 0.02, 6: 0.25, 7: 0.07}
"""Part of the timetable that is not flown, by weekday, so that days differ."""

_STORM: Final = (date(2015, 1, 26), date(2015, 1, 27))
_STRUCK: Final = frozenset({"BOS", "EWR", "JFK", "LGA"})
_LATE: Final = 15
"""Arrival delay in minutes from which its causes are given."""

Cell: TypeAlias = str | int | None


class _Dice:
    """Random choices that use only `Random.random`, whose sequence is the same in every version of Python."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed).random  # noqa: S311 - sample data, not secrets

    def whole(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, things: Sequence[T]) -> T:
        """One of the items."""
        return things[self.whole(0, len(things) - 1)]

    def happens(self, chance: float) -> bool:
        """Whether an event of that probability happens."""
        return self.random() < chance


class _Service(NamedTuple):
    """A flight of the timetable, the same every day; times are minutes, the departure's since midnight."""

    airline: str
    number: int
    origin: str
    destination: str
    miles: int
    departs: int
    takes: int

    @property
    def shift(self) -> int:
        """Minutes by which the destination's clock is ahead of the origin's."""
        return 60 * (_ZONES[self.destination] - _ZONES[self.origin])


@dataclass(frozen=True)
class _Course:
    """Actual times of a flight; None for what did not happen or is not given."""

    delay: int | None = None
    taxi_out: int | None = None
    air_time: int | None = None
    taxi_in: int | None = None
    diverted: bool = False
    cancelled: str | None = None


def sample_flights(seed: int = SEED) -> bytes:
    """Make the sample file: the same bytes for the same seed, on every machine.

    Three airlines, January 2015, unsorted. As in the real file, lines end with CRLF, except the last one, and 2400 is
    midnight.
    """
    dice = _Dice(seed)
    timetable = list(_timetable(dice))
    rows = [row for number in range(DAYS) for row in _day(timetable, FIRST_DAY + timedelta(days=number), dice)]
    order = [dice.random() for _ in rows]
    shuffled = [rows[index] for index in sorted(range(len(rows)), key=order.__getitem__)]
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in (COLUMNS, *shuffled)]
    return "\r\n".join(lines).encode()


def _timetable(dice: _Dice) -> Iterator[_Service]:
    for airline, routes in _ROUTES.items():
        number = 100
        for origin, destination, miles in routes:
            for here, there in ((origin, destination), (destination, origin)):
                headwind = _ZONES[there] < _ZONES[here]
                takes = 38 + miles * (135 if headwind else 120) // 1000
                for turn in range(_A_DAY):
                    departs = 300 + turn * 1_135 // _A_DAY + 5 * dice.whole(0, 27)
                    number += 1
                    yield _Service(airline, number, here, there, miles, departs, takes)


def _day(timetable: Sequence[_Service], day: date, dice: _Dice) -> Iterator[tuple[Cell, ...]]:
    off = {airline: _OFF[day.isoweekday()] + 0.06 * dice.random() for airline in _ROUTES}
    for service in timetable:
        if not dice.happens(off[service.airline]):
            yield _row(service, day, dice)


def _row(service: _Service, day: date, dice: _Dice) -> tuple[Cell, ...]:
    course = _course(service, day, dice)
    tail = f"N{300 + dice.whole(0, 79)}{service.airline}"
    departure = _plus(service.departs, course.delay)
    off = _plus(departure, course.taxi_out)
    on = _plus(off, _plus(course.air_time, service.shift))
    arrival = _plus(on, course.taxi_in)
    elapsed = _plus(_plus(course.taxi_out, course.air_time), course.taxi_in)
    late = _plus(course.delay, _plus(elapsed, -service.takes))
    return (
        day.year, day.month, day.day, day.isoweekday(),
        service.airline, service.number, None if course.cancelled and dice.happens(0.3) else tail,
        service.origin, service.destination,
        _clock(service.departs), _clock(departure), course.delay, course.taxi_out, _clock(off),
        service.takes, elapsed, course.air_time, service.miles, _clock(on), course.taxi_in,
        _clock(service.departs + service.takes + service.shift), _clock(arrival), late,
        int(course.diverted), int(course.cancelled is not None), course.cancelled,
        *_causes(late, dice),
    )  # fmt: skip


def _course(service: _Service, day: date, dice: _Dice) -> _Course:
    struck = day in _STORM and not _STRUCK.isdisjoint((service.origin, service.destination))
    if dice.happens(0.7 if struck else 0.012):
        return _Course(cancelled="B" if struck else dice.pick("AABBBC"))
    delay = _delay(dice) + (dice.whole(0, 90) if struck else 0)
    taxi_out = dice.whole(9, 24)
    if dice.happens(0.003):
        return _Course(delay, taxi_out, diverted=True)
    return _Course(delay, taxi_out, service.takes - 25 + dice.whole(-14, 10), dice.whole(3, 13))


def _delay(dice: _Dice) -> int:
    """Minutes late at departure: most flights leave early or on time, few very late."""
    chance = dice.random()
    if chance < 0.62:
        return dice.whole(-9, 0)
    if chance < 0.84:
        return dice.whole(1, 14)
    return dice.whole(15, 70) if chance < 0.96 else dice.whole(71, 330)


def _causes(late: int | None, dice: _Dice) -> tuple[int | None, ...]:
    """The minutes by cause (air system, security, airline, late aircraft, weather): they add up to the delay."""
    if late is None or late < _LATE:
        return (None,) * 5
    system = dice.whole(0, min(late, 40))
    security = dice.whole(1, min(late - system, 20)) if late > system and dice.happens(0.004) else 0
    rest = late - system - security
    weather = dice.whole(0, rest) if dice.happens(0.06) else 0
    aircraft = dice.whole(0, rest - weather) if dice.happens(0.5) else 0
    return system, security, rest - weather - aircraft, aircraft, weather


def _plus(minutes: int | None, more: int | None) -> int | None:
    return None if minutes is None or more is None else minutes + more


def _clock(minutes: int | None) -> int | None:
    """Minutes since midnight as hhmm, from 1 to 2400."""
    if minutes is None:
        return None
    minutes %= 1_440
    return minutes // 60 * 100 + minutes % 60 or 2400
