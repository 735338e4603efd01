"""Validity of a record: the same for every reader, and any other bytes are unreadable."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stockstream.codec import Decoder, Unreadable
from stockstream.consumers.registry import VIEWS
from stockstream.records import Bar, Candle, Flight, FlightDay
from stockstream.tables.columns import records_of
from stockstream.tables.schema import FLIGHT_ROWS
from stockstream.topics import FLIGHTS, STOCKS
from tests.cli.records import flight as a_flight

BAR: dict[str, Any] = {
    "symbol": "FORN",
    "interval": "1m",
    "time": "2026-03-19T13:30:00Z",
    "open": 10.0,
    "high": 11.0,
    "low": 9.0,
    "close": 10.5,
    "volume": 100,
    "source": "x",
}


def raw(**changes: Any) -> bytes:
    return json.dumps(BAR | changes).encode()


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({}, "time", datetime(2026, 3, 19, 13, 30, tzinfo=UTC)),
        ({"time": "2026-03-19T09:32:00-04:00"}, "time", datetime(2026, 3, 19, 13, 32, tzinfo=UTC)),
        ({"time": "1900-01-01T00:00:00Z"}, "time", datetime(1900, 1, 1, tzinfo=UTC)),
        ({"time": "2261-12-31T23:59:59Z"}, "time", datetime(2261, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ({"interval": "3m"}, "interval", "3m"),
        ({"interval": "2wk"}, "interval", "2wk"),
        ({"volume": 92233720368547758080}, "volume", 92233720368547758080.0),
        ({"volume": None}, "volume", None),
        ({"open": None}, "open", None),
        ({"close": -37.63}, "close", -37.63),
        ({"tz": "America/New_York"}, "tz", "America/New_York"),
        ({"tz": "Mars/Olympus"}, "tz", None),
        ({"tz": "../../etc/passwd"}, "tz", None),
        ({"tz": "US"}, "tz", None),
        ({"tz": "x" * 100_000}, "tz", None),
    ],
)
def test_what_is_a_bar(changes: dict[str, Any], field: str, value: Any) -> None:
    bar = STOCKS.decoder()(raw(**changes))
    assert getattr(bar, field) == value
    assert bar.time.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (raw(time="2026-03-19T13:31:00"), "timezone component - at `$.time`"),
        (raw(time=1773927180), "Expected `datetime`, got `int` - at `$.time`"),
        (raw(time="9999-12-31T23:59:59Z"), "is not in the years 1900 to 2261"),
        (raw(time="0001-01-01T00:00:00+14:00"), "is not in the years 1900 to 2261"),
        (raw(time="1899-12-31T23:59:59Z"), "is not in the years 1900 to 2261"),
        (raw(time="1900-01-01T00:00:00+00:01"), "is not in the years 1900 to 2261"),
        (raw(close="10.6"), "Expected `float`, got `str` - at `$.close`"),
        (raw(high=True), "Expected `float`, got `bool`"),
        (raw(high=None), "Expected `float`, got `null`"),
        (raw(close=float("nan")), "JSON is malformed"),
        (raw(close=1.7e308), "<= 1e+100 - at `$.close`"),
        (raw(volume=-1.7e308), ">= -1e+100 - at `$.volume`"),
        (raw().replace(b"10.5", b"1e400"), "Number out of range - at `$.close`"),
        (raw().replace(b"10.5", b"9" * 5_000), "Number out of range"),
        (raw(interval="1x"), "'1x' is not an interval: a whole number of m, h, d, wk, mo or y"),
        (raw(interval="0m"), "'0m' is not an interval"),
        (raw(interval="9" * 100_000 + "m"), "'99999999999999999999...' is not an interval"),
        (raw(adj_close="x"), "at `$.adj_close`"),
        (raw(revision=-1), "at `$.revision`"),
        (b"", "truncated"),
        (b"null", "Expected `object`, got `null`"),
        (b"\xff\xfe", "malformed"),
        (b'{"symbol": "\\ud800"}', ""),
        (b"[" * 100_000, "Expected `object`, got `array`"),
        (b'{"a":' * 100_000, "recursion"),
        (None, "the message has no value"),
    ],
    ids=str,
)
def test_what_is_none_says_why(value: bytes | None, reason: str) -> None:
    good = raw()
    with pytest.raises(Unreadable) as caught:
        STOCKS.decoder()(value)
    assert reason in str(caught.value)
    with pytest.raises(Unreadable):
        STOCKS.decoder().many([good, value, good])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from([*Bar.__struct_fields__, *Flight.__struct_fields__, "other"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=st.binary() | st.builds(lambda changes: raw(**changes), st.dictionaries(FIELDS, JSON, max_size=3)))
def test_bytes_are_a_record_or_a_reason_alone_and_among_others(value: bytes) -> None:
    for record in (Bar, Candle, Flight, FlightDay):
        decoder: Decoder[Any] = Decoder(record)
        try:
            one = decoder(value)
        except Unreadable:
            with pytest.raises(Unreadable, match=r".+"):
                decoder.many([value, value])
        else:
            assert decoder.many([value, value]) == [one, one]


def test_a_flight_of_a_year_that_no_view_can_show_is_none() -> None:
    day = {"file": "f", "row": 1, "year": 2015, "month": 1, "day": 1, "airline": "AA"}
    assert Decoder(FlightDay)(json.dumps(day).encode()).year == 2015
    for year in (1, 1899, 2262, 9999):
        with pytest.raises(Unreadable, match="year"):
            Decoder(FlightDay)(json.dumps(day | {"year": year}).encode())
    assert FLIGHTS.record is Flight


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_flight_with_a_number_that_no_column_holds_is_none(number: int) -> None:
    flight = msgspec.to_builtins(a_flight(1))
    for field in ("distance", "flight_number", "arrival_delay"):
        with pytest.raises(Unreadable, match=field):
            FLIGHTS.decoder()(json.dumps(flight | {field: number}).encode())
    for edge in (2**63 - 1, -(2**63)):
        found = FLIGHTS.decoder()(json.dumps(flight | {"distance": edge}).encode())
        assert records_of([found], FLIGHT_ROWS)["distance"].to_pylist() == [edge]


def test_windows_decode_whole_records_as_all_other_readers_do() -> None:
    for view in VIEWS.values():
        assert view.record is view.topic.record, view.name
