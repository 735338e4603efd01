"""Synthetic flights."""

from __future__ import annotations

from typing import Any

import msgspec

from stockstream.records import Flight


def flight(row: int, **fields: Any) -> Flight:
    """A flight of AA from JFK to LAX; what is not named is empty or 1."""
    values: dict[str, Any] = {
        field.name: None if type(None) in getattr(field.type, "__args__", ()) else 1
        for field in msgspec.structs.fields(Flight)
    }
    known = {
        "file": "0123456789abcdef",
        "row": row,
        "year": 2015,
        "airline": "AA",
        "flight_number": 98,
        "origin_airport": "JFK",
        "destination_airport": "LAX",
        "scheduled_departure": 905,
        "arrival_delay": -4,
        "cancelled": 0,
        "diverted": 0,
    }
    return Flight(**(values | known | fields))
