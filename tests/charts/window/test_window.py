"""Real windows in separate processes, on each installed toolkit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stockstream.charts.window import toolkits

ROOT = Path(__file__).parents[3]
TOOLKITS = list(toolkits.BACKENDS)


def run(toolkit: str, scenario: str, folder: Path, *, logged: str = "") -> dict[str, Any]:
    failure = toolkits.probe(toolkit) if toolkits.has_display() else "there is no display"
    if failure is not None:
        pytest.skip(f"{toolkit}: {failure}")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.charts.window_process", toolkit, scenario],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert logged in ended.stderr if logged else ended.stderr == ""
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


@pytest.fixture(scope="module", params=TOOLKITS)
def used(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What a user met who tried everything."""
    folder = tmp_path_factory.mktemp("used")
    return run(request.param, "use", folder), folder


Used = tuple[dict[str, Any], Path]


def test_it_draws_what_comes(used: Used) -> None:
    result, _ = used
    assert result["rows"] > 210
    assert result["close drawn"] == result["close there is"]
    assert result["colours"] > 20


def test_the_screen_shows_the_canvas(used: Used) -> None:
    result, _ = used
    assert result["on screen"]
    assert result["still on screen"]
    assert result["on screen after resize"]
    assert result["size"] == pytest.approx([1200, 500], abs=2)


def test_most_frames_are_no_full_draw(used: Used) -> None:
    result, _ = used
    assert result["full while following"] < result["ticks"] / 2


def test_drawing_takes_no_focus(used: Used) -> None:
    result, _ = used
    assert result["focus kept"]


def test_n_and_b_switch_keys(used: Used) -> None:
    result, _ = used
    assert (result["after n"], result["after b"]) == ("MSFT", "AAPL")
    assert result["title"] == "AAPL 1m - Bands (20, 2)"


def test_space_pauses_the_drawing_and_not_the_reading(used: Used) -> None:
    result, _ = used
    assert "paused" in result["paused"]
    assert result["drawn while paused"] == 0
    assert result["came while paused"] > 0
    assert result["drawn after the pause"] >= result["came while paused"]


def test_zoom_ends_following_and_end_goes_back(used: Used) -> None:
    result, _ = used
    assert result["zoomed"] == [100, 150]
    assert not result["following when zoomed"]
    assert result["following after end"]
    assert result["right after end"] > -1


def test_s_saves(used: Used) -> None:
    result, folder = used
    (name,) = result["saved"]
    assert name.startswith("bands-AAPL-")
    assert name.endswith(".png")
    assert f"saved {name}" in result["after s"].replace("\n", "")
    assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_idle_window_rests(used: Used) -> None:
    result, _ = used
    assert result["full when idle"] == 0
    assert 1 < result["ticks a second when idle"] < 6


def test_matplotlib_s_own_keys_are_taken_out(used: Used) -> None:
    result, _ = used
    assert result["scale and mode"] == ["linear", ""]


def test_q_ends(used: Used) -> None:
    result, _ = used
    assert "q did nothing" not in result
    assert "levels kept back" not in result
    assert "raised" not in result


@pytest.mark.parametrize("toolkit", TOOLKITS)
@pytest.mark.parametrize(
    ("scenario", "raised"),
    [
        ("SIGINT", "KeyboardInterrupt"),
        ("SIGTERM", None),
        ("close", None),
        ("finish", None),
        ("fail", "RuntimeError('broken')"),
    ],
)
def test_endings(toolkit: str, scenario: str, raised: str | None, tmp_path: Path) -> None:
    result = run(toolkit, scenario, tmp_path)
    assert result.pop("seconds") < 20
    assert result.pop("levels kept back", False) is (scenario == "fail")
    assert result == ({} if raised is None else {"raised": raised})


@pytest.mark.parametrize("toolkit", TOOLKITS)
def test_another_thread_wakes_the_window(toolkit: str, tmp_path: Path) -> None:
    result = run(toolkit, "announced", tmp_path)
    assert result.pop("seconds") < 200
    assert result == {"drawn 0": True, "drawn 1": True, "drawn 2": True}


@pytest.mark.parametrize("toolkit", TOOLKITS)
def test_a_picture_that_cannot_be_drawn_is_reported_and_the_window_continues(toolkit: str, tmp_path: Path) -> None:
    result = run(toolkit, "undrawable", tmp_path, logged="OverflowError: too large")
    assert "scenario" not in result, result["scenario"]
    assert "raised" not in result
    assert "pictures not drawn (OverflowError: too large)" in result["while a mark is broken"]
    assert result["shown in its place"] == "this picture cannot be drawn: the log has the reason"
    assert result["other pixels"]
    assert result["afterwards"] == ""
    assert "cannot be drawn" in result["while the data is broken"]
    assert result["in the end"] == ""
    assert result["open"]
