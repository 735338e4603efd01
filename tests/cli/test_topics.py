"""``topics`` and ``series``: against a real broker, and without one."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stockstream.topics import FLIGHTS, STOCKS
from tests.cli.helpers import clean, stockstream
from tests.cli.records import flight
from tests.site import Site
from tests.views.bars import bar, walk


def test_topics_lists_partitions_records_the_newest_and_the_size(site: Site) -> None:
    site.send(STOCKS, walk(300))
    site.send(FLIGHTS, [flight(row) for row in range(1200)])
    result = site.run("topics")
    assert result.returncode == 0
    header, *lines = result.stdout.splitlines()
    assert header.split("  ")[0] == "TOPIC"
    assert header.split()[-1] == "SIZE"
    assert [line.split()[:3] for line in lines] == [
        ["flights", "3", "1,200"],
        ["flights.dlq", "1", "0"],
        ["stocks", "3", "300"],
        ["stocks.dlq", "1", "0"],
    ]
    found = json.loads(site.run("topics", "--json").stdout)
    assert [(one["topic"], one["partitions"], one["records"]) for one in found][::2] == [
        ("flights", 3, 1200),
        ("stocks", 3, 300),
    ]
    assert found[0]["newest"].endswith("Z")
    assert found[0]["bytes"] > 0
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    assert re.search(rf" {today} \d\d:\d\d:\d\dZ \(.+ ago\) +[\d.]+ kB$", lines[0])
    assert re.search(r" - +0 B$", lines[1])


def test_the_size_is_left_out_for_a_broker_whose_data_is_not_here(site: Site, tmp_path: Path) -> None:
    site.send(STOCKS, walk(3))
    env = {**site.env, "STOCKSTREAM_DATA_DIR": str(tmp_path)}
    result = stockstream("topics", cwd=tmp_path, env=env)
    assert result.returncode == 0
    assert "SIZE" not in result.stdout


def test_series_lists_each_with_its_bars_counted_once(site: Site) -> None:
    bars = walk(40)
    later = [bar(minute, 7.0, final=False) for minute in (39, 40)]
    daily = [bar(0, 5.0, interval="1d", time=datetime(2026, 1, day, tzinfo=UTC)) for day in (2, 5)]
    simulated = [bar(minute, 5.0, "MSFT", feed="simulated") for minute in range(3)]
    site.send(STOCKS, bars + later + daily + simulated)
    result = site.run("series")
    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        "SYMBOL  INTERVAL  FEED       BARS  FIRST              LAST",
        "AAPL    1d        market        2  2026-01-02         2026-01-05",
        "AAPL    1m        market       41  2026-03-02 14:30Z  2026-03-02 15:10Z",
        "MSFT    1m        simulated     3  2026-03-02 14:30Z  2026-03-02 14:32Z",
    ]
    found = json.loads(site.run("series", "--json").stdout)
    assert found[2] == {
        "symbol": "MSFT",
        "interval": "1m",
        "feed": "simulated",
        "bars": 3,
        "first": "2026-03-02T14:30:00Z",
        "last": "2026-03-02T14:32:00Z",
    }


def test_without_topics_both_say_what_makes_them(site: Site) -> None:
    topics, series = site.run("topics"), site.run("series")
    assert (topics.returncode, series.returncode) == (0, 0)
    assert topics.stdout == series.stdout == ""
    assert topics.stderr == "no topics yet: `stockstream produce` makes them\n"
    assert series.stderr == "no topic stocks yet: `stockstream produce` makes it\n"


@pytest.mark.parametrize("arguments", [["topics"], ["series"], ["tail", "stocks"], ["reset", "--yes"]])
def test_without_a_broker_all_say_how_to_start_one(tmp_path: Path, arguments: list[str]) -> None:
    env = clean(tmp_path / "state", STOCKSTREAM_BOOTSTRAP_SERVERS="127.0.0.1:1")
    result = stockstream(*arguments, cwd=tmp_path, env=env)
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("stockstream: no broker answers at 127.0.0.1:1")
    assert "`stockstream broker`" in line
