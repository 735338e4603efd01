"""A window that begins with the table: no bar twice, none missing, corrections included."""

from __future__ import annotations

import csv
import random
import shutil
import time
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from msgspec import structs

from stockstream.consumers.live import Live
from stockstream.consumers.registry import VIEWS
from stockstream.errors import TableError
from stockstream.indicators import Bollinger
from stockstream.records import Bar
from stockstream.tables.beginning import StoredBeginning
from stockstream.tables.location import Location
from stockstream.topics import STOCKS
from stockstream.views.fold import Selection
from stockstream.views.frame import table
from stockstream.views.series import SeriesFold
from tests.everywhere.test_kept import odd_walk
from tests.patience import PATIENCE
from tests.site import Site
from tests.tables.lake import store_bars
from tests.views.bars import bar, walk


def delete_all(site: Site) -> None:
    """Delete the records that the topic holds now, as its retention would."""
    admin = AdminClient(site.connection)
    ends = [TopicPartition(STOCKS.name, number, -1) for number in admin.list_topics().topics[STOCKS.name].partitions]
    for future in admin.delete_records(ends).values():
        future.result(timeout=120)


def shown(site: Site, *options: str) -> list[list[str]]:
    out = site.folder / "values.csv"
    out.unlink(missing_ok=True)
    told = site.run("watch", "bollinger", "AAPL", "--from-table", "--once", "--values", str(out), *options)
    assert told.returncode == 0, told.stderr
    with out.open(newline="") as file:
        return list(csv.reader(file))


def expected(bars: list[Bar], **others: str) -> list[list[str]]:
    fold = SeriesFold.of(Bollinger)(Selection(("AAPL",), **others), {})  # type: ignore[arg-type]
    fold.apply(bars)
    return list(table([("symbol", "AAPL", fold.frame("AAPL"))]))


def test_the_table_and_the_topic_are_one_series(site: Site) -> None:
    shutil.rmtree(site.folder / "data" / "tables", ignore_errors=True)
    sent = odd_walk(5, 400)
    dice = random.Random(1)
    stored, new = sent[:300], sent[300:]
    site.send(STOCKS, [*stored, *walk(30, symbol="MSFT")])
    assert site.run("store", "stocks", "--once").returncode == 0
    assert shown(site) == expected(stored)
    delete_all(site)
    assert shown(site) == expected(stored)
    corrections = [structs.replace(each, close=each.low) for each in dice.sample(stored, 20)]
    late = [*new, *corrections, bar(-3, 90.0)]
    site.send(STOCKS, late)
    assert shown(site) == expected([*stored, *late])
    assert shown(site, "--resample", "5m") == expected([*stored, *late], resample="5m")
    # Stored meanwhile, so that table and topic overlap: nothing counts twice.
    assert site.run("store", "stocks", "--once").returncode == 0
    assert shown(site) == expected([*stored, *late])


def test_records_that_were_neither_stored_nor_kept_are_counted(site: Site) -> None:
    shutil.rmtree(site.folder / "data" / "tables", ignore_errors=True)
    bars = walk(30)
    site.send(STOCKS, list(bars))
    assert site.run("store", "stocks", "--once").returncode == 0
    site.send(STOCKS, [bar(minute, 50.0) for minute in range(30, 40)])
    delete_all(site)
    site.send(STOCKS, [bar(40, 60.0)])
    assert shown(site) == expected([*bars, bar(40, 60.0)])
    connection = {**site.connection}
    folder = site.folder / "data" / "tables"
    selection = Selection(("AAPL",))
    live = Live(
        VIEWS["bollinger"], selection, {}, connection, None, StoredBeginning(Location.of(str(folder)), selection)
    )
    with live:
        deadline = time.monotonic() + PATIENCE
        while not live.settled:
            assert time.monotonic() < deadline
            live.tick()
        assert live.status().counts == {"skipped": 10}


def test_without_a_table_it_says_how_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"there is no table .*bars - `stockstream store stocks` makes it"):
        StoredBeginning(Location.of(str(tmp_path)), Selection(("AAPL",)))("id")


def test_a_symbol_that_was_never_stored_begins_behind_the_table(tmp_path: Path) -> None:
    store_bars(tmp_path, walk(3))
    found = StoredBeginning(Location.of(str(tmp_path)), Selection(("IBM",)))("id")
    assert (found.batches, found.positions) == ([], {})
