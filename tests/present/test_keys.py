"""The table of keys: the handler, the help and the guide agree with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from matplotlib.backend_bases import LocationEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.window.keyboard import Keyboard, wheel
from stockstream.present.keys import CHART, DASHBOARD, Binding

GUIDE = Path(__file__).parents[2] / "docs" / "windows.md"


TABLES = pytest.mark.parametrize("table", [CHART, DASHBOARD], ids=["chart", "dashboard"])


def pressed(*keys: str | None, table: Sequence[Binding] = CHART) -> list[tuple[str, str]]:
    """The actions that a keyboard calls, each with the key that it received."""
    calls: list[tuple[str, str]] = []
    handlers = {
        action: lambda key, _, action=action: calls.append((action, key))
        for action in {binding.action for binding in table if binding.keys}
    }
    keyboard = Keyboard(table, handlers)
    event = LocationEvent("key_press_event", FigureCanvasAgg(Figure()), 0, 0)
    for key in keys:
        keyboard.press(key, event)
    return calls


@TABLES
def test_every_key_of_the_table_calls_its_action(table: Sequence[Binding]) -> None:
    for binding in table:
        assert pressed(*binding.keys, table=table) == [(binding.action, key) for key in binding.keys]


@TABLES
def test_no_key_is_bound_twice(table: Sequence[Binding]) -> None:
    keys = [key for binding in table for key in binding.keys]
    assert len(keys) == len(set(keys))


def test_caps_lock_does_not_matter_where_a_letter_has_one_meaning() -> None:
    assert pressed("N", "Q", "s", "S") == [("turn", "n"), ("close", "q"), ("save", "s"), ("format", "S")]


@pytest.mark.parametrize("key", [None, "", "ctrl+q", "alt+n", "x", "insert"])
def test_other_keys_do_nothing(key: str | None) -> None:
    assert pressed(key) == []


def test_handler_without_a_key_is_refused() -> None:
    handlers = {binding.action: lambda *_: None for binding in CHART}
    with pytest.raises(AssertionError, match="another"):
        Keyboard(CHART, {**handlers, "another": lambda *_: None})
    del handlers["pause"]
    with pytest.raises(AssertionError, match="pause"):
        Keyboard(CHART, handlers)


def test_wheel_is_named() -> None:
    assert [wheel(1, ()), wheel(-0.3, {"shift"})] == ["wheel up", "shift+wheel down"]
    assert wheel(2, {"shift", "ctrl"}) == "ctrl+shift+wheel up"


@pytest.mark.parametrize(("table", "title"), [(CHART, "Keys and mouse"), (DASHBOARD, "The dashboard")])
def test_the_guide_holds_the_table(table: Sequence[Binding], title: str) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    (section,) = re.findall(rf"\n## {title}\n(.*?)\n##", text, re.DOTALL)
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    assert rows[2:] == [(binding.label, binding.does) for binding in table]
