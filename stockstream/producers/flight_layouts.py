"""Layouts of flight files: which column holds which field of a `Flight`."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from stockstream.errors import SourceError

DATE: Final = "date"
"""Year, month and day in one cell; not a field."""

NAMES: Final[Mapping[str, Sequence[str]]] = {
    "year": ("year",),
    "month": ("month",),
    "day": ("day", "dayofmonth"),
    DATE: ("fldate", "flightdate"),
    "day_of_week": ("dayofweek",),
    "airline": (
        "airlinecode",
        "opuniquecarrier",
        "uniquecarrier",
        "reportingairline",
        "iatacodereportingairline",
        "iatacodeoperatingairline",
        "operatingairline",
        "opcarrier",
        "carriercode",
        "carrier",
        "airline",
    ),
    "flight_number": (
        "flightnumber",
        "flightnum",
        "flnum",
        "flnumber",
        "opcarrierflnum",
        "flightnumberreportingairline",
        "flightnumberoperatingairline",
        "flight",
    ),
    "tail_number": ("tailnumber", "tailnum"),
    "origin_airport": ("originairport", "originairportcode", "origincode", "origin"),
    "destination_airport": (
        "destinationairport",
        "destinationairportcode",
        "destairport",
        "destairportcode",
        "destinationcode",
        "destcode",
        "destination",
        "dest",
    ),
    "scheduled_departure": ("scheduleddeparture", "scheduleddeparturetime", "crsdeptime", "scheddeptime"),
    "departure_time": ("departuretime", "deptime"),
    "departure_delay": ("departuredelay", "depdelay"),
    "taxi_out": ("taxiout",),
    "wheels_off": ("wheelsoff",),
    "scheduled_time": ("scheduledtime", "scheduledelapsedtime", "crselapsedtime"),
    "elapsed_time": ("elapsedtime", "actualelapsedtime"),
    "air_time": ("airtime",),
    "distance": ("distance",),
    "wheels_on": ("wheelson",),
    "taxi_in": ("taxiin",),
    "scheduled_arrival": ("scheduledarrival", "scheduledarrivaltime", "crsarrtime", "schedarrtime"),
    "arrival_time": ("arrivaltime", "arrtime"),
    "arrival_delay": ("arrivaldelay", "arrdelay"),
    "diverted": ("diverted",),
    "cancelled": ("cancelled", "canceled"),
    "cancellation_reason": ("cancellationreason", "cancellationcode"),
    "air_system_delay": ("airsystemdelay", "nasdelay", "delayduenas"),
    "security_delay": ("securitydelay", "delayduesecurity"),
    "airline_delay": ("airlinedelay", "carrierdelay", "delayduecarrier"),
    "late_aircraft_delay": ("lateaircraftdelay", "delayduelateaircraft"),
    "weather_delay": ("weatherdelay", "delaydueweather"),
}
"""Possible column names of each field, in lower case without signs; the first one found is used."""

FIELDS: Final = tuple(name for name in NAMES if name != DATE)
"""Fields of a row, in the order of Kaggle's file of 2015."""

COLUMNS: Final = tuple(name.upper() for name in FIELDS)
"""The header of Kaggle's file of 2015."""

_DATA_EXPO: Final = """
    Year Month DayofMonth DayOfWeek DepTime CRSDepTime ArrTime CRSArrTime UniqueCarrier FlightNum TailNum
    ActualElapsedTime CRSElapsedTime AirTime ArrDelay DepDelay Origin Dest Distance TaxiIn TaxiOut Cancelled
    CancellationCode Diverted CarrierDelay WeatherDelay NASDelay SecurityDelay LateAircraftDelay
"""
DATA_EXPO: Final = tuple(_DATA_EXPO.split())
"""The columns of Data Expo 2009, whose files may come without a header."""

_NEEDED: Final = ("airline", "origin_airport", "destination_airport")
_DAY: Final = ("year", "month", "day")
_WITHOUT_HEADER: Final = re.compile(r'"?(19|20)\d\d"?,"?\d{1,2}"?,"?\d{1,2}"?,"?[1-7]"?,')
_SIGNS: Final = re.compile(r"[^a-z0-9]")
# A byte order mark that a program saved after reading UTF-8 as latin-1.
_MARKS: Final = ("\ufeff", "\u00ef\u00bb\u00bf")
_HINT: Final = "the layouts of Kaggle (2015 Flight Delays and Cancellations), BTS and Data Expo 2009 are known"


@dataclass(frozen=True)
class Layout:
    """Columns of a file.

    Attributes
    ----------
    names : tuple of str
        Names of the columns in the file.
    indexes : mapping of str to int
        Column index of each field that the file has, and of `DATE`.
    header : bool
        Whether the first line names the columns; otherwise it is a row.
    """

    names: tuple[str, ...]
    indexes: Mapping[str, int]
    header: bool = True

    @classmethod
    def of(cls, file: str, first: bytes) -> Layout:
        """Recognise the layout of a file by its first line. Raises SourceError that names what is missing."""
        text = first.decode("utf-8", "replace").strip()
        for mark in _MARKS:
            text = text.removeprefix(mark)
        try:
            names = tuple(name.strip() for name in next(csv.reader([text], strict=True), []))
        except csv.Error:
            raise SourceError(f"{file} is not a CSV file", hint=_HINT) from None
        if len(names) == len(DATA_EXPO) and _WITHOUT_HEADER.match(text):
            return cls(DATA_EXPO, _indexes(DATA_EXPO), header=False)
        indexes = _indexes(names)
        missing = [field.upper() for field in _NEEDED if field not in indexes]
        if DATE not in indexes and (lacking := [field.upper() for field in _DAY if field not in indexes]):
            missing = [*lacking, *missing]
        if missing:
            raise SourceError(f"{file} has another layout: it lacks {', '.join(missing)}", hint=_HINT)
        return cls(names, indexes)

    @property
    def exact(self) -> bool:
        """Whether it is Kaggle's layout of 2015, column by column."""
        return self.names == COLUMNS

    @property
    def dated(self) -> bool:
        """Whether year, month and day are in one cell."""
        return not all(field in self.indexes for field in _DAY)

    def column(self, field: str) -> str:
        """Name of a field in the file."""
        index = self.indexes.get(DATE if self.dated and field in _DAY else field)
        return field.upper() if index is None else self.names[index]

    def picker(self) -> Callable[[Sequence[str]], tuple[str, ...]]:
        """Function that picks the cells of `FIELDS` from a row's cells and an empty one, used for missing fields."""
        return itemgetter(*(self.indexes.get(field, -1) for field in FIELDS))


KAGGLE: Final = Layout(COLUMNS, {field: index for index, field in enumerate(FIELDS)})


def _indexes(names: Sequence[str]) -> dict[str, int]:
    plain = [_SIGNS.sub("", name.lower()) for name in names]
    indexes = {}
    for field, known in NAMES.items():
        found = next((name for name in known if name in plain), None)
        if found is not None:
            indexes[field] = plain.index(found)
    return indexes
