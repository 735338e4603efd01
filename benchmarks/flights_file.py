"""A file of flights of any size, in the layout and with the values of the real one."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from stockstream.producers.sample import sample_flights

YEAR: Final = 5_819_079
"""Number of rows of the real file of 2015."""

AIRLINES: Final = ("AA", "AS", "B6", "DL", "EV", "F9", "HA", "MQ", "NK", "OO", "UA", "US", "VX", "WN")

_DAYS: Final = 365


def write(path: Path, rows: int = YEAR) -> Path:
    """Write a number of rows: the sample's flights, spread over the days and the airlines of 2015.

    The days are in order, as in the real file of the complete year.
    """
    header, *lines = sample_flights().decode().split("\r\n")
    flights = cycle([_flown_by(line, AIRLINES[number % len(AIRLINES)]) for number, line in enumerate(lines)])
    with path.open("w", encoding="ascii", newline="") as file:
        file.write(header)
        for number in range(_DAYS):
            day = date(2015, 1, 1) + timedelta(days=number)
            start = f"\r\n{day.year},{day.month},{day.day},{day.isoweekday()},"
            share = rows * (number + 1) // _DAYS - rows * number // _DAYS
            file.write("".join([start + flight for flight in islice(flights, share)]))
    return path


def _flown_by(line: str, airline: str) -> str:
    """The row from its sixth column on, after the airline."""
    return f"{airline},{line.split(',', 5)[5]}"
