"""Tick labels: times of rows drawn side by side, and round numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from stockstream.views.clock import Instants
from stockstream.views.clock import local as local


class Step(NamedTuple):
    """Distance of ticks: a number of units, given by NumPy's datetime code."""

    unit: str
    every: int


_STEPS: Final = tuple(
    Step(unit, count)
    for unit, counts in (
        ("m", (1, 2, 5, 10, 15, 30)),
        ("h", (1, 2, 3, 6, 12)),
        ("D", (1, 2, 5)),
        ("W", (1, 2)),
        ("M", (1, 2, 3, 6)),
        ("Y", (1, 2, 5, 10, 20, 50, 100)),
    )
    for count in counts
)
_CLOCK: Final = ("m", "h")
_WIDTHS: Final = {"m": 50.0, "h": 50.0, "D": 24.0, "W": 30.0, "M": 36.0, "Y": 40.0}
"""Width in points of a label of each unit, with a margin."""

_ENOUGH: Final = 1_000
"""Number of rows that show whether a step is too short; more ticks have room in no window."""


@dataclass(frozen=True)
class Ticks:
    """Positions and labels of the ticks of a time axis.

    ``rows`` are indexes in the frame. A label has two lines; the second names the day, month or year if it changes.
    ``title`` names the years in view and the zone.
    """

    rows: tuple[int, ...]
    labels: tuple[str, ...]
    title: str


def ticks(instants: Instants, first: int, zone: str | None, pitch: float) -> Ticks:
    """Choose the finest ticks whose labels do not overlap.

    Parameters
    ----------
    instants
        The rows in view: UTC instants (datetime64[us]) or days (datetime64[D]).
    first
        Index of the first of them in the frame.
    zone
        The zone of the labels; None for UTC and for days.
    pitch
        Distance of rows in points.

    A tick is at the first row of a new minute, hour, day, ... and always at a row.
    """
    if not len(instants):
        return Ticks((), (), "")
    clock = local(instants, zone)
    days = clock.astype("M8[D]")
    days_only = bool(np.all(clock == days))
    mornings = np.flatnonzero(days[1:] != days[:-1]) + 1
    some = clock[:: len(clock) // _ENOUGH + 1]
    for step in _STEPS:
        if days_only and step.unit in _CLOCK:
            continue
        if step is not _STEPS[-1] and _crowded(some, step, (len(clock) - 1) * pitch):
            continue
        places = _changes(clock, step, mornings)
        if (len(places) - 1) * _WIDTHS[step.unit] <= (places[-1] - places[0]) * pitch:
            break
    places = _thinned(places, clock, step, 0.8 * _WIDTHS[step.unit] / pitch)
    return Ticks(
        tuple((places + first).tolist()), tuple(_labels(clock[places], step)), _title(instants, clock, zone, days_only)
    )


def _crowded(some: Instants, step: Step, width: float) -> bool:
    """Whether the ticks at changes among some rows are too many already; among all rows there are as many or more."""
    return bool((np.count_nonzero(np.diff(_number(some, step))) - 1) * _WIDTHS[step.unit] > width)


def _changes(clock: Instants, step: Step, mornings: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rows at which a new step begins, including the first row if it begins one.

    ``mornings`` are the rows at which a new day begins: no other begins a step of days or more.
    """
    rows = np.arange(1, len(clock)) if step.unit in _CLOCK else mornings
    places = rows[_number(clock[rows], step) != _number(clock[rows - 1], step)]
    before = (clock[:1].astype(np.int64) - 1).astype(clock.dtype)
    whole = clock[0].astype(f"M8[{step.unit}]") == clock[0] and _number(clock[:1], step) != _number(before, step)
    return np.concatenate(([0], places)) if whole or not len(places) else places


def _number(clock: Instants, step: Step) -> NDArray[np.int64]:
    """Number of the step that contains each instant."""
    if step.unit == "W":
        return np.asarray((clock.astype("M8[D]").astype(np.int64) + 3) // (7 * step.every))
    if step.unit == "D" and step.every > 1:
        # Counted from the first day of the month, so that each of these has a label; the 31st begins no step.
        month = clock.astype("M8[M]")
        day = (clock.astype("M8[D]") - month.astype("M8[D]")).astype(np.int64)
        last = 30 // step.every - 1
        return np.asarray(month.astype(np.int64) * 100 + np.minimum(day // step.every, last))
    return np.asarray(clock.astype(f"M8[{step.unit}]").astype(np.int64) // step.every)


def _thinned(places: NDArray[np.intp], clock: Instants, step: Step, least: float) -> NDArray[np.intp]:
    """Remove labels that would touch; of two neighbours the one that begins a day, month or year is kept."""
    unit, before = _context(step), clock[np.maximum(places - 1, 0)]
    opens = np.zeros(len(places), bool) if unit is None else _differ(clock[places], before, unit)
    kept: list[int] = []
    for number, place in enumerate(places):
        if kept and place - places[kept[-1]] < least:
            if not opens[number] or opens[kept[-1]]:
                continue
            kept.pop()
        kept.append(number)
    return places[kept]


def _context(step: Step) -> str | None:
    """Coarser unit, named in the second line of a label."""
    if step.unit in _CLOCK:
        return "D"
    if step.unit in ("D", "W"):
        return "M"
    return "Y" if step.unit == "M" else None


def _opens(clock: Instants, step: Step) -> NDArray[np.bool_]:
    unit = _context(step)
    if unit is None:
        return np.zeros(len(clock), dtype=bool)
    return np.concatenate(([True], _differ(clock[1:], clock[:-1], unit)))


def _differ(one: Instants, other: Instants, unit: str) -> NDArray[np.bool_]:
    """Whether instants are in different units, pair by pair."""
    return np.asarray(one.astype(f"M8[{unit}]") != other.astype(f"M8[{unit}]"))


def _labels(clock: Instants, step: Step) -> list[str]:
    opens = _opens(clock, step)
    labels = []
    year = None
    for opening, instant in zip(opens, clock.astype("M8[s]").tolist(), strict=True):
        if step.unit in _CLOCK:
            label = f"{instant:%H:%M}" + (f"\n{instant:%a} {instant.day} {instant:%b}" if opening else "")
        elif step.unit in ("D", "W"):
            month = f"\n{instant:%b %Y}" if year != instant.year else f"\n{instant:%b}"
            label = str(instant.day) + (month if opening else "")
        elif step.unit == "M":
            label = f"{instant:%b}" + (f"\n{instant.year}" if opening else "")
        else:
            label = str(instant.year)
        year = instant.year
        labels.append(label)
    return labels


def _title(instants: Instants, clock: Instants, zone: str | None, days_only: bool) -> str:
    if days_only and zone is None:
        return ""
    years = [int(str(instant.astype("M8[Y]"))) for instant in (clock[0], clock[-1])]
    span = str(years[0]) if years[0] == years[1] else f"{years[0]} to {years[1]}"
    return f"{span}, {_zone_name(instants, zone)}"


def _zone_name(instants: Instants, zone: str | None) -> str:
    if zone is None:
        return "UTC"
    ends: list[datetime] = instants[[0, -1]].astype("M8[us]").tolist()
    there = ZoneInfo(zone)
    short = "/".join(dict.fromkeys(f"{end.replace(tzinfo=UTC).astimezone(there):%Z}" for end in ends))
    if zone.startswith("Etc/GMT"):
        return f"UTC{short}"  # Etc/GMT-11 is eleven hours ahead of UTC; its sign is inverted
    return f"{zone} time ({short})" if short != zone else f"{zone} time"


_SUFFIXES: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_LONG: Final = 1e4
"""Numbers with fewer digits are never abbreviated."""

_TOO_LONG: Final = 1e7
"""Numbers with more digits are always abbreviated, even if that takes decimals."""


def numbers(values: Sequence[float]) -> list[str]:
    """Labels of evenly spaced values, with as few decimals as distinguish them.

    >>> numbers([99.5, 100.0, 100.5])
    ['99.5', '100.0', '100.5']
    >>> numbers([0.0, 250_000.0, 500_000.0]), numbers([10_500.0, 11_000.0]), numbers([0.0, 5e6, 1e7])
    (['0', '250k', '500k'], ['10,500', '11,000'], ['0', '5M', '10M'])
    """
    if not len(values):
        return []
    largest = max(map(abs, values))
    step = min((after - before for before, after in pairwise(values) if after > before), default=largest or 1.0)
    scale, suffix = _abbreviation(largest, step if len(values) > 1 else 0.0)
    step /= scale
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    while decimals < 10 and abs(round(step, decimals) - step) > 1e-6 * step:
        decimals += 1
    return [f"{value / scale:,.{decimals}f}{suffix}" if value else "0" for value in values]


def _abbreviation(largest: float, step: float) -> tuple[float, str]:
    """Unit of the labels: one in which the step is whole, or that of the largest value if labels would be too long."""
    for size, suffix in _SUFFIXES:
        if largest >= size and ((step >= size and largest >= _LONG) or largest >= _TOO_LONG):
            return size, suffix
    return 1.0, ""
