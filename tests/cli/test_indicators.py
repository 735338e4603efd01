"""``stockstream indicators``: the list, the description of one, and the error for an unknown one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stockstream.cli.indicators import _folded, app
from stockstream.indicators.catalog import catalog, describe
from tests.cli.helpers import clean, stockstream

runner = CliRunner()


def test_the_list_names_each_with_parameters_lookback_and_fields(tmp_path: Path) -> None:
    result = stockstream("indicators", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    header, *lines = result.stdout.splitlines()
    assert header.split("  ")[0] == "NAME"
    assert [line.split()[0] for line in lines] == list(catalog())
    (bands,) = [line for line in lines if line.startswith("bollinger ")]
    assert "period 20, width 2  " in bands
    assert bands.endswith(" 19  lower, middle, upper, percent_b, bandwidth")


def test_neither_a_broker_nor_good_settings_are_needed_and_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("nonsense: 1")
    assert stockstream("indicators", "describe", "rsi", cwd=tmp_path).returncode == 0
    heavy = ("numpy", "pandas", "matplotlib", "confluent_kafka", "stockstream.consumers")
    program = (
        "import sys, stockstream.cli.indicators as command;"
        f"command.app(['describe', 'rsi'], standalone_mode=False); print([m for m in {heavy} if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", sorted(catalog()))
def test_each_can_be_described(name: str) -> None:
    result = runner.invoke(app, ["describe", name.upper()], terminal_width=80)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].startswith(f"{name}: ")
    for label in ("reads", "gives", "lookback"):
        assert any(line.startswith(f"{label} ") for line in lines)
    package = ".".join(catalog()[name].__module__.split(".")[:2])
    assert f"    >>> from {package} import {catalog()[name].__name__}" in lines
    assert "`" not in result.output


def test_a_description_holds_formula_source_parameters_units_lookback_and_an_example() -> None:
    described = describe(catalog()["rsi"])
    result = runner.invoke(app, ["describe", "rsi"], terminal_width=80).output
    prose = " ".join(result.split())
    assert all(f"    {line}\n" in result for line in described.formula.splitlines())
    assert all(f"    {line}\n" in result for line in described.example.splitlines())
    assert "Source: J. Welles Wilder" in result
    assert described.units in prose
    (period,) = described.parameters
    assert f"parameter period = 14: {period.help}" in prose
    assert "lookback   14 bars before the first point" in result
    assert "window     stockstream watch rsi SYMBOL; or in a chart, --with rsi\n" in result
    assert "\nwindow " not in runner.invoke(app, ["describe", "flights_per_day"], terminal_width=80).output


def test_both_speak_json() -> None:
    (one,) = [each for each in json.loads(runner.invoke(app, ["--json"]).output) if each["name"] == "bollinger"]
    assert one == json.loads(runner.invoke(app, ["describe", "bollinger", "--json"]).output)
    assert one["class"] == "stockstream.indicators.Bollinger"
    assert one["lookback"] == 19
    assert one["inputs"] == ["close"]
    assert one["parameters"][1] == {
        "name": "width",
        "type": "float",
        "default": 2.0,
        "help": "Deviations from the middle to each band, from 1e-6 to 1e6.",
    }


@pytest.mark.parametrize(
    ("name", "hint"), [("bolinger", "did you mean bollinger? there are"), ("?", "there are adx, aroon")]
)
def test_an_unknown_one_is_reported_with_the_nearest_and_the_list(tmp_path: Path, name: str, hint: str) -> None:
    result = stockstream("indicators", "describe", name, cwd=tmp_path)
    assert result.returncode == 2
    assert f"there is no indicator {name}: {hint}" in result.stderr
    assert all(each in result.stderr for each in catalog())


def test_the_shell_is_offered_the_names(tmp_path: Path) -> None:
    words = "stockstream indicators describe b"
    env = clean(tmp_path, _STOCKSTREAM_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD="3")
    offered = stockstream(cwd=tmp_path, env=env).stdout.split()
    assert offered == [name for name in catalog() if name.startswith("b")]
    assert "bollinger" in offered


def test_a_narrow_terminal_folds_long_cells() -> None:
    row = ("bollinger", "Bollinger Bands over closes", "period 20", "19", "lower, middle, upper, percent_b")
    lines = list(_folded([row], 80))
    assert len(lines) > 1
    assert all(sum(map(len, line)) <= 80 for line in lines)
    assert [" ".join(filter(None, cells)) for cells in zip(*lines, strict=True)] == list(row)
    assert list(_folded([row], 200)) == [row]
