"""Jobs of Spark over a topic with corrections, late bars and rubbish: the tables of what the windows show."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from msgspec import structs

from stockstream.config import load
from stockstream.errors import StateError, TableError
from stockstream.kafka.broker import free_port
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.to_end import scan
from stockstream.records import IMPOSSIBLE, Bar
from stockstream.spark.buckets import BUCKETS, KEYS
from stockstream.spark.checkpoint import JobIdentity, claim_of, files_of
from stockstream.spark.decoding import Reading
from stockstream.spark.flights_per_day import FlightsPerDayJob
from stockstream.spark.indicator import IndicatorJob
from stockstream.spark.indicator_states import frame_columns
from stockstream.spark.moving_average import MovingAverageJob
from stockstream.spark.raw import RawJob
from stockstream.spark.schema import MESSAGES, struct
from stockstream.spark.series_rows import NamedIndicator
from stockstream.spark.session import SessionOptions, session
from stockstream.tables.location import Location
from stockstream.tables.store import Store, StoreOptions
from stockstream.topics import STOCKS
from stockstream.views.dashboard import DashboardFold
from stockstream.views.fold import Selection
from tests.everywhere.engines import KINDS
from tests.kafka.secured import secure_broker, who
from tests.kafka.streams import put, send_all
from tests.site import Site
from tests.spark.tables import FORMATS, Quiet, done, written
from tests.spark.windows import ALL, SYMBOLS, TWO, assert_same, frame, sent
from tests.tables.buckets import answers, created
from tests.tables.conftest import running
from tests.tables.test_store import Listener
from tests.views.bars import walk

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    settings = load(None, {}).model_copy(update={"state_dir": tmp_path_factory.mktemp("state")})
    running = session("jobs", settings, SessionOptions("local[2]", driver_memory="700m", partitions=2))
    yield running
    running.stop()


@pytest.fixture
def stocks(site: Site) -> Site:
    """A topic of bars of two symbols, sent in turns, and of messages that are no bars."""
    bars = [bar for pair in zip(*map(sent, SYMBOLS), strict=False) for bar in pair]
    site.send(STOCKS, bars[:1_000])
    put(site.bootstrap_servers, "stocks", "AAPL", [b"rubbish", b'{"symbol": "AAPL"}'])
    site.send(STOCKS, bars[1_000:])
    return site


@pytest.fixture
def bars() -> Mapping[str, list[Bar]]:
    pairs = list(zip(*map(sent, SYMBOLS), strict=False))
    return {symbol: [pair[place] for pair in pairs] for place, symbol in enumerate(SYMBOLS)}


@pytest.mark.spark
@pytest.mark.parametrize("kind", FORMATS)
def test_all_indicators_have_the_values_of_a_window(
    kind: str, spark: SparkSession, stocks: Site, bars: Mapping[str, list[Bar]], tmp_path: Path
) -> None:
    job = IndicatorJob(ALL, keep=300)
    observer = Quiet()
    summary = done(job, spark, tmp_path, stocks.connection, most=1_500, kind=kind, observer=observer)
    assert summary.messages == 2 + sum(map(len, bars.values()))
    assert [each.rows for each in observer.batches] == [1_500, summary.messages - 1_500] or len(observer.batches) == 2
    rows = written(tmp_path, job.layouts[0].name, kind)
    for symbol in SYMBOLS:
        assert_same(rows[rows["symbol"] == symbol], frame(symbol, bars[symbol], ALL), frame_columns(ALL))
    aside = written(tmp_path, job.layouts[1].name, kind)
    unreadable = aside[~aside["reason"].str.startswith("refused by")]
    assert len(unreadable) == 2
    assert unreadable["symbol"].isna().all()
    assert aside["reason"].str.contains("obv").any(), "volumes below 0"
    letters = [message.value() or b"" for message in scan("stocks.dlq", stocks.connection)]
    assert sorted(letters) == [b"rubbish", b'{"symbol": "AAPL"}'], "each once, however often it was read"
    assert done(job, spark, tmp_path, stocks.connection, kind=kind).messages == 0


@pytest.mark.spark
def test_a_bar_that_is_too_late_is_set_aside(spark: SparkSession, site: Site, tmp_path: Path) -> None:
    bars = walk(200)
    job = IndicatorJob(TWO, keep=50)
    site.send(STOCKS, bars)
    done(job, spark, tmp_path, site.connection)
    late = structs.replace(bars[3], close=bars[3].low)
    corrected = structs.replace(bars[190], close=bars[190].low)
    site.send(STOCKS, [late, corrected])
    done(job, spark, tmp_path, site.connection)
    rows = written(tmp_path, job.layouts[0].name)
    assert_same(rows, frame("AAPL", [*bars, corrected], TWO), frame_columns(TWO))
    [aside] = written(tmp_path, job.layouts[1].name).to_dict("records")
    assert (aside["reason"], aside["close"]) == ("too late: older than all bars that are kept", late.close)
    for other, told in (
        (IndicatorJob(TWO, keep=60), "keep was 50, is 60"),
        (IndicatorJob(TWO[:1], keep=50), "with was"),
    ):
        with pytest.raises(StateError, match=f"is the checkpoint of another job: {told}"):
            done(other, spark, tmp_path, site.connection)
    # A checkpoint that was lost: the table stays as it is.
    done(job, spark, tmp_path, site.connection, checkpoint="another")
    assert_same(written(tmp_path, job.layouts[0].name), frame("AAPL", [*bars, corrected], TWO), frame_columns(TWO))
    with pytest.raises(
        TableError, match=r"indicators is another table: it has no sma and it has obv, rsi - name .* --table"
    ):
        done(
            IndicatorJob([NamedIndicator("sma", KINDS["sma"], {})]),
            spark,
            tmp_path,
            site.connection,
            checkpoint="third",
        )


@pytest.mark.spark
def test_tables_in_a_bucket_are_those_of_a_window(
    spark: SparkSession, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, bars, job = free_port(), walk(150), IndicatorJob(TWO)
    site.send(STOCKS, bars)
    with running("-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)):
        answers(port)
        bucket = created(port)
        for name, value in bucket.env.items():
            monkeypatch.setenv(name, value)
        for kind in FORMATS:
            place = Location.of(f"{bucket.location.text}/{kind}")
            done(job, spark, tmp_path, site.connection, kind=kind, to=place)
            rows = written(place, job.layouts[0].name, kind)
            assert_same(rows, frame("AAPL", bars, TWO), frame_columns(TWO))
            assert not (tmp_path / job.layouts[0].name).exists()


@pytest.mark.spark
def test_a_secure_broker_is_read_with_our_credentials(
    spark: SparkSession, kafka_jars: list[Path], tmp_path: Path
) -> None:
    with secure_broker(tmp_path / "kafka", kafka_jars) as broker:
        with Publisher(STOCKS, who(broker, "producer")) as publisher:
            send_all(publisher, walk(50))
        job = RawJob("stocks")
        assert done(job, spark, tmp_path, who(broker, "consumer")).messages == 50
        assert written(tmp_path, job.layouts[0].name)["close"].tolist() == [bar.close for bar in walk(50)]


@pytest.mark.spark
def test_raw_rows_are_those_of_store_each_once(spark: SparkSession, stocks: Site, tmp_path: Path) -> None:
    options = StoreOptions(once=True)
    location = Location.of(str(tmp_path / "store"))
    job = RawJob("stocks")
    Store(job.table, location, stocks.connection, options, Listener()).run(lambda: False)
    expected = written(tmp_path / "store", job.layouts[0].name)
    done(job, spark, tmp_path / "spark", stocks.connection, most=1_000)
    done(job, spark, tmp_path / "store", stocks.connection)
    done(job, spark, tmp_path / "files", stocks.connection, most=1_000, kind="parquet")
    place = ["kafka_partition", "kafka_offset"]
    for folder, kind in (("spark", "delta"), ("store", "delta"), ("files", "parquet")):
        rows = written(tmp_path / folder, job.layouts[0].name, kind).sort_values(place, ignore_index=True)
        pd.testing.assert_frame_equal(rows, expected.sort_values(place, ignore_index=True))
        assert len(written(tmp_path / folder, job.layouts[1].name, kind)) == 2


@pytest.mark.spark
def test_moving_averages_are_those_of_the_dashboard(
    spark: SparkSession, stocks: Site, bars: Mapping[str, list[Bar]], tmp_path: Path
) -> None:
    job = MovingAverageJob("3 minutes", "7 days")
    done(job, spark, tmp_path, stocks.connection, most=1_500)
    rows = written(tmp_path, job.layouts[0].name)
    fold = DashboardFold(Selection(), average=3)
    for each in bars.values():
        fold.apply(each)
    for symbol in SYMBOLS:
        shown = fold.frame(symbol)
        ends = pd.Series(shown["moving_average"], pd.DatetimeIndex(shown.instants).tz_localize("UTC"))
        found = rows[(rows["symbol"] == symbol) & (rows["bars"] == 3)].set_index("time")["average"]
        whole = ends.reindex(found.index + timedelta(minutes=2))
        assert len(found) > 200
        np.testing.assert_allclose(found, whole, rtol=1e-12)


@pytest.mark.spark
def test_buckets_are_dealt_out_evenly_to_any_number_of_tasks(spark: SparkSession) -> None:
    keys = spark.createDataFrame([(int(key),) for key in KEYS], "bucket int").repartition(7, "bucket")
    found = keys.selectExpr("hash(bucket) AS hashed", "spark_partition_id() AS task").toPandas()
    assert sorted(found["hashed"]) == list(range(BUCKETS))
    assert set(found["task"].value_counts()) == {BUCKETS // 7, BUCKETS // 7 + 1}


@pytest.mark.spark
def test_a_moving_average_takes_each_bar_as_sent_last_and_then_leaves_out_doubts(
    spark: SparkSession, site: Site
) -> None:
    bars = [structs.replace(each, close=each.high) for each in walk(3)]
    lows = [structs.replace(each, close=each.low) for each in bars]
    doubtful = [structs.replace(each, flags=(f"{IMPOSSIBLE}:close",)) for each in lows]
    cases = {
        # Each: bar, partition, offset, second of Kafka's time.
        "doubted at last": ([(bars[0], 0, 1, 1), (bars[1], 0, 2, 2), (doubtful[1], 0, 3, 3)], [bars[0].close]),
        "doubted at first": ([(doubtful[0], 0, 1, 1), (bars[0], 0, 2, 2)], [bars[0].close]),
        "all in doubt": ([(bars[0], 0, 1, 1), (doubtful[0], 0, 2, 2)], []),
        "a clock that goes back": ([(bars[2], 0, 1, 9), (lows[2], 0, 2, 1)], [lows[2].close]),
        "keys have moved": ([(bars[2], 0, 8, 5), (lows[2], 1, 1, 6)], [lows[2].close]),
        "that, and a clock": ([(lows[2], 0, 7, 9), (bars[2], 0, 8, 5), (lows[2], 1, 1, 6)], [lows[2].close]),
    }
    start = datetime(2026, 3, 2, tzinfo=UTC)
    sent = [
        (STOCKS.encode(structs.replace(bar, symbol=name)), partition, offset, start + timedelta(seconds=second))
        for name, (each, _) in cases.items()
        for bar, partition, offset, second in each
    ]
    reading = Reading(STOCKS.name, "id", tuple(site.connection.items()))
    found = MovingAverageJob("1 day").rows(spark.createDataFrame(sent, struct(MESSAGES)), reading).toPandas()
    rows = found.set_index("symbol")
    assert rows["bars"].to_dict() == {name: len(closes) for name, (_, closes) in cases.items()}
    means = {name: sum(closes) / len(closes) for name, (_, closes) in cases.items() if closes}
    assert rows["average"].dropna().to_dict() == means
    places = zip(rows["kafka_partition"], rows["kafka_offset"], strict=True)
    ends = {name: each[-1][1:3] for name, (each, _) in cases.items()}
    assert dict(zip(rows.index, places, strict=True)) == ends


@pytest.mark.spark
def test_bars_behind_the_watermark_are_set_aside_each(spark: SparkSession, site: Site, tmp_path: Path) -> None:
    job, bars = MovingAverageJob("5 minutes", "30 minutes", frozenset(["AAPL"])), walk(200)
    corrected = structs.replace(bars[188], close=bars[188].low)
    late = [structs.replace(bars[place], close=bars[place].low) for place in (3, 4, 7, 4)]  # two of one window
    in_time = [structs.replace(bars[199], time=bars[199].time + timedelta(minutes=each)) for each in range(1, 41)]
    observer = Quiet()
    site.send(STOCKS, bars)
    done(job, spark, tmp_path, site.connection)
    site.send(STOCKS, [late[0], structs.replace(late[0], symbol="MSFT"), corrected])
    put(site.bootstrap_servers, "stocks", "AAPL", [b"rubbish"])
    done(job, spark, tmp_path, site.connection, observer=observer)
    assert [each.late for each in observer.batches] == [1]
    site.send(STOCKS, [late[1], *in_time[:20], late[2], *in_time[20:], late[3]])
    done(job, spark, tmp_path, site.connection, observer=observer, most=15)
    assert sum(each.late for each in observer.batches) == len(late)
    assert observer.batches[-1].watermark
    aside = written(tmp_path, job.layouts[1].name).sort_values(["kafka_partition", "kafka_offset"])
    assert aside["symbol"].eq("AAPL").all()
    assert aside["close"].tolist() == [each.close for each in late]
    assert aside["reason"].unique().tolist() == [
        "too late: its window ended before the newest bar by 30 minutes or more"
    ]
    rows = written(tmp_path, job.layouts[0].name)
    assert rows["bars"].sum() == len(bars) + len(in_time)
    kept = pd.DataFrame(
        [(each.time, each.close) for each in [*bars[:188], corrected, *bars[189:], *in_time]], columns=["time", "close"]
    )
    means = kept.groupby(kept["time"].dt.floor("5min"))["close"].mean()
    np.testing.assert_allclose(rows.sort_values("time")["average"], means, rtol=1e-12)


@pytest.mark.spark
def test_flights_per_day_are_those_of_pandas(spark: SparkSession, site: Site, tmp_path: Path) -> None:
    file = Path(__file__).parents[2] / "data" / "flights" / "sample.csv"
    result = site.run("produce", "flights", str(file), "--rate", "100000")
    assert result.returncode == 0, result.stderr
    again = [message.value() or b"" for message in scan("flights", site.connection)][::3]
    put(site.bootstrap_servers, "flights", "AA", again)
    job = FlightsPerDayJob()
    done(job, spark, tmp_path, site.connection, most=10_000)
    table = pd.read_csv(file)
    expected = table.groupby(["AIRLINE", "YEAR", "MONTH", "DAY"]).size()
    rows = written(tmp_path, job.layouts[0].name)
    found = {(each["airline"], *each["date"].timetuple()[:3]): each["flights"] for each in rows.to_dict("records")}
    assert found == expected.to_dict()


@pytest.mark.spark
def test_a_checkpoint_of_hadoops_file_systems_keeps_its_writer(spark: SparkSession, tmp_path: Path) -> None:
    job = JobIdentity("indicator", "stocks", "abc", "/tables/indicators (delta)", {"keep": "50"})
    place = files_of(f"file://{tmp_path}/checkpoint", spark)
    first = claim_of(place, job)
    place.write("spark/offsets/0", b"v1")
    assert (
        claim_of(place, job)
        == claim_of(files_of(str(tmp_path / "checkpoint"), spark), job)
        == replace(first, begun=True)
    )
    shutil.rmtree(tmp_path / "checkpoint")
    assert claim_of(place, job).writer != first.writer
    (tmp_path / "file").touch()
    with pytest.raises(TableError, match=r"cannot write to file:.*/file/checkpoint: "):
        claim_of(files_of(f"file://{tmp_path}/file/checkpoint", spark), job)
