"""The preferences that a window remembers."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from stockstream.present.geometry import Geometry
from stockstream.present.memory import Memory
from stockstream.present.preferences import CurrentPreferences, Preferences

USUAL = Preferences(rows=500, theme="light", grid=True, log=False, picture="png")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bollinger-AAPL.json"


def begun(
    path: Path, usual: Preferences = USUAL, asked: Preferences | None = None
) -> tuple[CurrentPreferences, Memory]:
    memory = Memory(path)
    return CurrentPreferences(memory, usual, asked or Preferences()), memory


def changed(path: Path, **changes: object) -> None:
    """A run in which the user changes something."""
    habit, memory = begun(path)
    habit.note(msgspec.structs.replace(habit.now, **changes))
    memory.close()


def test_what_was_changed_is_so_at_the_next_start(path: Path) -> None:
    place = Geometry(900, 500, -20, 30)
    changed(path, theme="dark", rows=90, geometry=place, key="MSFT", log=True)
    assert begun(path)[0].now == Preferences(place, "MSFT", 90, "dark", grid=True, log=True, picture="png")


def test_other_settings_hold_where_nothing_was_changed(path: Path) -> None:
    changed(path, rows=90)
    now = begun(path, msgspec.structs.replace(USUAL, theme="contrast", rows=800))[0].now
    assert (now.theme, now.rows) == ("contrast", 90)


def test_what_is_as_usual_again_is_forgotten(path: Path) -> None:
    changed(path, theme="dark")
    changed(path, theme="light")
    assert begun(path, msgspec.structs.replace(USUAL, theme="contrast"))[0].now.theme == "contrast"


def test_what_is_asked_for_holds_once(path: Path) -> None:
    changed(path, theme="dark", rows=90)
    habit, memory = begun(path, asked=Preferences(theme="light", rows=40))
    assert (habit.now.theme, habit.now.rows) == ("light", 40)
    habit.note(msgspec.structs.replace(habit.now, log=True))
    memory.close()
    now = begun(path)[0].now
    assert (now.theme, now.rows, now.log) == ("dark", 90, True)


def test_place_is_remembered_even_where_it_was_asked_for(path: Path) -> None:
    place = Geometry(900, 500, -20, 30)
    habit, memory = begun(path, asked=Preferences(geometry=place))
    habit.note(habit.now)
    memory.close()
    assert begun(path)[0].now.geometry == place


def test_nothing_is_written_where_nothing_changes(path: Path) -> None:
    habit, memory = begun(path)
    habit.note(habit.now)
    memory.close()
    assert not path.exists()


@pytest.mark.parametrize("content", ['{"rows": 1}', '{"geometry": {"width": "wide", "height": 3}}', '{"grid": 3}'])
def test_nonsense_is_set_aside(path: Path, content: str) -> None:
    path.write_text(f'{{"window": {content}, "alerts": {{"AAPL": [100.0]}}}}')
    habit, memory = begun(path)
    assert habit.now == USUAL
    assert "damaged" in memory.note
    assert memory.get("alerts", dict[str, list[float]], {}) == {"AAPL": [100.0]}
