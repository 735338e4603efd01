"""Toolkits are tried in separate processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from stockstream.charts.window import toolkits
from stockstream.errors import DisplayError


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


@pytest.mark.usefixtures("no_display")
@pytest.mark.parametrize("wanted", ["auto", "tk", "qt"])
def test_without_a_display_there_is_a_hint_and_no_probe(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolkits, "probe", lambda _: pytest.fail("probed"))
    with pytest.raises(DisplayError, match=r"no display .*--headless FILE\.png"):
        toolkits.choose(wanted)


def test_display_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4711")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(DisplayError) as caught:
        toolkits.choose("auto")
    assert "tk: " in str(caught.value)
    assert "qt: " in str(caught.value)
    assert "--headless FILE.png" in str(caught.value)
    assert "\n" not in str(caught.value)


def probes(monkeypatch: pytest.MonkeyPatch, **programs: str) -> None:
    """Other programs in place of those that try the toolkits."""
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(toolkits, "_PROBES", programs)


def test_the_first_that_works_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    probes(monkeypatch, tk="", qt="")
    assert (toolkits.choose("auto"), toolkits.choose("qt")) == ("TkAgg", "QtAgg")
    probes(monkeypatch, tk="import no_such_toolkit", qt="")
    assert toolkits.choose("auto") == "QtAgg"


def test_a_toolkit_that_crashes_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    probes(monkeypatch, tk="import os; os.abort()", qt="")
    assert toolkits.probe("tk") == "it ended with -6"
    assert toolkits.choose("auto") == "QtAgg"


def test_a_toolkit_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    probes(monkeypatch, tk="import time; time.sleep(60)")
    monkeypatch.setattr(toolkits, "_TIME_OUT", 0.5)
    assert toolkits.probe("tk") == "no answer within 0 s"


def test_one_that_was_asked_for_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    probes(monkeypatch, tk="import no_such_toolkit", qt="")
    with pytest.raises(DisplayError, match=r"No module named 'no_such_toolkit'.*python3-tk"):
        toolkits.choose("tk")


@pytest.mark.parametrize("toolkit", list(toolkits.BACKENDS))
def test_the_screen_s_size_is_reported(toolkit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = toolkits.probe(toolkit) if toolkits.has_display() else "there is no display"
    if failure is not None:
        pytest.skip(f"{toolkit}: {failure}")
    name = toolkits.BACKENDS[toolkit]
    room = toolkits.screen(name)
    assert room.width > 600
    assert room.height > 400
    assert (room.left, room.top) == (0, 0)
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(DisplayError, match="size is not known"):
        toolkits.screen(name)


def test_finding_out_imports_no_matplotlib() -> None:
    program = "import sys, stockstream.charts.window.toolkits; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_no_module_that_draws_is_imported() -> None:
    program = """
import sys
from stockstream.cli.displays import MatplotlibDisplays
from stockstream.errors import DisplayError
try:
    MatplotlibDisplays().window(*[None] * 4)
except DisplayError as error:
    print(error.message, "matplotlib" in sys.modules, "pandas" in sys.modules)
"""
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("(DISPLAY and WAYLAND_DISPLAY are not set) False False"), done.stderr
