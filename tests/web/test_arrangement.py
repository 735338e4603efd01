"""What a layout may hold."""

from __future__ import annotations

import json

import pytest

from stockstream.web.arrangement import arrangement, written

LEVEL: dict[str, object] = {"panel": "price", "value": 101.5, "once": True}
CHART: dict[str, object] = {
    "view": "chart", "airlines": [], "symbol": "AAPL", "interval": "1m", "feed": None, "resample": None,
    "studies": ["bollinger:period=50", "volume"], "compare": ["MSFT"], "mode": 2, "levels": {"AAPL": [LEVEL]},
}  # fmt: skip


def test_a_layout_of_the_page_is_kept_as_it_is() -> None:
    linked = {"symbol": False, "time": True, "crosshair": True}
    content: dict[str, object] = {"theme": "dark", "zone": "Europe/Berlin", "linked": linked, "charts": [CHART] * 4}
    found = arrangement(json.loads(written(arrangement(content))))
    assert found == arrangement(content)
    assert (found.charts[3].mode, found.charts[3].levels["AAPL"][0].value) == (2, 101.5)
    assert written(arrangement({"charts": []})) == "{}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"theme": "constructor"}, "there is no theme constructor"),
        ({"theme": 1}, r"Expected `str \| null`, got `int` - at `\$.theme`"),
        ({"zone": "../../etc/passwd"}, r"matching regex .* at `\$.zone`"),
        ({"zone": "<b>x</b>"}, r"matching regex .* at `\$.zone`"),
        ({"zone": "A" * 65}, "length <= 64"),
        ({"charts": [{}] * 5}, "length <= 4"),
        ({"charts": [{"studies": 1}]}, "got `int`"),
        ({"charts": [{"studies": ["x"] * 21}]}, "length <= 20"),
        ({"charts": [{"symbol": "x" * 201}]}, "length <= 200"),
        ({"charts": [{"mode": 9}]}, "Invalid enum value 9"),
        ({"charts": [{"view": "x"}]}, "Invalid enum value 'x'"),
        ({"charts": [{"levels": {"A": [LEVEL] * 101}}]}, "length <= 100"),
        ({"charts": [{"levels": {"A": [{"panel": 0, "value": "1"}]}}]}, "Expected `float`"),
        ({"charts": [{"__proto__": {}}]}, "unknown field `__proto__`"),
        ({"other": 1}, "unknown field `other`"),
    ],
)
def test_a_layout_that_could_harm_a_page_is_refused(content: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arrangement(content)


def test_what_is_linked_is_kept_in_full() -> None:
    linked = {"symbol": False, "time": True, "crosshair": True}
    assert json.loads(written(arrangement({"linked": {"symbol": False}})))["linked"] == linked


@pytest.mark.parametrize(
    "zone", ["", "UTC", "US/Eastern", "Asia/Calcutta", "America/Argentina/Buenos_Aires", "Etc/GMT+5"]
)
def test_a_zone_of_a_browser_is_kept_whatever_this_machine_knows(zone: str) -> None:
    assert arrangement({"zone": zone}).zone == zone
