"""The record of the topic alerts: its id, its states, what its decoder takes and refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from stockstream.alerts.alert import acknowledged, alert_id, mute_id, muting, withdrawn
from stockstream.codec import Unreadable
from stockstream.records import Series
from stockstream.topics import ALERTS
from tests.alerts.alerts import TIME, alert

LATER = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def test_an_id_depends_on_the_cause_and_on_nothing_else() -> None:
    series = Series("AAPL", "15m")
    cause: tuple[Any, ...] = ("high", series, TIME, "above", "1m")
    others: list[tuple[Any, ...]] = [
        ("low", *cause[1:]),
        ("high", series._replace(symbol="MSFT"), *cause[2:]),
        ("high", series._replace(interval="1h"), *cause[2:]),
        ("high", series._replace(feed="simulated"), *cause[2:]),
        ("high", series, LATER, *cause[3:]),
        ("high", series, TIME, "below", "1m"),
        ("high", series, TIME, "above", "5m"),
    ]
    assert len({alert_id(*each) for each in (cause, *others)}) == 1 + len(others)
    elsewhere = TIME.astimezone(timezone(timedelta(hours=-5)))
    assert alert_id(*cause) == alert_id("high", series, elsewhere, "above", "1m")


def test_the_topic_keeps_the_last_state_of_each_id() -> None:
    assert ALERTS.config["cleanup.policy"] == "compact"
    raised = alert()
    for later in (withdrawn(raised, LATER), acknowledged(raised, LATER)):
        assert ALERTS.key(later) == ALERTS.key(raised) == raised.id
        assert (later.at, later.time) == (LATER, TIME)
        assert ALERTS.decoder()(ALERTS.encode(later)) == later
    muted = muting("high", "AAPL", LATER, TIME)
    assert ALERTS.key(muted) == mute_id("high", "AAPL") != mute_id("high")
    assert ALERTS.decoder()(ALERTS.encode(muted)) == muted


def test_times_are_decoded_to_utc_and_an_unknown_zone_to_none() -> None:
    there = timezone(timedelta(hours=-5))
    sent = alert(time=TIME.astimezone(there), at=LATER.astimezone(there), tz="Nowhere/At_All")
    found = ALERTS.decoder()(ALERTS.encode(sent))
    assert found == alert(at=LATER)
    assert (found.time.tzinfo, found.at.tzinfo, found.tz) == (UTC, UTC, None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "gone"}, "state"),
        ({"way": "sideways"}, "way"),
        ({"interval": "1x"}, "not an interval"),
        ({"of": "soon"}, "not an interval"),
        ({"time": "1492-10-12T00:00:00Z"}, "not in the years"),
        ({"at": "2026-03-02T14:32:01"}, "at"),
        ({"until": "9999-01-01T00:00:00Z"}, "not in the years"),
        ({"values": {"close": "high"}}, "values"),
        ({"id": None}, "id"),
    ],
)
def test_what_is_no_alert_is_refused(change: dict[str, Any], reason: str) -> None:
    whole = msgspec.to_builtins(alert()) | change
    with pytest.raises(Unreadable, match=reason):
        ALERTS.decoder()(msgspec.json.encode(whole))
