"""Lines of flights for tests: any flight, and its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
from hypothesis import strategies as st

from stockstream.producers.flight_layouts import COLUMNS
from stockstream.producers.flight_rows import NOTHING
from stockstream.records import Flight

HEADER = ",".join(COLUMNS)
IDENTITY = "0123456789abcdef"
LINE = "2015,2,6,5,OO,6271,N937SW,FAR,DEN,1712,1701,-11,15,1716,123,117,95,627,1751,7,1815,1758,-17,0,0,,,,,,"

_CODES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=6)
_TAILS = _CODES.filter(lambda code: code not in NOTHING)
_CLOCKS = st.builds(lambda hour, minute: hour * 100 + minute, st.integers(0, 23), st.integers(0, 59)) | st.just(2400)
_MINUTES = st.integers(-10_000, 10_000)
_DATES = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@st.composite
def flights(draw: st.DrawFn) -> Flight:
    """Any flight that a row can hold."""
    day = draw(_DATES)
    maybe_clock, maybe_minutes = st.none() | _CLOCKS, st.none() | _MINUTES
    return Flight(
        file=IDENTITY,
        row=0,
        year=day.year,
        month=day.month,
        day=day.day,
        day_of_week=draw(st.integers(1, 7)),
        airline=draw(_CODES),
        flight_number=draw(st.integers(0, 99_999)),
        tail_number=draw(st.none() | _TAILS),
        origin_airport=draw(_CODES),
        destination_airport=draw(_CODES),
        scheduled_departure=draw(_CLOCKS),
        departure_time=draw(maybe_clock),
        departure_delay=draw(maybe_minutes),
        taxi_out=draw(maybe_minutes),
        wheels_off=draw(maybe_clock),
        scheduled_time=draw(maybe_minutes),
        elapsed_time=draw(maybe_minutes),
        air_time=draw(maybe_minutes),
        distance=draw(st.integers(0, 25_000)),
        wheels_on=draw(maybe_clock),
        taxi_in=draw(maybe_minutes),
        scheduled_arrival=draw(_CLOCKS),
        arrival_time=draw(maybe_clock),
        arrival_delay=draw(maybe_minutes),
        diverted=draw(st.integers(0, 1)),
        cancelled=draw(st.integers(0, 1)),
        cancellation_reason=draw(st.none() | st.sampled_from("ABCD")),
        air_system_delay=draw(maybe_minutes),
        security_delay=draw(maybe_minutes),
        airline_delay=draw(maybe_minutes),
        late_aircraft_delay=draw(maybe_minutes),
        weather_delay=draw(maybe_minutes),
    )


def cells(flight: Flight) -> list[str]:
    """The cells of a flight as the file has them."""
    return ["" if value is None else str(value) for value in msgspec.structs.astuple(flight)[2:]]


def line(**changes: str) -> str:
    """A good line, but for the columns that are named (in lower case)."""
    names = [name.lower() for name in COLUMNS]
    values = LINE.split(",")
    for name, text in changes.items():
        values[names.index(name)] = text
    return ",".join(values)


def write(path: Path, *lines: str, end: str = "\r\n") -> Path:
    """A file of flights."""
    path.write_bytes(end.join((HEADER, *lines)).encode())
    return path
