"""Flights per airline and day."""

from stockstream.records import Flight
from stockstream.topics import FLIGHTS
from stockstream.views.flight_batch import gather
from stockstream.views.flights import FlightsFold
from stockstream.views.marks import Groups, Panel
from stockstream.views.view import View

VIEW = View(
    name="flights",
    help="Flights per airline and day.",
    topic=FLIGHTS,
    record=Flight,
    fold=lambda selection, _: FlightsFold(selection),
    gather=gather,
    title="Flights per day",
    panels=(Panel((Groups("flights"),), ylabel="flights a day", from_zero=True),),
    key_name="airline",
    layout="all",
    keyed=False,
    choice="the three busiest",
)
