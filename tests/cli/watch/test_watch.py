"""The options of ``stockstream watch``: made from the views' declarations, checked before anything is read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from stockstream.cli.watch.session import _instant
from stockstream.cli.watch.watch import _open_chart, app
from stockstream.config import load
from stockstream.consumers.registry import VIEWS
from stockstream.consumers.view_settings import CHART
from stockstream.errors import ConfigError
from stockstream.indicators import Resampler
from stockstream.indicators.catalog import catalog
from stockstream.records import IMPOSSIBLE
from stockstream.topics import STOCKS
from tests.cli.helpers import clean, stockstream
from tests.site import Site
from tests.views.bars import bar, walk


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    return CliRunner()


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_each_view_has_its_options(runner: CliRunner, name: str) -> None:
    result = runner.invoke(app, [name, "--help"], terminal_width=200)
    assert result.exit_code == 0
    view = VIEWS[name]
    for option in (
        "--headless",
        "--values",
        "--once",
        "--seconds",
        *(f"--{each.name.replace('_', '-')}" for each in view.parameters),
    ):
        assert option in result.output
    assert ("--interval" in result.output) == (view.key_name == "symbol")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bollinger", "AAPL", "--period", "x"], "--period"),
        (["bollinger", "AAPL", "--interval", "7q"], "'7q' is not an interval"),
        (["bollinger", "AAPL", "--resample", "7q"], "'7q' is not an interval"),
        (["bollinger", "AAPL", "--resample", "1m"], "nothing is shorter than 1m"),
        (["bollinger", "AAPL", "--resample", "5m", "--interval", "1h"], "bars of 1h do not add up to bars of 5m"),
        (["aroon", "AAPL", "--end", "yesterday", "--once"], "yesterday is not a date"),
        (["nothing"], "No such command"),
        (
            ["chart", "AAPL", "--with", "bolinger"],
            "is not an indicator of bars: did you mean bollinger? (there are",
        ),
        (["chart", "AAPL", "--with", "?"], "'?' is not an indicator of bars: there are"),
        (["chart", "AAPL", "--with", "rsi:perod=3"], "rsi has no parameter 'perod': did you mean period?"),
        (["chart", "AAPL", "--with", "volume:period=3"], "volume has no parameter 'period': it has none"),
        (["chart", "AAPL", "--with", "rsi:period=2.5"], "rsi: period is '2.5', should be a whole number"),
        (["chart", "AAPL", "--with", "rsi:period=0"], "rsi: period is a whole number of at least 1, not 0"),
        (["chart", "AAPL", "--with", "rsi,rsi:period=14"], "RSI (14) is there twice"),
    ],
)
def test_wrong_usage_is_reported(runner: CliRunner, arguments: list[str], said: str) -> None:
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


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
        ("views: {chart: {wth: rsi}}", "did you mean with"),
    ],
)
def test_wrong_settings_are_reported(runner: CliRunner, setting: str, said: str) -> None:
    Path("config.yaml").write_text(setting)
    result = runner.invoke(app, ["bollinger", "AAPL", "--once", "--values", "v.csv"])
    assert said in str(result.exception)


def test_an_end_of_a_day_takes_in_the_day() -> None:
    assert _instant("--start", "2026-03-02") == np.datetime64("2026-03-02T00:00")
    assert _instant("--end", "2026-03-02") == np.datetime64("2026-03-03T00:00")
    assert _instant("--end", "2026-03-02T14:30") == np.datetime64("2026-03-02T14:30")
    assert _instant("--end", "2026-03-02T14:30+02:00") == np.datetime64("2026-03-02T12:30")
    assert _instant("--end", None) is None
    with pytest.raises(typer.BadParameter):
        _instant("--end", "2026-13-02")


def chosen(options: list[str] | None) -> list[tuple[str, ...]]:
    """The columns that the marks of a chart's panels name."""
    opened = _open_chart(load(), {"studies": options})
    assert opened.parameters == {}
    names = ("column", "lower", "upper")
    return [
        tuple(getattr(mark, name) for mark in panel.marks for name in names if hasattr(mark, name))
        for panel in opened.view.panels
    ]


def test_a_chart_is_made_of_what_with_names(runner: CliRunner) -> None:
    assert chosen(None) == [(), ("volume",)]
    bands = ("bollinger_lower", "bollinger_upper", "bollinger_middle")
    assert chosen(["bollinger, RSI", "volume"]) == [bands, ("rsi",), ("volume",)]
    Path("config.yaml").write_text("views: {chart: {with: [rsi]}}")
    assert chosen(None) == [(), ("rsi",)]
    assert chosen(["volume"]) == [(), ("volume",)]
    Path("config.yaml").write_text('views: {chart: {with: "rsi:period=7,rsi"}}')
    assert chosen(None) == [(), ("rsi_7",), ("rsi_14",)]
    Path("config.yaml").write_text("views: {chart: {with: []}}")
    assert chosen(None) == [()]


def test_parameters_in_a_chart_are_those_named_with_it_else_those_of_the_indicator_s_own_window(
    runner: CliRunner,
) -> None:
    Path("config.yaml").write_text("views: {bollinger: {period: 50, width: 3}}")

    def title(options: list[str]) -> str | None:
        view = _open_chart(load(), {"studies": options}).view
        return view.panels[0].marks[0].label  # type: ignore[union-attr]

    assert title(["bollinger"]) == "Bollinger Bands (50, 3)"
    assert title(["bollinger:width=2.5"]) == "Bollinger Bands (50, 2.5)"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("[rsi, rzi]", "line 1: views.chart.with is wrong: 'rzi' is not an indicator of bars: did you mean rsi?"),
        ("[1]", "line 1: views.chart.with is [1], should be a list of indicators"),
    ],
)
def test_a_wrong_chart_in_the_settings_is_reported_with_its_place(runner: CliRunner, setting: str, said: str) -> None:
    Path("config.yaml").write_text(f"views: {{chart: {{with: {setting}}}}}")
    with pytest.raises(ConfigError) as raised:
        _open_chart(load(), {"studies": None})
    assert said in str(raised.value)


def test_the_shell_is_offered_indicators(tmp_path: Path) -> None:
    words = "stockstream watch chart AAPL --with rsi,boll"
    env = clean(tmp_path, _STOCKSTREAM_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD="5")
    assert stockstream(cwd=tmp_path, env=env).stdout.split() == ["rsi,bollinger"]


def test_no_parameter_has_the_name_of_another_option(runner: CliRunner) -> None:
    result = runner.invoke(app, [CHART.name, "--help"], terminal_width=200)
    common = {word.strip("-,") for word in result.output.split() if word.startswith("--")}
    assert {"interval", "rows", "seconds"} <= common
    common -= {"opens", "calendar"}  # sessions of the indicator, and of the bars that it is resampled to, are the same
    for view in VIEWS.values():
        assert not common & {parameter.name for parameter in view.parameters}, view.name


def test_minutes_are_shown_as_longer_bars(site: Site) -> None:
    bars = [each for symbol in ("AAPL", "MSFT") for each in walk(400, symbol=symbol)]
    site.send(STOCKS, [*bars, *walk(3, seed=1), bar(0, 101.0, interval="1d")])
    arguments = ("AAPL", "--resample", "15m", "--once", "--values", "sma.csv")
    result = site.run("watch", "sma", *arguments, "--period", "4", "--headless", "sma.png")
    assert result.returncode == 0, result.stderr
    resampler = Resampler("15m")
    longer = [*filter(None, map(resampler.update, walk(400)[3:])), resampler.forming]
    with (site.folder / "sma.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 27
    closes = [each.close for each in longer if each is not None]
    assert [float(row["close"]) for row in rows] == closes
    assert float(rows[-1]["sma"]) == pytest.approx(sum(closes[-4:]) / 4, rel=1e-14)
    assert [row["final"] for row in rows[-2:]] == ["True", "False"]
    # What was saved of it is not what a window of all intervals goes on from.
    result = site.run("watch", "sma", "AAPL", "--once", "--values", "all.csv")
    assert "AAPL stands for 2 series" in result.stderr


def test_a_chart_shows_what_each_window_shows(site: Site) -> None:
    site.send(STOCKS, [*walk(120), bar(120, 101.0, high=1.0, flags=(IMPOSSIBLE,)), bar(121, 101.0, volume=None)])
    several = ("chart", "AAPL", "--with", "bollinger,rsi:period=5,obv,volume")
    tables = {}
    for name, *arguments in (several, ("bollinger", "AAPL"), ("rsi", "AAPL", "--period", "5"), ("obv", "AAPL")):
        result = site.run("watch", name, *arguments, "--once", "--values", f"{name}.csv", "--headless", f"{name}.png")
        assert result.returncode == 0, result.stderr
        assert (site.folder / f"{name}.png").stat().st_size > 10_000
        with (site.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            tables[name] = list(csv.DictReader(file))
    rows = tables.pop("chart")
    assert len(rows) == 122
    for name, alone in tables.items():
        for field in catalog()[name].fields:
            column = name if field == name else f"{name}_{field}"
            assert [row[column] for row in rows] == [row[field] for row in alone], column
    assert [row["doubtful"] for row in rows[-2:]] == ["True", "False"]
    assert [bool(row["obv"]) for row in rows[-3:]] == [True, False, False]
    assert [bool(row["rsi"]) for row in rows[-3:]] == [True, False, True]


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (["rsi", "aapl"], "nothing of symbol aapl - did you mean AAPL?"),
        (["rsi", "AAPL", "NVDA"], "nothing of symbol NVDA - there are AAPL, MSFT"),
        (["rsi", "AAPL", "--interval", "1d"], "nothing of symbol AAPL at 1d - AAPL is there at 1m"),
        (["rsi", "AAPL", "--feed", "simulated"], "nothing of symbol AAPL, simulated - AAPL is there at 1m"),
        (
            ["rsi", "MSFT", "--resample", "5m"],
            "nothing of symbol MSFT for bars of 5m - MSFT is there at 1d, of which none can be made",
        ),
        (["dashboard", "APPL"], "nothing of symbol APPL - did you mean AAPL?"),
        (["chart", "A" * 100_000], f"nothing of symbol {'A' * 57}... - there are AAPL, MSFT"),
    ],
)
def test_nothing_of_what_was_asked_for_is_reported_with_what_there_is(
    site: Site, arguments: list[str], result: str
) -> None:
    site.send(STOCKS, [*walk(30), bar(0, 101.0, symbol="MSFT", interval="1d")])
    found = site.run("watch", *arguments, "--once", "--values", "nothing.csv")
    assert found.returncode == 1
    assert f"stockstream: the topic stocks holds {result} (log: " in found.stderr
    assert not (site.folder / "nothing.csv").exists()
