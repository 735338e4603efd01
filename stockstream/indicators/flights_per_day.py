"""Flights per airline and day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Protocol, Self, TypeAlias

import msgspec

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Cell: TypeAlias = tuple[str, int, int, int]

_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]

_CHUNK: Final = 32_768


class FlownOn(Protocol):
    """What is read of a flight; `stockstream.records.FlightDay` is one."""

    @property
    def airline(self) -> str: ...  # noqa: D102
    @property
    def year(self) -> int: ...  # noqa: D102
    @property
    def month(self) -> int: ...  # noqa: D102
    @property
    def day(self) -> int: ...  # noqa: D102


class FlightsPerDayPoint(Point, frozen=True, gc=False):
    """How many ``flights`` that airline has had on that day so far, this one among them."""

    flights: int


class FlightsPerDay(Indicator[FlownOn, FlightsPerDayPoint]):
    """The number of flights that each airline has on each day.

    ::

        flights = number of flights so far of the same airline, year, month and day

    They may come in any order, and each counts as often as it comes, cancelled or not. A flight is refused whose
    airline has no name, or whose day is in no calendar.

    `stockstream.views.flights` counts by itself: it makes no points, which is three times as fast, knows the rows
    that have been counted before, and shows how many days are in no calendar instead of stopping there.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> per_day = FlightsPerDay()
    >>> for airline in ("AA", "UA", "AA"):
    ...     point = per_day.update(SimpleNamespace(airline=airline, year=2015, month=1, day=31))
    >>> point
    FlightsPerDayPoint(flights=2)
    >>> per_day.counts()
    {'AA': {datetime.date(2015, 1, 31): 2}, 'UA': {datetime.date(2015, 1, 31): 1}}
    """

    __slots__ = ("_counts",)

    name: ClassVar[str] = "flights_per_day"
    inputs: ClassVar[tuple[str, ...]] = ("airline", "year", "month", "day")
    point: ClassVar[type[Point]] = FlightsPerDayPoint

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[Cell, int] = {}

    @property
    def lookback(self) -> int:
        """Flights before the first point: none."""
        return 0

    def counts(self) -> dict[str, dict[date, int]]:
        """The flights of each day by airline, in the order in which they first came."""
        table: dict[str, dict[date, int]] = {}
        for (airline, *day), count in self._counts.items():
            table.setdefault(airline, {})[date(*day)] = count
        return table

    def update(self, flight: FlownOn) -> FlightsPerDayPoint | None:  # noqa: D102 - as `Indicator` has it
        cell = (flight.airline, flight.year, flight.month, flight.day)
        count = self._counts.get(cell)
        if count is None:
            cell, count = self._first(flight), 0
        self._counts[cell] = count = count + 1
        self.value = point = FlightsPerDayPoint(count)
        return point

    def peek(self, flight: FlownOn) -> FlightsPerDayPoint | None:  # noqa: D102 - as `Indicator` has it
        return FlightsPerDayPoint(self._counts.get(self._first(flight), 0) + 1)

    def _first(self, flight: FlownOn) -> Cell:
        """The airline and day of a flight; `InvalidBar` where there is none."""
        cell = _cell(flight.airline, flight.year, flight.month, flight.day)
        if cell is None:
            raise checks.refusal(flight, *self.inputs)
        return cell

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[Any]) -> None:
        counts = self._counts
        flights = []
        for cell in _rows(inputs):
            count = counts.get(cell)
            if count is None:
                cell, count = _cell(*cell), 0
            counts[cell] = count = count + 1
            flights.append(count)
        points[0] = flights

    def _computable(self, *inputs: NDArray[Any]) -> NDArray[np.bool_]:
        import numpy as np  # as late as here: see base

        known = {row: _cell(*row) is not None for row in set(_rows(inputs))}
        # What is not a number is not found again, either.
        return np.fromiter((known.get(row, False) for row in _rows(inputs)), np.bool_, len(inputs[0]))

    def copy(self) -> Self:
        """Another one in the same state, which then goes its own way."""
        twin = type(self)()
        twin.value = self.value
        twin._counts = self._counts.copy()  # noqa: SLF001 - it is one of us
        return twin

    def state(self) -> dict[str, Any]:
        """The counts by airline and day: JSON-safe, with a version."""
        counts = {airline: {str(day): count for day, count in days.items()} for airline, days in self.counts().items()}
        return super().state() | {"counts": counts}

    def _restored(self, state: Mapping[str, Any]) -> Self:
        fresh = super()._restored(state)
        try:
            table = msgspec.convert(state.get("counts"), dict[_Name, dict[date, _Count]])
        except msgspec.ValidationError as error:
            raise checks.damaged(f"counts: {error}") from error
        counts = fresh._counts  # noqa: SLF001 - it is one of us
        for airline, days in table.items():
            counts.update({(airline, day.year, day.month, day.day): count for day, count in days.items()})
        if fresh.value is not None:
            fresh.value = FlightsPerDayPoint(int(fresh.value.flights))
        return fresh


def _cell(airline: object, *parts: Any) -> Cell | None:
    """The airline and the day, in whole numbers; None where there is no such day or airline."""
    try:
        day = date(*map(int, parts))
    except (TypeError, ValueError, OverflowError):
        return None
    cell = (airline, day.year, day.month, day.day)
    return cell if isinstance(airline, str) and airline and cell[1:] == parts else None  # type: ignore[return-value]


def _rows(columns: tuple[NDArray[Any], ...]) -> Iterator[Any]:
    """The rows of columns as tuples, made of a stretch at a time."""
    for start in range(0, len(columns[0]), _CHUNK):
        yield from zip(*(column[start : start + _CHUNK].tolist() for column in columns), strict=True)
