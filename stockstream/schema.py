"""Schema of the records, for other programs: type and unit of each field, and when it is absent.

`schema` gives JSON Schema made from the types of `stockstream.records`; docs/schema.md has the same as tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, Required, TypedDict, cast

import msgspec

from stockstream.codec import Json
from stockstream.records import FIRST_YEAR, LAST_YEAR
from stockstream.topics import ALERTS, FLIGHTS, NEWS, STOCKS, TOPICS

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_CLOCK: Final = "local time as hhmm, 0 to 2400"
_OF_BARS: Final = {
    "symbol": "what is traded; also the message's key",
    "interval": "the length of the period: a whole number and m, h, d, wk, mo or y",
    "feed": "market, readings, or simulated: every picture of a simulated feed says so",
    "time": f"the opening instant, RFC 3339 with an offset; from a day on the session's date at 00:00Z; "
    f"years {FIRST_YEAR} to {LAST_YEAR}",
    "open": "price, split-adjusted; absent where the source does not have it",
    "high": "price, split-adjusted",
    "low": "price, split-adjusted",
    "close": "price, split-adjusted; may be negative",
    "volume": "shares or contracts, fractional where the market has it; absent where it is not known",
    "currency": "ISO 4217 code of the prices; absent where it is not known",
    "unit": "of the numbers, where they are readings and no prices: \u00b0C, kW, %; absent where none is known",
    "tz": "IANA name of the exchange's zone; absent, or not known to the reader: shown in UTC",
    "final": "false while the period is still open",
    "flags": "doubts: impossible:FIELD,... names fields that are not computed with; off-grid; outside; partial;"
    " jump; frozen; changed:currency, changed:tz;"
    " extended; closing; unconfirmed; split:4 and dividend:0.25 mark the first bar after these",
    "adj_close": "close adjusted for dividends, too; absent where the source does not have it",
    "close_usd": "close in US dollars; absent where the source does not have it",
    "source": "who sent it: yahoo, csv, simulated, or a program's own name",
    "revision": "how often the bar was corrected; informs only: the later offset counts",
}
_OF_FLIGHTS: Final = {
    "file": "first 16 hex digits of the SHA-256 of the file; with row the flight's identity",
    "row": "number of the data row in the file, from 0",
    "year": f"{FIRST_YEAR} to {LAST_YEAR}",
    "month": "1 to 12",
    "day": "1 to 31",
    "airline": "code of the airline; also the message's key",
    "origin_airport": "code",
    "destination_airport": "code",
    "day_of_week": "1 Monday to 7 Sunday",
    "flight_number": "number",
    "tail_number": "registration of the aircraft",
    "scheduled_departure": _CLOCK,
    "departure_time": f"{_CLOCK}; absent where the flight was cancelled",
    "departure_delay": "minutes, negative where early",
    "taxi_out": "minutes from the gate to wheels off",
    "wheels_off": _CLOCK,
    "scheduled_time": "minutes from gate to gate",
    "elapsed_time": "minutes from gate to gate",
    "air_time": "minutes from wheels off to wheels on",
    "distance": "miles",
    "wheels_on": _CLOCK,
    "taxi_in": "minutes from wheels on to the gate",
    "scheduled_arrival": _CLOCK,
    "arrival_time": f"{_CLOCK}; absent where the flight did not arrive",
    "arrival_delay": "minutes, negative where early",
    "diverted": "1 where it landed elsewhere",
    "cancelled": "1 where it did not fly",
    "cancellation_reason": "A airline, B weather, C air system, D security",
    "air_system_delay": "minutes of the arrival delay; absent where it is not given",
    "security_delay": "minutes of the arrival delay; absent where it is not given",
    "airline_delay": "minutes of the arrival delay; absent where it is not given",
    "late_aircraft_delay": "minutes of the arrival delay; absent where it is not given",
    "weather_delay": "minutes of the arrival delay; absent where it is not given",
}

_OF_ALERTS: Final = {
    "id": "made from the rule, the series, the bar and the way; also the message's key: of one id the later counts",
    "rule": "the rule's name",
    "when": "the rule as it was written",
    "symbol": "that of the bar; of an alert about a topic, the topic; of a muted rule, empty for all symbols",
    "interval": "of the bars that the rule is over; absent where it is over none",
    "of": "interval of the bars that arrived, where those of the rule are made of them",
    "feed": "market, readings, or simulated",
    "time": "the bar's opening instant, RFC 3339 with an offset; of an alert about a topic, when it came",
    "way": "above or below: a value went there; true: a condition became true; silent: no bar came",
    "state": "raised; withdrawn: a correction took its cause away; acknowledged; muted: no alert, but a rule that"
    " nobody is told of until the time until; running, stopped: of the process that raises alerts;"
    " watched: a price level that somebody has set",
    "values": "what the rule compared, by name, in the order of the rule",
    "text": "a sentence for people",
    "tz": "IANA name of the exchange's zone; absent, or not known to the reader: shown in UTC",
    "simulated": "true where the bars are those of a simulation",
    "at": "the clock when the state began",
    "until": "of a muted rule: when that ends; of a running process: when the next such record should have come; of a"
    " watched level: when it was ended",
}

_OF_NEWS: Final = {
    "symbol": "what it is about; also the message's key",
    "time": "when it was published, RFC 3339 with an offset",
    "id": "made from the symbol and what the source knows it by: a second record with it is the same headline",
    "title": "its words",
    "url": "its page",
    "source": "who published it",
    "sentiment": "score of its words from -1 to 1; absent where it was not scored",
}

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    STOCKS.name: _OF_BARS,
    FLIGHTS.name: _OF_FLIGHTS,
    ALERTS.name: _OF_ALERTS,
    NEWS.name: _OF_NEWS,
}
"""By topic and field: what it means, in which unit, and when it is absent."""


class Property(TypedDict, total=False):
    """A field of a record in JSON Schema."""

    description: Required[str]
    type: str
    anyOf: list[dict[str, str]]
    enum: list[str]
    format: str
    pattern: str
    default: Json


JsonSchema = TypedDict(
    "JsonSchema",
    {
        "$schema": str,
        "title": str,
        "description": str,
        "type": str,
        "properties": dict[str, Property],
        "required": list[str],
    },
)


class Field(NamedTuple):
    """A field of a record; ``default`` is what an absent field means, as JSON, empty where it must be there."""

    name: str
    type: str
    default: str
    meaning: str


def schema(topic: str) -> JsonSchema:
    """The JSON Schema (2020-12) of a topic's records, as readers take them. Raises KeyError for a topic not ours.

    >>> schema("stocks")["required"]
    ['symbol', 'interval', 'time', 'high', 'low', 'close', 'source']
    """
    record = TOPICS[topic].record
    made = msgspec.json.schema(record)["$defs"][record.__name__]
    properties: dict[str, Property] = {
        name: cast("Property", {"description": MEANINGS[topic][name], **kind})
        for name, kind in made["properties"].items()
    }
    if topic == STOCKS.name:
        properties["interval"]["pattern"] = "^[1-9][0-9]{0,7}(m|h|d|wk|mo|y)$"
        properties["time"]["format"] = "date-time"
    return {
        "$schema": _DIALECT,
        "title": record.__name__,
        "description": f"A message of the topic {topic}. Fields at their default are left out.",
        "type": "object",
        "properties": properties,
        "required": made["required"],
    }


def fields(topic: str) -> Iterator[Field]:
    """The fields of a topic's records, in their order."""
    made = schema(topic)
    for name, kind in made["properties"].items():
        alternatives = kind.get("anyOf", [{"type": kind.get("type", "string")}])
        types = [each.get("type", "string") for each in alternatives]  # of an enumeration: texts
        default = "" if name in made["required"] else msgspec.json.encode(kind["default"]).decode()
        yield Field(name, " or ".join(types), default, kind["description"])
