"""Rows of tables as DataFrames."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from msgspec import structs

import stockstream
from stockstream import tables
from stockstream.errors import SeriesError, StockstreamError
from stockstream.topics import FLIGHTS, STOCKS
from tests.everywhere.test_kept import odd_walk
from tests.site import Site
from tests.tables.lake import store_bars, store_flights
from tests.tables.test_sql import flight
from tests.views.bars import bar, walk


def test_a_table_reads_as_its_topic(running_site: Site, tmp_path: Path) -> None:
    running_site.clear()
    bars, flights = [*odd_walk(3, 300), *walk(20, symbol="MSFT")], [flight(2, "DL"), flight(0), flight(1), flight(0)]
    running_site.send(STOCKS, list(bars))
    running_site.send(FLIGHTS, list(flights))
    store_bars(tmp_path, bars)
    store_flights(tmp_path, flights)
    servers = running_site.bootstrap_servers
    pd.testing.assert_frame_equal(
        tables.read("bars", dir=tmp_path), stockstream.read("stocks", bootstrap_servers=servers)
    )
    pd.testing.assert_frame_equal(
        tables.read("bars", symbol="AAPL", dir=tmp_path),
        stockstream.read("stocks", symbol="AAPL", bootstrap_servers=servers),
    )
    pd.testing.assert_frame_equal(
        tables.read("flights", dir=tmp_path), stockstream.read("flights", bootstrap_servers=servers)
    )


def test_a_period_begins_with_its_start_and_ends_before_its_end(tmp_path: Path) -> None:
    bars = [structs.replace(each, time=each.time + timedelta(days=day)) for day in range(3) for each in walk(5)]
    store_bars(tmp_path, bars)
    for start, end in (
        ("2026-03-03", "2026-03-04"),
        (date(2026, 3, 3), date(2026, 3, 4)),
        (bars[5].time, bars[10].time),
        ("2026-03-03T14:30", "2026-03-03T09:35-05:00"),
    ):
        found = tables.read("bars", symbol="AAPL", start=start, end=end, dir=tmp_path)
        assert found["time"].tolist() == [each.time for each in bars[5:10]]
    assert len(tables.read("bars", start="2030-01-01", dir=tmp_path)) == 0
    store_flights(tmp_path, [flight(0, day=1), flight(1, day=2)])
    assert tables.read("flights", start="2015-01-02", dir=tmp_path)["row"].tolist() == [1]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    store_bars(tmp_path, [bar(0, 1.0)])
    with pytest.raises(SeriesError, match="the table bars holds nothing of IBM - it holds AAPL"):
        tables.read("bars", symbol="IBM", dir=tmp_path)
    with pytest.raises(SeriesError, match="nothing of AAPL 1d - it holds AAPL 1m"):
        tables.read("bars", symbol="AAPL", interval="1d", dir=tmp_path)
    with pytest.raises(StockstreamError, match="`stockstream store flights` makes it"):
        tables.read("flights", dir=tmp_path)
    store_flights(tmp_path, [flight(0)])
    with pytest.raises(SeriesError, match="the table flights holds nothing of DL - it holds AA"):
        tables.read("flights", airline="DL", dir=tmp_path)
    with pytest.raises(StockstreamError, match="airline is not a choice in bars"):
        tables.read("bars", airline="AA", dir=tmp_path)
    with pytest.raises(StockstreamError, match="there is no table 'stocks' of ours - it is one of bars, flights"):
        tables.read("stocks", dir=tmp_path)  # type: ignore[arg-type]
    with pytest.raises(StockstreamError, match="yesterday is not a date"):
        tables.read("bars", start="yesterday", dir=tmp_path)
