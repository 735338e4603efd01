"""Instants and numbers as people and machines write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockstream.producers.readings.reading import instant, number

NOON = datetime(2026, 3, 19, 12, 0, tzinfo=UTC)
EPOCH = NOON.timestamp()
EPOCH_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-19T12:00:00Z",
        " 2026-03-19 13:00:00+01:00 ",
        "20260319T120000Z",
        EPOCH,
        int(EPOCH) * 1_000,
        int(EPOCH) * 10**6,
        int(EPOCH) * 10**9,
        str(int(EPOCH)),
        f"{EPOCH:.3f}",
        NOON,
    ],
)
def test_a_time_in_any_usual_form(written: object) -> None:
    assert instant(written) == NOON


def test_a_time_without_an_offset_is_of_the_zone() -> None:
    assert instant("2026-03-19 13:00", ZoneInfo("Europe/Berlin")) == NOON
    assert instant("2026-03-19", ZoneInfo("Europe/Berlin")).isoformat() == "2026-03-18T23:00:00+00:00"


@pytest.mark.parametrize("written", [None, "", "noon", True, [], {}, float("nan"), 1e300, "1850-01-01", "9" * 40])
def test_what_is_no_time_is_reported_in_a_line(written: object) -> None:
    with pytest.raises(ValueError, match=r"is not a time|is not in the years") as caught:
        instant(written)
    assert len(str(caught.value)) < 200


@given(st.integers(631_152_000_000_000, 4_102_444_800_000_000).map(lambda us: EPOCH_BEGIN + timedelta(microseconds=us)))
def test_iso_and_epochs_agree(time: datetime) -> None:
    assert instant(time.isoformat()) == time
    assert abs((instant(time.timestamp()) - time).total_seconds()) < 1e-5


@pytest.mark.parametrize(("written", "value"), [("1e3", 1000.0), (" -2.5 ", -2.5), (7, 7.0), (False, 0.0)])
def test_numbers(written: object, value: float) -> None:
    assert number(written) == value


@pytest.mark.parametrize("written", ["", "nan", "inf", "1,5", None, 1e101, [1], 10**400])
def test_what_is_no_number_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        number(written)
