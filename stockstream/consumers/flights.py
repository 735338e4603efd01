"""Flights per airline and day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stockstream.records import Flight
from stockstream.topics import FLIGHTS
from stockstream.views.fold import Parameters, Selection
from stockstream.views.marks import Groups, Panel
from stockstream.views.view import View

if TYPE_CHECKING:  # NumPy, which `watch --help` does not need
    from stockstream.views.flight_batch import FlightBatch
    from stockstream.views.flights import FlightsFold


def _gather(flights: Sequence[Flight]) -> list[FlightBatch]:
    from stockstream.views.flight_batch import gather

    return gather(flights)


def _fold(selection: Selection, _: Parameters) -> FlightsFold:
    from stockstream.views.flights import FlightsFold

    return FlightsFold(selection)


VIEW = View(
    name="flights",
    help="Flights per airline and day.",
    topic=FLIGHTS,
    record=Flight,
    fold=_fold,
    gather=_gather,
    title="Flights per day",
    panels=(Panel((Groups("flights"),), ylabel="flights a day", from_zero=True),),
    key_name="airline",
    layout="all",
    keyed=False,
    choice="the three busiest",
)
