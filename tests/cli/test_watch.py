"""The options of ``stockstream watch``: made from the views' declarations, checked before anything is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from stockstream.cli.watch import _instant, app
from stockstream.consumers.registry import VIEWS


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    return CliRunner()


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_each_view_has_its_options(runner: CliRunner, name: str) -> None:
    told = runner.invoke(app, [name, "--help"], terminal_width=200)
    assert told.exit_code == 0
    view = VIEWS[name]
    for option in ("--headless", "--values", "--once", "--seconds", *(f"--{each.name}" for each in view.parameters)):
        assert option in told.output
    assert ("--interval" in told.output) == (view.key_name == "symbol")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bollinger", "AAPL", "--period", "x"], "--period"),
        (["bollinger", "AAPL", "--interval", "7m"], "7m is none of 1m"),
        (["aroon", "AAPL", "--end", "yesterday", "--once"], "yesterday is no date"),
        (["nothing"], "No such command"),
    ],
)
def test_wrong_usage_is_told(runner: CliRunner, arguments: list[str], said: str) -> None:
    told = runner.invoke(app, arguments)
    assert told.exit_code == 2
    assert said in told.output


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "views: {bollinger: {period: 1.5}}",
            "line 1: views.bollinger.period is 1.5, should be a whole number",
        ),
        ("views: {bollinger: {period: 0}}", "period"),
        ("views: {bollinger: {perod: 20}}", "did you mean period"),
        ("views: {bolinger: {}}", "did you mean bollinger"),
    ],
)
def test_wrong_settings_are_told(runner: CliRunner, setting: str, said: str) -> None:
    Path("config.yaml").write_text(setting)
    told = runner.invoke(app, ["bollinger", "AAPL", "--once"])
    assert said in str(told.exception)


def test_an_end_of_a_day_takes_in_the_day() -> None:
    assert _instant("--start", "2026-03-02") == np.datetime64("2026-03-02T00:00")
    assert _instant("--end", "2026-03-02") == np.datetime64("2026-03-03T00:00")
    assert _instant("--end", "2026-03-02T14:30") == np.datetime64("2026-03-02T14:30")
    assert _instant("--end", "2026-03-02T14:30+02:00") == np.datetime64("2026-03-02T12:30")
    assert _instant("--end", None) is None
    with pytest.raises(typer.BadParameter):
        _instant("--end", "2026-13-02")
