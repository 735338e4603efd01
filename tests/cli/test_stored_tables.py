"""``stockstream tables``: what the tables hold, their files, and their lag behind the topic."""

from __future__ import annotations

import json
from pathlib import Path

from stockstream.topics import FLIGHTS, STOCKS
from tests.cli.records import flight
from tests.cli.terminal import Terminal
from tests.site import Site
from tests.views.bars import walk


def test_rows_series_times_files_and_lag_also_without_a_broker(site: Site, tmp_path: Path) -> None:
    place = str(tmp_path / "tables")
    assert "no tables of topics in" in site.run("tables", "--to", place).stderr
    assert json.loads(site.run("tables", "--to", place, "--json").stdout) == []
    bars = [*walk(40, 1, "AAPL"), *walk(50, 2, "MSFT")]
    site.send(STOCKS, bars)
    site.send(FLIGHTS, [flight(row) for row in range(7)])
    for topic in ("stocks", "flights"):
        result = site.run("store", topic, "--once", "--to", place)
        assert result.returncode == 0, result.stderr
    site.send(STOCKS, walk(45, 1, "AAPL")[40:])
    stocks, flights = json.loads(site.run("tables", "--to", place, "--json").stdout)
    assert (stocks["table"], stocks["topic"], stocks["place"]) == ("bars", "stocks", f"{place}/bars")
    assert (stocks["rows"], stocks["lag"], stocks["files"] >= 1, stocks["bytes"] > 1_000) == (90, 5, True, True)
    assert [(each["symbol"], each["interval"], each["rows"]) for each in stocks["series"]] == [
        ("AAPL", bars[0].interval, 40),
        ("MSFT", bars[0].interval, 50),
    ]
    iso = [bar.time.isoformat().replace("+00:00", "Z") for bar in bars]
    assert (stocks["first"], stocks["last"]) == (min(iso), max(iso))
    assert (flights["table"], flights["rows"], flights["lag"], len(flights["sources"])) == ("flights", 7, 0, 1)
    shown = site.run("tables", "--to", place)
    header, line, _ = shown.stdout.splitlines()
    assert header.split() == ["TABLE", "ROWS", "OF", "FIRST", "LAST", "LAG", "FILES", "SIZE", "PLACE"]
    assert line.split()[:4] == ["bars", "90", "2", "series"]
    watched = Terminal(site, ["tables", "--to", place, "--bootstrap-servers", "127.0.0.1:1"])
    alone = site.run("tables", "--to", place, "--json", "--bootstrap-servers", "127.0.0.1:1")
    assert alone.returncode == 0
    assert "the lag is not known: no broker answers at 127.0.0.1:1" in alone.stderr
    assert [(each["rows"], each["lag"]) for each in json.loads(alone.stdout)] == [(90, None), (7, None)]
    # In a terminal what is on disk comes at once, then what is waited for.
    assert watched.end() == 0, watched.shown
    places = [watched.shown.index(words) for words in ("flights", "waiting for the broker at", "the lag is not known")]
    assert places == sorted(places)
    assert watched.shown.count("PLACE") == 2  # once each, in a block, as a row is wider than this terminal
