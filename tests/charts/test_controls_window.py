"""Windows moved by real keys and a real mouse, with and without a window manager, on each installed toolkit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

from stockstream.charts.window import toolkits
from stockstream.present.geometry import Geometry

ROOT = Path(__file__).parents[2]
TOOLKITS = list(toolkits.BACKENDS)


def run(toolkit: str, scenario: str, folder: Path, memory: Path, **more: str) -> dict[str, Any]:
    failure = toolkits.probe(toolkit) if toolkits.has_display() else "there is no display"
    if failure is not None or shutil.which("xdotool") is None:
        pytest.skip(f"{toolkit}: {failure or 'xdotool is not installed'}")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.charts.controls_process", toolkit, scenario, str(memory)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **more},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    result: dict[str, Any] = json.loads(ended.stdout)
    assert "scenario" not in result, result["scenario"]
    return result


@pytest.fixture(scope="module", params=["managed", pytest.param("bare", marks=pytest.mark.thorough)])
def managed(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether a window manager is there."""
    if request.param == "bare":
        yield False
        return
    if not toolkits.has_display() or shutil.which("openbox") is None:
        pytest.skip("there is no display, or openbox is not installed")
    process = subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    if process.poll() is not None:
        pytest.skip("openbox does not run here")
    yield True
    process.terminate()
    process.wait()


@pytest.fixture(scope="module", params=TOOLKITS)
def used(request: pytest.FixtureRequest, managed: bool, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("used")
    return {**run(request.param, "use", folder, folder.parent / "memory.json"), "managed": managed}


def test_symbols_are_switched_and_picked(used: dict[str, Any]) -> None:
    assert used["symbols"] == ["MSFT", "AAPL", "MSFT", "AAPL", "MSFT", "AAPL"]


def test_wheel_zooms_around_the_mouse(used: dict[str, Any]) -> None:
    assert used["wheel"] == pytest.approx(0.8)
    assert used["wheel keeps"] == pytest.approx(0, abs=0.01)
    assert used["minus"] == pytest.approx([0, 0], abs=1e-6)


def test_mouse_drags_time(used: dict[str, Any]) -> None:
    assert used["drag moved"] > 50
    assert used["drag keeps"] == pytest.approx(0, abs=0.01)
    assert not used["following after drag"]


def test_what_was_moved_stays_until_end(used: dict[str, Any]) -> None:
    assert used["view stays"]
    assert used["left"] == pytest.approx(-0.1)
    assert used["following after end"]


def test_values_are_scaled_by_shift_and_wheel_and_by_their_axis(used: dict[str, Any]) -> None:
    assert used["shift and wheel"] == pytest.approx(1.25)
    assert used["held"] == used["held after the axis"] == [True, False]
    assert used["held after a"] == [False, False]


def test_looks_are_switched(used: dict[str, Any]) -> None:
    assert [look[:3] for look in used["looks"]] == [
        ["dark", False, True],
        ["contrast", False, True],
        ["contrast", True, True],
        ["contrast", True, False],
        ["light", True, False],
        ["light", False, False],
        ["light", False, True],
    ]


def test_screen_shows_what_a_full_draw_paints_whatever_was_done(used: dict[str, Any]) -> None:
    for name in ("wheel", "drag", "ticks", "the axis"):
        assert used[f"true after {name}"], name
    assert all(look[3] for look in used["looks"])
    assert used["true in full screen"] or not used["managed"]


def test_help_comes_and_goes(used: dict[str, Any]) -> None:
    assert used["help"] == [True, True]
    assert used["help after Escape"] == [False, True]


def test_files_are_saved(used: dict[str, Any]) -> None:
    assert used["saved"] == [".csv", ".pdf", ".png", ".svg"]


def test_tool_bar_comes_and_goes(used: dict[str, Any]) -> None:
    assert 20 < used["tools take"] < 80
    assert used["true with tools"]
    assert used["tools gone"]


def test_full_screen_and_back(used: dict[str, Any]) -> None:
    if used["managed"]:
        assert used["full screen"][0] == 1600
    assert used["back"]


def test_q_closes(used: dict[str, Any]) -> None:
    assert "q did nothing" not in used
    assert "raised" not in used


@pytest.mark.parametrize("toolkit", TOOLKITS)
def test_window_is_found_as_it_was_left(toolkit: str, managed: bool, tmp_path: Path) -> None:
    del managed
    memory = tmp_path / "memory" / "bands-all.json"
    left = run(toolkit, "leave", tmp_path, memory)
    found = run(toolkit, "come back", tmp_path, memory)
    assert found.pop("true")
    found.pop("strip")
    there, here = (Geometry.parse(result.pop("place")) for result in (left, found))
    assert (here.width, here.height) == (there.width, there.height) == (820, 540)
    assert (here.left, here.top) == (there.left, there.top)
    assert found == left == {
        "symbol": "MSFT", "rows": left["rows"], "theme": "dark", "log": True, "picture": "svg", "following": True
    }  # fmt: skip
    assert left["rows"] < 300


@pytest.mark.parametrize("toolkit", TOOLKITS)
def test_damaged_memory_is_set_aside_and_said(toolkit: str, tmp_path: Path) -> None:
    memory = tmp_path / "bands.json"
    memory.write_text('{"window": {"rows": "many"')
    found = run(toolkit, "come back", tmp_path, memory)
    assert (found["symbol"], found["theme"]) == ("AAPL", "light")
    assert "what was remembered is damaged: set aside as" in found["strip"]
    assert memory.with_name("bands.json.damaged").read_text() == '{"window": {"rows": "many"'


@pytest.mark.thorough  # tests/charts/test_resting.py does the same without a screen
@pytest.mark.parametrize("toolkit", TOOLKITS)
def test_words_are_of_the_row_under_a_mouse_that_rests(toolkit: str, tmp_path: Path) -> None:
    rested = run(toolkit, "rest", tmp_path, tmp_path / "memory.json")
    assert rested["wrong"] == {}
    assert rested["home"] == [True, True, True]
    assert rested["true after home"]


@pytest.mark.parametrize("doubled", [False, True], ids=["plain", "doubled"])
@pytest.mark.parametrize("toolkit", TOOLKITS)
def test_windows_open_within_the_screen_at_its_scale(toolkit: str, doubled: bool, tmp_path: Path) -> None:
    """Qt reads the scale from its own variable, Tk from the desktop's Xft.dpi."""
    fonts = {"MPLCONFIGDIR": mpl.get_cachedir()}  # in a new home matplotlib would look for all fonts again
    more = {"QT_SCALE_FACTOR": "2" if doubled else "1", "HOME": str(tmp_path), **fonts}
    (tmp_path / ".Xdefaults").write_text(f"Xft.dpi: {192 if doubled else 96}\n")
    result = run(toolkit, "fit", tmp_path, tmp_path / "memory.json", **more)
    units = 2 if doubled and toolkit == "qt" else 1  # pixels in which the toolkit counts
    screen = Geometry.parse(result["opened"]), result["pixels"]
    assert result["dpi"] == pytest.approx(200 if doubled else 100, abs=1)
    assert screen[1] == [units * screen[0].width, units * screen[0].height]
    assert screen[1][0] <= 1600
    assert screen[1][1] <= 1200
    if not doubled:
        assert screen[1] == pytest.approx([1000, 600], abs=2)
    tiny, off = Geometry.parse(result["tiny"]), Geometry.parse(result["off"])
    least = 2 if doubled and toolkit == "tk" else 1
    assert [tiny.width, tiny.height] == pytest.approx([300 * least, 200 * least], abs=2)
    assert off.left is not None
    assert off.top is not None
    assert off.left + off.width <= 1600 / units + 8
    assert off.top >= 0
