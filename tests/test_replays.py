"""Files replayed end to end, as by a user: the windows' values equal pandas and TA-Lib over the same files."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from tests.site import Site


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, running_site: Site) -> dict[str, str]:
    """The environment of commands that speak to a broker without topics, and keep their states apart."""
    running_site.clear()
    return {
        **os.environ,
        "STOCKSTREAM_BOOTSTRAP_SERVERS": running_site.bootstrap_servers,
        "STOCKSTREAM_STATE_DIR": str(tmp_path_factory.mktemp("replays") / "state"),
    }


def stockstream(environment: dict[str, str], *arguments: object) -> str:
    command = [sys.executable, "-m", "stockstream", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def own_stocks(folder: Path) -> Path:
    """Files of bars in the layouts that the real ones have."""
    dice = random.Random(11)
    for number, (name, header, step) in enumerate(
        [
            ("ABC.csv", "Date,Open,High,Low,Close,Adj Close,Volume", timedelta(days=1)),
            ("DEF_1m.csv", "Datetime,Close,High,Low,Open,Volume", timedelta(minutes=1)),
            ("GHI_1m.csv", "Datetime,Close,High,Low,Open,Volume", timedelta(minutes=1)),
        ]
    ):
        moment, close, lines = datetime(2020, 3, 2, 14, 30, tzinfo=UTC), 50.0 * (number + 1), [header]
        for _ in range(1500):
            moment += step * (1 if dice.random() < 0.9 else 4)
            opened, close = close, max(1.0, close + dice.gauss(0, 0.4))
            high, low = max(opened, close) + dice.random(), min(opened, close) - dice.random() / 2
            if header.startswith("Date,"):
                lines.append(f"{moment:%Y-%m-%d},{opened},{high},{low},{close},{close},{dice.randrange(10**6)}")
            else:
                lines.append(f"{moment:%Y-%m-%d %H:%M:%S+00:00},{close},{high},{low},{opened},{dice.randrange(10**5)}")
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


def own_flights(folder: Path) -> Path:
    stockstream({**os.environ}, "sample", "flights", "--out", folder / "flights.csv")
    return folder


@pytest.fixture(scope="module", params=["own", pytest.param("real", marks=pytest.mark.thorough)])
def stocks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    if request.param == "own":
        return sorted(own_stocks(tmp_path_factory.mktemp("stocks")).glob("*.csv"))
    shared: Path = request.getfixturevalue("real_data")
    return sorted([*shared.glob("stocks_daily/*.csv"), *shared.glob("stocks_intraday/*.csv")])


@pytest.fixture(scope="module", params=["own", pytest.param("real", marks=pytest.mark.thorough)])
def flights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    if request.param == "own":
        return sorted(own_flights(tmp_path_factory.mktemp("flights")).glob("*.csv"))
    shared: Path = request.getfixturevalue("real_data")
    return sorted(shared.glob("flights_2015/flight*.csv"))


def bars_of(file: Path) -> pd.DataFrame:
    """A file's whole rows by pandas, the time as the table writes it."""
    table = pd.read_csv(file)
    table = table.rename(columns={"Date": "time", "Datetime": "time"}).rename(columns=str.lower)
    table["time"] = pd.to_datetime(table["time"], utc=True)
    return table.dropna(subset=["open", "close"]).sort_values("time").drop_duplicates("time", keep="last")


def interval_of(file: Path) -> str:
    return "1m" if file.stem.endswith("_1m") else "1d"


def watched(environment: dict[str, str], folder: Path, files: list[Path], view: str, interval: str) -> pd.DataFrame:
    """The table that a window over all the symbols of an interval keeps."""
    symbols = [file.stem.removesuffix("_1m") for file in files if interval_of(file) == interval]
    values, picture = folder / "values.csv", folder / "picture.png"
    stockstream(
        environment, "watch", view, *symbols, "--interval", interval, "--feed", "market", "--once",
        "--values", values, "--headless", picture,
    )  # fmt: skip
    assert picture.stat().st_size > 10_000
    return pd.read_csv(values, parse_dates=["time"])


def test_bars_equal_the_files_and_the_indicators_ta_lib(
    environment: dict[str, str], stocks: list[Path], tmp_path: Path
) -> None:
    stockstream(environment, "produce", "csv", *stocks)
    for interval in ("1d", "1m"):
        bollinger = watched(environment, tmp_path, stocks, "bollinger", interval)
        aroon = watched(environment, tmp_path, stocks, "aroon", interval)
        for file in (file for file in stocks if interval_of(file) == interval):
            truth = bars_of(file)
            symbol = file.stem.removesuffix("_1m")
            bands = bollinger[bollinger["symbol"] == symbol]
            assert bands["time"].tolist() == truth["time"].tolist()
            for name in ("open", "high", "low", "close", "volume"):
                np.testing.assert_array_equal(bands[name], truth[name].astype(float), err_msg=f"{symbol} {name}")
            close, high, low = (truth[name].to_numpy(np.float64) for name in ("close", "high", "low"))
            for name, expected in zip(("upper", "middle", "lower"), talib.BBANDS(close, 20, 2, 2), strict=True):
                np.testing.assert_allclose(bands[name], expected, rtol=1e-9, err_msg=f"{symbol} {name}")
            down, up = talib.AROON(high, low, 25)
            points = aroon[aroon["symbol"] == symbol]
            np.testing.assert_allclose(points["up"], up, rtol=1e-12)
            np.testing.assert_allclose(points["down"], down, rtol=1e-12)
            np.testing.assert_allclose(points["oscillator"], talib.AROONOSC(high, low, 25), rtol=1e-12, atol=1e-9)


def truth_of(files: list[Path]) -> pd.Series[int]:
    table = pd.concat(pd.read_csv(file, usecols=["YEAR", "MONTH", "DAY", "AIRLINE"]) for file in files)
    table["day"] = pd.to_datetime(table[["YEAR", "MONTH", "DAY"]])
    return table.groupby(["AIRLINE", "day"]).size()


def test_flights_equal_pandas_groupby(environment: dict[str, str], flights: list[Path], tmp_path: Path) -> None:
    environment = {**environment, "STOCKSTREAM_STATE_DIR": str(tmp_path / "state")}
    stockstream(environment, "reset", "--yes")
    truth = truth_of(flights)
    totals = truth.groupby("AIRLINE").sum().sort_values(ascending=False)
    busiest = [str(name) for name in totals.index[:3]]
    named = [str(name) for name in totals.index[-2:]]
    # A replay of one airline, then all, then all again in the order of departure: every row counts once.
    for options in (["--airlines", busiest[0]], [], ["--speed", "1e12"]):
        stockstream(environment, "produce", "flights", *flights, *options)
    values = tmp_path / "values.csv"
    for airlines, expected in (([], busiest), (named, named)):
        stockstream(environment, "watch", "flights", *airlines, "--once", "--values", values)
        table = pd.read_csv(values, parse_dates=["day"])
        assert list(dict.fromkeys(table["airline"])) == expected
        counted = table.set_index(["airline", "day"])["flights"]
        assert counted.to_dict() == truth[truth.index.get_level_values("AIRLINE").isin(expected)].to_dict()
