"""`stockstream produce csv` and `simulated`, run as a user would, against a real broker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from stockstream.consumers.read import read
from stockstream.kafka.tail import Tail
from tests.cli.conftest import Site
from tests.cli.hands import events

DAILY = "Date,Open,High,Low,Close,Adj Close,Volume"


@pytest.fixture
def daily(tmp_path: Path) -> Path:
    """Ten sessions, one of them without prices, and a last row that is cut off."""
    rows = [f"2026-01-{day:02},{day},{day + 2},{day - 1},{day + 1},{day + 1},{1000 * day}" for day in range(1, 11)]
    rows[4] = "2026-01-05,null,null,null,null,null,null"
    rows.append("2026-01-11,11,1")
    path = tmp_path / "KO.csv"
    path.write_text("\n".join([DAILY, *rows]))
    return path


def bars(site: Site, **chosen: Any) -> Any:
    return read(bootstrap_servers=site.bootstrap_servers, **chosen)


def test_a_file_arrives_as_it_is_and_its_bad_rows_are_kept(site: Site, daily: Path) -> None:
    done = site.run("produce", "csv", str(daily))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("stocks: 9 sent, 2 refused")
    frame = bars(site, symbol="KO")
    assert list(frame["time"].dt.day) == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert list(frame["close"]) == [day + 1 for day in frame["time"].dt.day]
    assert set(frame["interval"]) == {"1d"}
    assert f"{daily}, line 6, column Open: no value (null)" in done.stderr
    assert f"{daily}, line 12: the file ends in the middle of this row" in done.stderr
    assert "KO 1d: 9 bars from 2026-01-01 to 2026-01-10" in done.stderr
    with Tail("stocks.dlq", site.connection) as tail:
        letters = {letter.value: letter.reason for letter in tail.newest(10)}
    assert set(letters) == {b"2026-01-05,null,null,null,null,null,null", b"2026-01-11,11,1"}
    assert all(str(daily) in str(reason) for reason in letters.values())


def test_sending_a_file_again_changes_nothing(site: Site, daily: Path) -> None:
    site.run("produce", "csv", str(daily))
    before = bars(site)
    assert site.run("produce", "csv", str(daily), "--rate", "100").returncode == 0
    assert bars(site).equals(before)


def test_symbol_and_interval_are_as_told(site: Site, daily: Path) -> None:
    site.run("produce", "csv", str(daily), "--symbol", "PEP", "--interval", "1wk")
    assert set(bars(site)[["symbol", "interval"]].itertuples(index=False, name=None)) == {("PEP", "1wk")}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["none.csv"], 1, "none.csv does not exist"),
        (["strange.csv"], 1, "strange.csv: no column Date or Datetime, Open"),
        (["strange.csv", "--interval", "7m"], 2, "'7m' is none of 1m, 2m"),
        (["strange.csv", "--tz", "Mars/Base"], 2, "'Mars/Base' is no zone"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(site: Site, arguments: list[str], code: int, told: str) -> None:
    (site.folder / "strange.csv").write_text("a,b\n1,2\n")
    done = site.run("produce", "csv", *arguments)
    assert done.returncode == code
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_simulation_goes_on_where_it_ended(site: Site) -> None:
    first = site.run("produce", "simulated", "ko,PEP", "--history", "5", "--count", "3", "--pace", "0")
    assert first.stdout.startswith("stocks: 16 sent"), first.stderr
    assert "KO 1m simulated: begins with 5 bars" in first.stderr
    second = site.run("produce", "simulated", "KO", "PEP", "--count", "4", "--pace", "0")
    assert second.stdout.startswith("stocks: 8 sent"), second.stderr
    assert "KO 1m simulated: goes on from" in second.stderr
    for symbol in ("KO", "PEP"):
        frame = bars(site, symbol=symbol, feed="simulated")
        assert len(frame) == 12
        assert set(frame["time"].diff()[1:]) == {timedelta(minutes=1)}
        assert list(frame["open"][1:]) == list(frame["close"][:-1])


def test_without_symbols_it_simulates_those_of_the_demo_for_some_seconds(site: Site) -> None:
    began = time.monotonic()
    done = site.run("produce", "simulated", "--seconds", "1", "--pace", "0.2", "--history", "0")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60
    counts = bars(site).groupby("symbol").size()
    assert set(counts.index) == {"AAPL", "MSFT"}
    assert counts.min() >= 2


def test_ctrl_c_flushes_and_says_what_was_delivered(site: Site) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "stockstream", "--log-json", "produce", "simulated", "KO", "--pace", "0.05"],
        cwd=site.folder,
        env=site.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            event = json.loads(line)
            if event["event"] == "progress" and event["done"] > 125:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    result = next(event["text"] for event in events(err) if event["event"] == "result")
    assert out.strip() == result
    assert result.endswith("(stopped)")
    frame = bars(site, symbol="KO")
    assert result.startswith(f"stocks: {len(frame)} sent, 0 refused")
    times: list[datetime] = list(frame["time"])
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(minutes=1)}
