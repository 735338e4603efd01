"""Plug-ins: entry points and the user's own files, failing ones, and the settings that may name them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from stockstream.config import load
from stockstream.plugins import INDICATORS, Plugins
from tests.guide import write_files


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The files of the guide, as a user would have written them."""
    write_files(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("stockstream_plugin_")]:
        del sys.modules[name]


def test_a_file_offers_what_it_defines_and_nothing_that_it_imports(folder: Path) -> None:
    offers = Plugins([folder / "streak.py"]).offers(INDICATORS)
    assert [offer.name for offer in offers] == ["StreakPoint", "Streak"]
    assert {offer.origin for offer in offers} == {str(folder / "streak.py")}


def test_one_that_fails_stops_no_other_and_says_where(folder: Path) -> None:
    (folder / "bad.py").write_text("\n1 / 0\n")
    (folder / "odd.py").write_text("def\n")
    (folder / "ends.py").write_text("import sys\nsys.exit(3)\n")
    names = ("bad.py", "odd.py", "ends.py", "absent.py", "streak.py")
    plugged = Plugins([folder / name for name in names])
    assert [offer.name for offer in plugged.offers(INDICATORS)] == ["StreakPoint", "Streak"]
    result = [str(failure).replace(f"{folder}/", "") for failure in plugged.failures]
    assert result == [
        "plug-in bad.py is left out: line 2: ZeroDivisionError: division by zero",
        "plug-in odd.py is left out: line 1: SyntaxError: invalid syntax",
        "plug-in ends.py is left out: line 2: SystemExit: 3",
        "plug-in absent.py is left out: it cannot be read: No such file or directory",
    ]


def test_entry_points_are_taken_and_one_that_does_not_load_is_reported() -> None:
    points = [
        EntryPoint("rows", "stockstream.indicators.row_average:RowAverage", INDICATORS),
        EntryPoint("none", "stockstream.absent:Nothing", INDICATORS),
    ]
    plugged = Plugins(points=points)
    assert [offer.name for offer in plugged.offers(INDICATORS)] == ["rows"]
    assert [failure.reason for failure in plugged.failures] == [
        "ModuleNotFoundError: No module named 'stockstream.absent'"
    ]


def test_plugins_are_heeded_in_a_file_that_was_named_and_in_the_user_s_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    own = folder / "own" / "config.yaml"
    own.parent.mkdir()
    own.write_text("plugins: [mine.py]\nwindow: {rows: 77}\n")
    (folder / "config.yaml").write_text("plugins: [found.py]\nwindow: {theme: dark}\n")
    found = load(environ={"STOCKSTREAM_PLUGINS": "[variable.py]"}, own=own)
    assert found.plugins == (own.parent / "mine.py",)
    assert (found.window.rows, found.window.theme, found.named) == (77, "dark", None)
    assert [result.partition(" - ")[0] for result in found.ignored] == [
        "config.yaml, line 1: plugins are not loaded from here, as they are code",
        "environment variable STOCKSTREAM_PLUGINS: plugins are not loaded from here, as they are code",
    ]
    named = load(folder / "settings.yaml", environ={}, own=own)
    assert named.plugins == (folder / "streak.py", folder / "streak_window.py")
    assert (named.ignored, named.named) == ((), folder / "settings.yaml")
