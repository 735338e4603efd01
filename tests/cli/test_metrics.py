"""Metrics: served figures are read back unchanged; invalid addresses are one-line errors."""

from __future__ import annotations

import http.client
import socket
from datetime import UTC, datetime

import msgspec
import pytest
import typer
from prometheus_client.parser import text_string_to_metric_families

from stockstream.cli.metrics import AlertMetrics, ClusterMetrics, ProducerMetrics, StoreMetrics, WindowMetrics
from stockstream.cli.monitor.scrape import Process, Scraper
from stockstream.cli.serving import Collector, Endpoint, endpoint, served
from stockstream.cli.spark.metrics import JobMetrics
from stockstream.errors import StockstreamError
from stockstream.kafka.overview import Overview
from stockstream.producers.produce import Progress
from stockstream.spark.progress import BatchProgress
from stockstream.tables.store import Progress as Stored
from stockstream.views.status import Status
from tests.alerts.numbered import alert
from tests.cli.monitor.test_screen import GROUPS, LETTERS, NOW, STOCKS, WHOLE

ANYWHERE = Endpoint("127.0.0.1", 0)


def text(url: str) -> str:
    where = endpoint(url)
    connection = http.client.HTTPConnection(where.host, where.port, timeout=10)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    body = answer.read().decode()
    connection.close()
    return body


def read(collector: Collector) -> dict[tuple[str, ...], float]:
    """What is served: values by name and labels, those of the process itself left out."""
    with served(collector, ANYWHERE, "--metrics") as url:
        families = list(text_string_to_metric_families(text(url)))
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.startswith("process_")
    }


def reported() -> list[Collector]:
    """Metrics of a store, of alerts and of a job of Spark that have all they can have."""
    store, alerts, job = StoreMetrics("store stocks", "stocks"), AlertMetrics("alerts"), JobMetrics("bars", "stocks")
    store.update(Stored(1_250, None, "live", committed=1_200, commits=6, lag=50, dead=2), 75.0)
    alerts.update(900, 30.0)
    alerts.sinks = lambda: {"hook": (4, 1)}
    job.update(BatchProgress(3, 70, 0.5, state_rows=0, state_bytes=0, watermark="", late=1, behind=9))
    return [store, alerts, job]


def scraped(collector: Collector) -> Process:
    with served(collector, ANYWHERE, "--metrics") as url:
        (process,) = Scraper([endpoint(url)]).processes()
    return process


def test_a_clusters_overview_is_read_back() -> None:
    metrics = ClusterMetrics()
    metrics.update(WHOLE)
    found = read(metrics)
    assert found["stockstream_broker_up",] == found["stockstream_brokers",] == 1
    assert found["stockstream_overview_timestamp_seconds",] == NOW.timestamp()
    for topic in (STOCKS, LETTERS):
        of_topic = f"topic={topic.name}"
        assert found["stockstream_topic_records_per_second", of_topic] == topic.records_per_second
        assert found["stockstream_topic_newest_timestamp_seconds", of_topic] == NOW.timestamp() - 3
        for partition in topic.partitions:
            here = (f"partition={partition.partition}", of_topic)
            assert found["stockstream_partition_first_offset", *here] == partition.first
            assert found["stockstream_partition_end_offset", *here] == partition.end
            assert found["stockstream_partition_bytes", *here] == partition.bytes
            assert found["stockstream_partition_replicas", *here] == 1
            assert found["stockstream_partition_in_sync_replicas", *here] == 1
    signs = {"growing": 1, "steady": 0, "shrinking": -1, None: None}
    for group in GROUPS:
        assert found["stockstream_group_records_per_second", f"group={group.name}"] == group.records_per_second
        for at in group.partitions:
            place = (f"group={group.name}", f"partition={at.partition}", f"topic={at.topic}")
            assert found["stockstream_group_position", *place] == at.position
            assert found["stockstream_group_lag", *place] == at.lag
            assert found["stockstream_group_lag_trend", *place] == signs[at.trend]
    assert found["stockstream_dead_letters", "topic=stocks.dlq"] == 3
    assert found["stockstream_dead_letters_newest_timestamp_seconds", "topic=stocks.dlq"] == NOW.timestamp() - 120


def test_while_the_broker_is_away_nothing_old_is_reported() -> None:
    metrics = ClusterMetrics()
    assert read(metrics) == {("stockstream_broker_up",): 0}
    metrics.update(WHOLE)
    metrics.update(Overview(time=NOW, bootstrap_servers="x:1", waiting="broker x:1"))
    assert read(metrics) == {("stockstream_broker_up",): 0}


def test_what_is_not_known_is_left_out_and_any_name_is_read_back() -> None:
    odd = 'a "quoted"\\name\nwith a line'
    group = msgspec.structs.replace(GROUPS[0], name=odd, records_per_second=None)
    metrics = ClusterMetrics()
    metrics.update(msgspec.structs.replace(WHOLE, groups=(group,)))
    found = read(metrics)
    assert found["stockstream_group_lag", f"group={odd}", "partition=0", "topic=stocks"] == 3
    assert not [key for key in found if key[0] == "stockstream_group_records_per_second"]


def test_a_producer_is_scraped_as_it_reported() -> None:
    metrics = ProducerMetrics("produce csv", "stocks")
    begun = scraped(metrics)
    assert (begun.sent, begun.refused, begun.acknowledged, begun.records_per_second) == (0, 0, 0, 0)
    metrics.update(Progress(sent=1_200, refused=3, seconds=10.0, pending=100, silent=4.5))
    process = scraped(metrics)
    assert process.memory_bytes is None or process.memory_bytes > 1_000_000
    assert msgspec.structs.replace(process, memory_bytes=None) == Process(
        address=process.address,
        command="produce csv",
        topic="stocks",
        sent=1_200,
        refused=3,
        acknowledged=1_103,
        silent_seconds=4.5,
        records_per_second=120.0,
    )


def test_a_window_is_scraped_as_it_reported() -> None:
    metrics = WindowMetrics("watch bollinger", "stocks", "AAPL+MSFT")
    assert scraped(metrics).error == "does not serve metrics", "in the first second there is nothing to say"
    counts = {"doubtful": 3, "other series": 1}
    status = Status(connected=True, since=datetime.now(UTC), lag=7, rate=2.5, caught_up=True, counts=counts)
    metrics.update(900, status)
    assert scraped(metrics).frame_seconds is None
    for seconds in (0.004, 0.005, 0.006, 0.1):
        metrics.frame_times.add(seconds)
    process = scraped(metrics)
    assert msgspec.structs.replace(process, memory_bytes=None) == Process(
        address=process.address,
        command="watch bollinger",
        topic="stocks",
        keys="AAPL+MSFT",
        taken=900,
        lag=7,
        records_per_second=2.5,
        frame_seconds=0.006,
        counts=counts,
    )
    found = read(metrics)
    labels = ("command=watch bollinger", "keys=AAPL+MSFT", "topic=stocks")
    assert found["stockstream_window_connected", *labels] == found["stockstream_window_caught_up", *labels] == 1
    assert found["stockstream_window_frame_seconds_count", *labels] == 4
    assert found["stockstream_window_frame_seconds_sum", *labels] == pytest.approx(0.115)


def test_a_store_is_scraped_as_it_reported() -> None:
    metrics = StoreMetrics("store stocks", "stocks")
    assert scraped(metrics).error == "does not serve metrics", "in the first seconds there is nothing to say"
    metrics.update(Stored(1_250, None, "live", committed=1_200, commits=6, lag=50, dead=2), 75.0)
    process = scraped(metrics)
    assert msgspec.structs.replace(process, memory_bytes=None) == Process(
        address=process.address,
        command="store stocks",
        topic="stocks",
        taken=1_200,
        lag=50,
        records_per_second=75.0,
        counts={"unreadable": 2},
    )
    names = [name.removeprefix("stockstream_") for name, *_ in read(metrics)]
    assert {"store_waiting", "store_commits_total", "store_skipped_total"} < set(names)
    assert [value for key, value in read(metrics).items() if key[0] == "stockstream_store_waiting"] == [50]


def test_a_process_that_raises_alerts_is_scraped_as_it_reported() -> None:
    metrics = AlertMetrics("alerts")
    assert scraped(metrics).error == "does not serve metrics"
    metrics.update(900, 30.0)
    metrics.count([alert(1), alert(2), alert(1, state="withdrawn")])
    metrics.sinks = lambda: {"hook": (4, 1), "mail": (3, 0)}
    process = scraped(metrics)
    assert (process.command, process.topic, process.taken, process.records_per_second) == (
        "alerts",
        "stocks",
        900,
        30.0,
    )
    assert process.counts == {"alerts": 2, "waiting": 7, "refused by a sink": 1}


def test_a_job_of_spark_is_scraped_as_it_reported() -> None:
    metrics = JobMetrics("bars", "stocks")
    metrics.update(BatchProgress(3, 70, 0.5, state_rows=0, state_bytes=0, watermark="", late=1, behind=9))
    process = scraped(metrics)
    assert (process.command, process.taken, process.lag, process.records_per_second) == ("bars", 70, 9, 140.0)
    assert process.counts == {"late": 1}


def test_a_lag_that_is_not_known_is_none() -> None:
    metrics = WindowMetrics("watch aroon", "stocks", "")
    metrics.update(0, Status(connected=False, since=datetime.now(UTC)))
    process = scraped(metrics)
    assert (process.taken, process.lag, process.keys) == (0, None, None)


def test_who_does_not_answer_says_so_and_keeps_nobody_waiting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = [silent.getsockname()[1], closed.getsockname()[1]]
        closed.close()
        processes = Scraper([Endpoint("127.0.0.1", port) for port in ports]).processes()
    assert [process.error for process in processes] == ["does not answer"] * 2
    assert [process.address for process in processes] == [f"127.0.0.1:{port}" for port in ports]


def test_a_monitor_is_no_process_to_scrape() -> None:
    metrics = ClusterMetrics()
    metrics.update(WHOLE)
    assert scraped(metrics).error == "does not serve metrics"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_any_host_of_this_machine(host: str) -> None:
    try:
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with served(ClusterMetrics(), Endpoint(host, 0), "--metrics") as url:
        assert url.startswith(f"http://[{host}]:" if ":" in host else f"http://{host}:")
        assert "stockstream_broker_up 0.0" in text(url)


def test_a_port_in_use_and_a_host_that_is_not_are_errors() -> None:
    with served(ClusterMetrics(), ANYWHERE, "--metrics") as url:
        taken = endpoint(url)
        with pytest.raises(StockstreamError) as raised, served(ClusterMetrics(), taken, "--prometheus"):
            pass
        assert raised.value.message == f"--prometheus: cannot listen on {taken}: address already in use"
    with served(ClusterMetrics(), taken, "--metrics"):
        pass  # it is free again
    nowhere = Endpoint("no-such-host.invalid", 0)
    with (
        pytest.raises(StockstreamError, match=r"cannot listen on no-such-host\.invalid:0: "),
        served(ClusterMetrics(), nowhere, "--metrics"),
    ):
        pass


@pytest.mark.parametrize("text", ["", "x", "65536", "-1", "1.5", "a:b:1", "127.0.0.1:", "http://x:1/other", "[::1]"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        endpoint(text)
