"""The section ``views``: every command checks it completely, and `config` lists it with its defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockstream.config import load
from stockstream.consumers.registry import VIEWS
from stockstream.consumers.view_settings import check, entries, keys
from stockstream.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "config.yaml"


def written(folder: Path, text: str) -> Path:
    file = folder / "c.yaml"
    file.write_text(text)
    return file


def test_the_shipped_file_is_right() -> None:
    check(load(SHIPPED, environ={}))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("bolinger:\n    period: 3", "line 2: unknown key views.bolinger - did you mean bollinger?"),
        ("aroon:\n    perod: 3", "line 3: unknown key views.aroon.perod - did you mean period?"),
        ("aroon:\n    period: 0", "line 3: views.aroon.period is a whole number of at least 1, not 0"),
        ("aroon:\n    period: x", "line 3: views.aroon.period is 'x', should be a whole number"),
        ("aroon:\n    period: .inf", "line 3: views.aroon.period is inf, should be a whole number"),
        ("aroon:\n    period: null", "line 3: views.aroon.period is None, should be a whole number"),
        ("aroon:\n    period: [1]", "line 3: views.aroon.period is [1], should be a whole number"),
        ("vwap:\n    opens: 5", "line 3: views.vwap.opens is 5, should be a text: put it in quotes"),
        ("rsi:\n    symbols: 5", "line 3: views.rsi.symbols is 5, should be a list of symbols"),
        ("rsi:\n    symbols: [ON]", "line 3: views.rsi.symbols is [True], should be a list of symbols, each a text"),
        (
            "flights:\n    airlines: {AA: 1}",
            "line 3: views.flights.airlines is {'AA': 1}, should be a list",
        ),
        ("dashboard:\n    average: 0", "line 3: views.dashboard.average is wrong: period is a whole number"),
        ("macd:\n    fast: 30\n    slow: 9", "views.macd"),
        ("chart:\n    wth: rsi", "line 3: unknown key views.chart.wth - did you mean with?"),
        ("chart:\n    with: [rzi]", "line 3: views.chart.with is wrong: 'rzi' is not an indicator of bars"),
        ("chart: 5", "line 2: views.chart is 5, should be a section with keys of its own"),
    ],
)
def test_whatever_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, result: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(load(written(tmp_path, f"views:\n  {text}"), environ={}))
    assert result in str(caught.value)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_no_view_takes_a_value_of_another_kind(tmp_path: Path, name: str) -> None:
    for each in VIEWS[name].parameters:
        with pytest.raises(ConfigError, match=rf"line 3: views\.{name}\.{each.name} is "):
            check(load(written(tmp_path, f"views:\n  {name}:\n    {each.name}: [[]]"), environ={}))


def test_a_value_from_the_environment_is_checked_too() -> None:
    environ = {"STOCKSTREAM_VIEWS__AROON__PERIOD": "many"}
    with pytest.raises(ConfigError, match=r"^environment variable STOCKSTREAM_VIEWS__AROON__PERIOD: views\.aroon"):
        check(load(SHIPPED, environ=environ))


def test_one_symbol_needs_no_list(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "views: {rsi: {symbols: AAPL}, aroon: {symbols: [MSFT, NVDA]}}"), environ={})
    assert keys(settings, VIEWS["rsi"]) == ("AAPL",)
    assert keys(settings, VIEWS["aroon"]) == ("MSFT", "NVDA")
    assert keys(settings, VIEWS["flights"]) == ()


def test_the_entries_hold_every_view_set_or_not(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "views:\n  rsi:\n    period: 9"), environ={})
    found = {".".join(entry.path): entry for entry in entries(settings)}
    assert (found["views.rsi.period"].value, found["views.rsi.period"].origin.location[-2:]) == (9, ":3")
    assert (found["views.rsi.symbols"].value, found["views.rsi.symbols"].origin.kind) == ([], "default")
    assert (found["views.chart.with"].value, found["views.chart.with"].origin.kind) == (["volume"], "default")
    for name, view in VIEWS.items():
        for each in view.parameters:
            assert f"views.{name}.{each.name}" in found
    assert "views" not in found
