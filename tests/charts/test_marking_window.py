"""Windows read and marked with a real mouse, on each installed toolkit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stockstream.charts.window import toolkits

ROOT = Path(__file__).parents[2]
each_toolkit = pytest.mark.parametrize("toolkit", list(toolkits.BACKENDS))


def run(toolkit: str, scenario: str, memory: Path) -> dict[str, Any]:
    failure = toolkits.probe(toolkit) if toolkits.has_display() else "there is no display"
    if failure is not None or shutil.which("xdotool") is None:
        pytest.skip(f"{toolkit}: {failure or 'xdotool is not installed'}")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.charts.marking_process", toolkit, scenario, str(memory)],
        cwd=memory.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout)
    assert "scenario" not in result, result["scenario"]
    return result


@each_toolkit
def test_crosshair_follows_the_mouse(toolkit: str, tmp_path: Path) -> None:
    result = run(toolkit, "read", tmp_path / "memory.json")
    assert all(result["right"])
    assert result["full while it moved"] == 0
    assert all(result["right while bars came"])
    assert result["last again"]
    assert result["another than before"]
    for name in ("shown", "true", "true after bars", "true beside the panels", "true at the end"):
        assert result[name], name


@each_toolkit
def test_distances_and_levels(toolkit: str, tmp_path: Path) -> None:
    result = run(toolkit, "mark", tmp_path / "memory.json")
    assert result["measured"].startswith("▲ +")
    assert " bars, " in result["measured"]
    assert result["gone"]
    assert not result["moved"]
    assert result["flashing"]
    assert result["strip"].startswith("AAPL: close fell through ")
    # Where the close was above the level when that was set, the first one below it is a crossing, too.
    told = [line.split(" through ")[0] for line in result["log"]]
    assert told[-2:] == ["AAPL: close rose", "AAPL: close fell"]
    assert told[:-2] in ([], ["AAPL: close fell"])
    assert not result["strip after Escape"].startswith("AAPL")
    for name in ("while measuring", "when measured", "with bars", "with a level", "when flashed"):
        assert result[f"true {name}"], name
    back = run(toolkit, "come back", tmp_path / "memory.json")
    assert back["levels"] == result["levels"]
    assert back["after h"] == 0
    assert back["true"]
    assert back["true after h"]
