"""A topic as a DataFrame."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pandas as pd
import pytest

import stockstream
from stockstream.errors import BrokerError, SeriesError, StockstreamError
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.to_end import ToEnd
from stockstream.producers.csv_files import CsvFile
from stockstream.producers.flights import Replay, examine
from stockstream.producers.produce import produce
from stockstream.topics import FLIGHTS, STOCKS
from tests.kafka.streams import connection, put, send_all
from tests.site import Site
from tests.views.bars import walk


@pytest.fixture
def own_broker(site: Site) -> str:
    """A broker whose topics are this test's alone."""
    return site.bootstrap_servers


def test_a_topic_that_is_not_there_is_reported(own_broker: str) -> None:
    with pytest.raises(BrokerError, match="no topic flights"):
        stockstream.read("flights", bootstrap_servers=own_broker)


def test_bars_are_read_corrected_and_in_order(own_broker: str) -> None:
    bars = walk(40, 1, "AAPL") + walk(40, 2, "MSFT")
    wrong = [msgspec.structs.replace(bar, close=1.0) for bar in bars[50:60]]
    simulated = [msgspec.structs.replace(bar, feed="simulated") for bar in bars[:5]]
    with Publisher(STOCKS, connection(own_broker)) as publisher:
        send_all(publisher, wrong + bars[::-1] + simulated)
    table = stockstream.read("stocks", bootstrap_servers=own_broker)
    assert len(table) == 85
    chosen = stockstream.read("stocks", symbol="MSFT", bootstrap_servers=own_broker)
    assert chosen["close"].tolist() == [bar.close for bar in bars[40:]]
    assert chosen["time"].tolist() == [pd.Timestamp(bar.time) for bar in bars[40:]]
    assert chosen["close_usd"].dtype == "float64"
    assert list(chosen.columns) == list(type(bars[0]).__struct_fields__)
    assert len(stockstream.read(symbol="AAPL", feed="simulated", bootstrap_servers=own_broker)) == 5
    for choice, result in (
        ({"symbol": "NONE"}, "nothing of symbol NONE - there are AAPL, MSFT"),
        ({"symbol": "aapl"}, "nothing of symbol aapl - did you mean AAPL?"),
        (
            {"symbol": "AAPL", "interval": "1d"},
            "nothing of symbol AAPL at 1d - AAPL is there at 1m and at 1m, simulated",
        ),
        ({"interval": "1d"}, "nothing of any symbol at 1d - there are AAPL 1m, AAPL 1m simulated, MSFT 1m"),
        ({"symbol": "A" * 100_000}, f"nothing of symbol {'A' * 57}... - "),
    ):
        with pytest.raises(SeriesError) as caught:
            stockstream.read(**choice, bootstrap_servers=own_broker)
        assert f"the topic stocks holds {result}" in str(caught.value)


def test_a_choice_that_does_not_belong_is_reported() -> None:
    with pytest.raises(StockstreamError, match="airline is not a choice in stocks"):
        stockstream.read("stocks", airline="AA")
    with pytest.raises(StockstreamError, match="topic is one of stocks, flights, not 'stock'"):
        stockstream.read("stock")


def test_what_is_no_record_is_kept_and_the_others_are_read(own_broker: str) -> None:
    bars = walk(5, 7, "ODD")
    with Publisher(STOCKS, connection(own_broker)) as publisher:
        send_all(publisher, bars)
    put(own_broker, "stocks", "ODD", [b"no bar"])
    assert len(stockstream.read("stocks", symbol="ODD", bootstrap_servers=own_broker)) == 5
    with ToEnd(connection(own_broker), STOCKS.dead_letters) as reader:
        letters = [each.value() for messages in reader.messages(reader.ranges()) for each in messages]
    assert letters == [b"no bar"]


def test_importing_the_package_is_light() -> None:
    import subprocess
    import sys

    code = "import sys, stockstream; print({'pandas', 'confluent_kafka', 'matplotlib'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_what_a_layout_of_flights_lacks_is_a_column_of_numbers_all_the_same(own_broker: str, tmp_path: Path) -> None:
    path = tmp_path / "bts.csv"
    path.write_text("FL_DATE,CARRIER,ORIGIN,DEST,DEP_DELAY\n2017-01-01,AA,DEN,PHX,-10.00\n")
    with Publisher(FLIGHTS, connection(own_broker)) as publisher:
        produce(Replay([examine(CsvFile(path))]), publisher)
    table = stockstream.read("flights", bootstrap_servers=own_broker)
    assert table["departure_delay"].tolist() == [-10]
    assert {table[name].dtype.kind for name in ("distance", "wheels_off", "cancelled", "day_of_week")} == {"f"}
    assert table["tail_number"].isna().all()
