"""An indicator and a window from the user's own files: listed, described, drawn, tuned; never loaded by accident."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from stockstream.topics import STOCKS
from tests.cli.helpers import clean, stockstream
from tests.guide import write_files
from tests.site import Site
from tests.views.bars import walk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path)
    return tmp_path


def test_they_are_listed_and_described(folder: Path) -> None:
    named = ("--config", "settings.yaml")
    assert json.loads(stockstream(*named, "plugins", "--json", cwd=folder).stdout) == {
        "plugins": [
            {"kind": "indicator", "name": "streak", "origin": "streak.py"},
            {"kind": "study", "name": "streak", "origin": "streak_window.py"},
        ],
        "failures": [],
    }
    assert "streak  " in stockstream(*named, "indicators", cwd=folder).stdout
    assert "parameter  least = 1" in stockstream(*named, "indicators", "describe", "streak", cwd=folder).stdout
    assert "--least" in stockstream(*named, "watch", "streak", "--help", cwd=folder).stdout
    assert stockstream("plugins", cwd=folder).stdout.startswith("There are no plug-ins.")
    assert "no indicator" in stockstream("indicators", "describe", "streak", cwd=folder).stderr


def test_the_source_of_the_guide_is_a_command(folder: Path) -> None:
    (folder / "tides.yaml").write_text("plugins: [tides.py]\n")
    result = stockstream("--config", "tides.yaml", "produce", "tides", "--help", cwd=folder)
    assert result.stderr == ""
    assert "Send bars from Tide Tables" in result.stdout


def test_what_cannot_be_used_is_reported_and_the_rest_is_used(folder: Path) -> None:
    (folder / "taken.py").write_text((folder / "streak.py").read_text().replace('"streak"\n', '"rsi"\n', 1))
    (folder / "slack.py").write_text((folder / "streak.py").read_text().replace("__slots__ = (", "_ = (", 1))
    (folder / "some.yaml").write_text("plugins: [taken.py, slack.py, streak.py]\nviews: {streak: {least: 2}}\n")
    result = stockstream("--config", "some.yaml", "plugins", cwd=folder)
    assert result.returncode == 0
    assert result.stdout.splitlines()[1:] == ["indicator  streak  streak.py"]
    assert "taken.py (Streak) is left out: there is an indicator rsi already" in result.stderr
    assert "slack.py is left out: line" in result.stderr
    assert "declares no __slots__" in result.stderr
    setting = stockstream("--config", "some.yaml", "config", "views.streak", cwd=folder)
    assert "views.streak.least    2" in setting.stdout


def test_its_window_and_its_part_of_a_chart_are_those_of_any_indicator(folder: Path, site: Site) -> None:
    bars = walk(60)
    site.send(STOCKS, bars)
    env = clean(folder / "state") | site.env
    symbol = bars[0].symbol
    for what in (["streak", symbol, "--least", "2"], ["chart", symbol, "--with", "sma:period=3,streak:least=2"]):
        out = ["--headless", "out.png", "--values", "out.csv", "--once"]
        result = stockstream("--config", "settings.yaml", "watch", *what, *out, cwd=folder, env=env)
        assert result.returncode == 0, result.stderr
        values = pd.read_csv(folder / "out.csv", comment="#")
        (column,) = [name for name in values if name in ("streak", "streak_streak")]
        assert values[column].tolist()[1:] == streaks([bar.close for bar in bars], least=2)


def streaks(closes: list[float], least: int) -> list[float]:
    """What the guide's indicator should give."""
    result, now = [], 0
    for former, close in pairwise(closes):
        way = (close > former) - (close < former)
        now = now + way if way * now > 0 else way
        result.append(float(now) if abs(now) >= least else 0.0)
    return result


@pytest.mark.parametrize(
    "command", [["plugins"], ["indicators"], ["config"], ["watch", "rsi", "A", "B", "--each", "--seconds", "1"]]
)
def test_a_folder_s_settings_run_no_code_in_any_process(folder: Path, command: list[str]) -> None:
    (folder / "config.yaml").write_text("plugins: [trap.py]\n")
    (folder / "trap.py").write_text(f"open({str(folder / 'sprung')!r}, 'w')\n")
    result = stockstream(*command, cwd=folder)
    assert "plugins are not loaded from here" in result.stderr or command == ["indicators"]
    assert not (folder / "sprung").exists()
