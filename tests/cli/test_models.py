"""``stockstream models``: the list, a description, and evaluations of a file and of the topic."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from stockstream.cli import main
from stockstream.cli.context import Invocation
from stockstream.cli.reporter import PersonReporter
from stockstream.topics import STOCKS
from tests.cli.helpers import clean, stockstream
from tests.models.every import MODELS
from tests.site import Site
from tests.views.bars import START, bar

CLOSES = 100.0 * np.exp(np.cumsum(np.random.default_rng(3).normal(0.0, 0.02, 600)))


def write(folder: Path) -> None:
    with (folder / "AAPL_1d.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["Date", "Open", "High", "Low", "Close", "Volume"])
        for place, close in enumerate(CLOSES.tolist()):
            day = (START + timedelta(days=place)).date()
            table.writerow([day, close, 1.01 * close, 0.99 * close, close, 1_000])


def test_the_list_and_the_descriptions_name_every_model(tmp_path: Path) -> None:
    result = stockstream("models", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == list(MODELS)
    assert stockstream("models", "list", cwd=tmp_path).stdout == result.stdout
    described = stockstream("models", "describe", "trend", cwd=tmp_path)
    assert described.stdout == stockstream("indicators", "describe", "trend", cwd=tmp_path).stdout
    wrong = stockstream("models", "describe", "rsi", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "there is no model rsi: there are " in wrong.stderr


def test_a_file_is_evaluated_as_table_json_and_picture(tmp_path: Path) -> None:
    write(tmp_path)
    plain = stockstream("models", "evaluate", "direction:ahead=2", "--csv", "AAPL_1d.csv", cwd=tmp_path)
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.startswith("direction:ahead=2 over AAPL 1d: no better than a coin (p = ")
    assert [line.split()[0] for line in plain.stdout.splitlines()[3:6]] == ["2026", "2027", "all"]
    again = stockstream(
        "models",
        "evaluate",
        "direction:ahead=2",
        "--csv",
        "AAPL_1d.csv",
        "--json",
        "--plot",
        "scores.png",
        cwd=tmp_path,
    )
    record = json.loads(again.stdout)
    assert record["total"]["predictions"] == sum(each["predictions"] for each in record["years"]) + record["purged"]
    assert record["verdict"] in plain.stdout
    assert (tmp_path / "scores.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("model", "heading", "verdict"),
    [
        ("forecast:coverage=0.8", "YEAR INTERVALS HELD RANDOM WALK'S SCORE P", "no sharper than a random walk (p = "),
        ("trend:period=5", "YEAR WINDOWS HELD TRENDS SEEN WENT ON P", "too few trends to tell: "),
        ("outlier", "YEAR BARS HELD RETURN OUT RANGE OUT VOLUME OUT NEXT IS ONE NEXT MOVE", "of the bars are outliers"),
    ],
)
def test_intervals_are_evaluated_as_table_json_and_picture(
    tmp_path: Path, model: str, heading: str, verdict: str
) -> None:
    write(tmp_path)
    arguments = ("models", "evaluate", model, "--csv", "AAPL_1d.csv", "--history", "1y")
    plain = stockstream(*arguments, cwd=tmp_path)
    assert plain.returncode == 0, plain.stderr
    lines = plain.stdout.splitlines()
    assert lines[0].startswith(f"{model} over AAPL 1d: ")
    assert verdict in lines[0]
    assert " ".join(lines[2].split()) == heading
    assert [line.split()[0] for line in lines[3:6]] == ["2026", "2027", "all"]
    record = json.loads(stockstream(*arguments, "--json", "--plot", "held.png", cwd=tmp_path).stdout)
    assert record["verdict"] in plain.stdout
    assert record["total"]["count"] == sum(each["count"] for each in record["years"]) + record["purged"]
    assert (tmp_path / "held.png").read_bytes().startswith(b"\x89PNG")


def test_history_limits_what_is_scored_and_older_bars_only_train(tmp_path: Path) -> None:
    write(tmp_path)
    arguments = ("models", "evaluate", "direction", "--csv", "AAPL_1d.csv", "--json")
    whole = json.loads(stockstream(*arguments, cwd=tmp_path).stdout)
    part = json.loads(stockstream(*arguments, "--history", "1y", cwd=tmp_path).stdout)
    assert 350 < part["total"]["predictions"] < 370 < whole["total"]["predictions"]
    assert part["years"][-1] == whole["years"][-1]
    free = json.loads(stockstream(*arguments, "--cost", "0", cwd=tmp_path).stdout)
    assert free["total"]["earned"] > whole["total"]["earned"]
    assert free["total"]["hit_rate"] == whole["total"]["hit_rate"]


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (("direction",), "name the symbol of the topic's bars, or a file by --csv"),
        (("direction", "AAPL", "--csv", "AAPL_1d.csv"), "name the symbol of the topic's bars, or a file by --csv"),
        (("trend", "--csv", "AAPL_1d.csv", "--cost", "0"), "--cost: needs a model that predicts a direction"),
        (("forecast", "--csv", "AAPL_1d.csv", "--short"), "--short: needs a model that predicts a direction"),
        (("direction,rsi", "--csv", "AAPL_1d.csv"), "there is no model direction,rsi: did you mean direction"),
        (("rsi", "AAPL"), "there is no model rsi: there are direction, direction_forest, direction_river, forecast"),
        (("direction:ahead=2,trend", "AAPL"), "is one model"),
        (("directoin", "--csv", "AAPL_1d.csv"), "did you mean direction?"),
        (("direction:ahead=0", "--csv", "AAPL_1d.csv"), "ahead is a whole number of at least 1, not 0"),
    ],
)
def test_what_cannot_be_evaluated_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], result: str
) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    said, printed = io.StringIO(), io.StringIO()
    invocation = Invocation()
    invocation._reporter = PersonReporter(said, printed)
    code = main.call(invocation, ["models", "evaluate", *arguments])
    invocation.close()
    assert (code, printed.getvalue(), said.getvalue().count("\n")) == (2, "", 1)
    assert result in said.getvalue()


def test_too_few_bars_are_said_to_be(tmp_path: Path) -> None:
    write(tmp_path)
    lines = (tmp_path / "AAPL_1d.csv").read_text().splitlines(keepends=True)
    (tmp_path / "MSFT_1d.csv").write_text("".join(lines[:60]))
    wrong = stockstream("models", "evaluate", "direction", "--csv", "MSFT_1d.csv", cwd=tmp_path)
    assert wrong.returncode == 1
    assert "59 bars of MSFT are too few: no prediction is due after the warm-up" in wrong.stderr


def test_the_topic_gives_what_the_file_gives(site: Site) -> None:
    write(site.folder)
    sent = [
        bar(place * 1440 - 870, close, open=close, high=1.01 * close, low=0.99 * close, volume=1_000.0, interval="1d")
        for place, close in enumerate(CLOSES.tolist())
    ]
    site.send(STOCKS, [*sent, *(bar(place, 50.0 + place, "MSFT") for place in range(9))])
    of_topic = site.run("models", "evaluate", "direction", "AAPL", "--json")
    assert of_topic.returncode == 0, of_topic.stderr
    assert json.loads(of_topic.stdout) == json.loads(
        site.run("models", "evaluate", "direction", "--csv", "AAPL_1d.csv", "--json").stdout
    )
    site.send(STOCKS, [bar(place, close, "TSLA", feed="simulated") for place, close in enumerate(CLOSES.tolist())])
    simulated = site.run("models", "evaluate", "direction", "TSLA")
    assert simulated.stdout.startswith("direction over TSLA 1m, SIMULATED: "), simulated.stderr
    absent = site.run("models", "evaluate", "direction", "NVDA")
    assert (absent.returncode, absent.stderr.count("\n")) == (1, 1)
    assert "the topic stocks holds no such bars of NVDA" in absent.stderr


def test_without_the_extra_one_line_names_it_and_the_rest_goes_on(tmp_path: Path) -> None:
    write(tmp_path)
    hidden = "import sys; sys.modules['sklearn'] = sys.modules['river'] = None"
    program = f"{hidden}; from stockstream.cli.main import run; run()"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, *arguments]
        return subprocess.run(command, cwd=tmp_path, env=clean(tmp_path), capture_output=True, text=True, check=False)

    listed = run("models")
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == list(MODELS)
    assert "direction_forest needs the package scikit-learn - pip install 'stockstream[models]'" in listed.stderr
    for command in (
        ("watch", "direction_river", "AAPL", "--headless", "w.png", "--once"),
        ("watch", "chart", "AAPL", "--with", "outlier,direction_river", "--values", "v.csv", "--once"),
        ("models", "evaluate", "direction_river", "--csv", "AAPL_1d.csv"),
    ):
        result = run(*command)
        assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1), result.stderr
        assert "direction_river needs the package river - pip install 'stockstream[models]'" in result.stderr
    assert run("models", "evaluate", "direction", "--csv", "AAPL_1d.csv").returncode == 0
