"""`stockstream quality`, against a real broker."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec

from stockstream.records import Bar
from stockstream.topics import STOCKS
from tests.site import Site

OPENING = datetime(2026, 3, 19, 13, 30, tzinfo=UTC)


def bar(minute: int, close: float = 100.0, **changes: object) -> Bar:
    time = OPENING + timedelta(minutes=minute)
    made = Bar(symbol="AAPL", interval="1m", time=time, high=200.0, low=1.0, close=close, currency="USD", source="test")
    return msgspec.structs.replace(made, **changes)


def test_a_topic_is_judged_by_series_and_calendar(site: Site) -> None:
    bars = [bar(0), bar(1), bar(1), bar(5, flags=("jump",)), bar(5, 101.0, flags=("jump",)), bar(0, symbol="KO")]
    site.send(STOCKS, bars)
    (site.folder / "config.yaml").write_text("calendars: {AAPL: XNYS}\n")
    try:
        result = json.loads(site.run("quality", "stocks", "--json").stdout)
        text = site.run("quality", "stocks", "--plot", "quality.png", "--fail-on", "gaps,jump")
        again = site.run("quality", "stocks", "KO", "--plot", "quality.png")
        absent = [site.run("quality", "stocks", "KO", "NOPE", *more) for more in ((), ("--fail-on", "any"))]
        passed = site.run("quality", "stocks", "KO", "--fail-on", "any")
    finally:
        (site.folder / "config.yaml").unlink()
    apple, coke = result
    assert (apple["symbol"], apple["bars"], apple["missing"], apple["duplicates"], apple["revisions"]) == (
        "AAPL", 3, 3, 1, 1,
    )  # fmt: skip
    assert apple["gaps"] == [{"from": "2026-03-19T13:32:00Z", "bars": 3}]
    assert apple["flags"] == {"jump": 1}
    assert (coke["symbol"], coke["missing"], coke["flags"]) == ("KO", None, {})
    assert text.returncode == 1
    assert "AAPL 1m: gaps, jump" in text.stderr
    assert "AAPL 1m: 3 bars missing from 2026-03-19 13:32Z" in text.stdout
    assert (site.folder / "quality.png").read_bytes().startswith(b"\x89PNG")
    assert (passed.returncode, passed.stdout.count("not judged")) == (0, 1)
    assert again.returncode == 0, "the picture is ours: it is drawn anew"
    assert [each.returncode for each in absent] == [0, 1]
    assert all("there are no bars of NOPE" in each.stderr for each in absent)
