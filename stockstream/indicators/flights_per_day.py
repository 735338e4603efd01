"""Flights per airline and day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, Self, TypeAlias

import msgspec

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point
from stockstream.indicators.stateful import State

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stockstream.indicators.arrays import Column

Cell: TypeAlias = tuple[str, int, int, int]

_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]


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

    `add` counts many without making points, in two thirds of the time, and gives back what it refuses:
    `stockstream.views.flights` counts by it.

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

    def add(self, flights: Mapping[Cell, int]) -> dict[Cell, int]:
        """Count flights by airline, year, month and day, so many of each; what is refused is given back, not counted.

        It makes no points: ``value`` stays.

        >>> per_day = FlightsPerDay()
        >>> per_day.add({("AA", 2015, 1, 31): 2, ("AA", 2015, 2, 30): 1})
        {('AA', 2015, 2, 30): 1}
        >>> per_day.counts()
        {'AA': {datetime.date(2015, 1, 31): 2}}
        """
        refused: dict[Cell, int] = {}
        for cell, count in flights.items():
            if cell in self._counts:
                self._counts[cell] += count
            elif _cell(*cell) is None:
                refused[cell] = count
            else:
                self._counts[cell] = count
        return refused

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

    def _fill(self, points: NDArray[np.float64], *inputs: Column) -> None:
        import numpy as np  # as late as here: see base

        airlines = inputs[0].tolist()
        numbers = {airline: number for number, airline in enumerate(dict.fromkeys(airlines))}
        cells = np.fromiter(map(numbers.__getitem__, airlines), np.int64, len(airlines))
        year, month, day = (column.astype(np.int64) for column in inputs[1:])
        for part, size in ((year, 10_000), (month, 13), (day, 32)):
            cells = cells * size + part
        _, firsts, kinds, counts = np.unique(cells, return_index=True, return_inverse=True, return_counts=True)
        before = np.empty(len(firsts), np.int64)
        for kind in np.argsort(firsts).tolist():
            first = firsts[kind]
            cell = (airlines[first], year[first].item(), month[first].item(), day[first].item())
            before[kind] = held = self._counts.get(cell, 0)
            self._counts[cell] = held + counts[kind].item()
        # The flights of one cell after the other, each in the order in which they came; it sorts 16 bits the fastest.
        order = np.argsort(kinds.astype(np.min_scalar_type(len(firsts))), kind="stable")
        ahead = np.cumsum(counts) - counts
        points[0, order] = np.arange(1, len(order) + 1) + np.repeat(before - ahead, counts)

    def _computable(self, *inputs: Column) -> NDArray[np.bool_]:
        import numpy as np

        airlines = inputs[0].tolist()
        named = {airline for airline in set(airlines) if isinstance(airline, str) and airline}
        good = np.fromiter(map(named.__contains__, airlines), np.bool_, len(airlines))
        for column, least, most in zip(inputs[1:], (1, 1, 1), (9_999, 12, 31), strict=True):
            good &= (column >= least) & (column <= most) & (column == np.floor(column))
        year, month, day = (np.where(good, column, 1) for column in inputs[1:])
        start = (12 * (year - 1970) + (month - 1)).astype(np.int64).astype("M8[M]")
        good &= start.astype("M8[D]") + day.astype(np.int64) <= (start + 1).astype("M8[D]")
        return good

    def copy(self) -> Self:
        """Another one in the same state, which then goes its own way."""
        twin = type(self)()
        twin.value = self.value
        twin._counts = self._counts.copy()  # noqa: SLF001 - it is one of us
        return twin

    def state(self) -> State:
        """The counts by airline and day: JSON-safe, with a version."""
        counts = {airline: {str(day): count for day, count in days.items()} for airline, days in self.counts().items()}
        return super().state() | {"counts": counts}

    def _restored(self, state: Mapping[str, object]) -> Self:
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
