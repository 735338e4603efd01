"""The dashboard in a real window, used with mouse and keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stockstream.charts.theme import THEMES
from stockstream.charts.window import toolkits

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("toolkit", list(toolkits.BACKENDS))
def test_a_user_opens_tiles_changes_looks_pauses_and_closes(toolkit: str, tmp_path: Path) -> None:
    failure = toolkits.probe(toolkit) if toolkits.has_display() else "there is no display"
    if failure is not None:
        pytest.skip(f"{toolkit}: {failure}")
    command = [sys.executable, "-m", "tests.charts.dashboard_process", toolkit]
    there = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=tmp_path, env=there, capture_output=True, text=True, timeout=240, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    result = json.loads(ended.stdout)
    assert result.pop("theme") != THEMES["light"].background
    assert "paused" in result.pop("strip")
    assert result.pop("saved") == ["dashboard"]
    assert result == {
        "moved": True,
        "alone": "rows",
        "all": None,
        "ranked": True,
        "still ranked": True,
        "held": True,
        "helped": True,
        "back": [False, None],
    }
