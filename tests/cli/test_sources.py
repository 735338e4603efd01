"""``stockstream sources``: the list, and the description of one; without a broker and without a network."""

from __future__ import annotations

import json
from pathlib import Path

from stockstream.producers.sources.catalog import sources
from tests.cli.helpers import stockstream

PLUG_IN = """
from typing import ClassVar
from stockstream.producers.bar_source import About, BarSource, Reply, Row


class Tides(BarSource):
    about: ClassVar[About] = About("tides", "Tide Tables", "the tides of a port", "a port", "none", ("1m", "1h"),
                                   examples=("produce tides DOVER",))

    def __init__(self, setup):
        pass

    def history(self, symbol, interval, start):
        return Reply((Row(start.replace(minute=0), 1.0, 2.0, 0.5, 1.5, None),))
"""


def test_all_are_listed_with_what_they_offer_need_and_forbid(tmp_path: Path) -> None:
    result = stockstream("sources", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert [line.split(":")[0] for line in result.stdout.splitlines() if not line.startswith(" ")] == list(sources())
    assert max(map(len, result.stdout.splitlines())) <= 80
    words = " ".join(result.stdout.split())
    records = json.loads(stockstream("sources", "--json", cwd=tmp_path).stdout)
    assert [record["name"] for record in records] == list(sources())
    for record in records:
        assert all(f"{key} {record[key]}" in words for key in ("offers", "needs", "terms"))


def test_one_is_described(tmp_path: Path) -> None:
    result = stockstream("sources", "describe", "Yahoo", cwd=tmp_path).stdout
    for what in (
        "1m: 30 days back",
        "30m is made of 15m",
        "personal use only",
        "^GSPC",
        "sources.yahoo in config.yaml",
    ):
        assert what in result
    assert json.loads(stockstream("sources", "describe", "yahoo", "--json", cwd=tmp_path).stdout)["title"] == "Yahoo"
    result = stockstream("sources", "describe", "yaho", cwd=tmp_path).stderr
    assert "there is no source yaho: did you mean yahoo?" in " ".join(result.split())


def test_a_source_of_one_s_own_has_a_command_and_is_in_the_list(tmp_path: Path) -> None:
    (tmp_path / "tides.py").write_text(PLUG_IN)
    (tmp_path / "own.yaml").write_text("plugins: [tides.py]\nsources: {tides: {interval: 1h}}\n")
    own = ("--config", "own.yaml")
    assert "the tides of a port" in stockstream(*own, "sources", cwd=tmp_path).stdout
    assert "stockstream produce tides DOVER" in stockstream(*own, "produce", "tides", "--help", cwd=tmp_path).stdout
    plugins = json.loads(stockstream(*own, "plugins", "--json", cwd=tmp_path).stdout)["plugins"]
    assert plugins == [{"kind": "source", "name": "tides", "origin": "tides.py"}]


def test_settings_of_no_source_and_an_interval_that_it_has_not_are_reported(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("sources:\n  yaho: {poll: 5}\n")
    result = stockstream("produce", "yahoo", "AAPL", cwd=tmp_path)
    assert (result.returncode, "line 2: unknown key sources.yaho - did you mean yahoo?" in result.stderr) == (
        1,
        True,
    ), result.stderr
    (tmp_path / "config.yaml").write_text("sources:\n  yahoo:\n    interval: 3m\n")
    result = stockstream("produce", "yahoo", "AAPL", cwd=tmp_path)
    assert "line 3: sources.yahoo.interval is '3m', should be one that Yahoo has: 1m, 2m" in result.stderr
