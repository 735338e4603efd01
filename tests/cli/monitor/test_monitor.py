"""``monitor``: against a real broker; as tables, lines, JSON and metrics."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import Consumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from stockstream.cli.serving import endpoint
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.publisher import Publisher
from stockstream.topics import ALERTS, STOCKS
from tests.alerts.alerts import alert
from tests.cli.helpers import until
from tests.cli.test_metrics import read, reported, text
from tests.site import Site
from tests.views.bars import bar, walk

DOCS = Path(__file__).parents[3] / "docs" / "monitor.md"


def commit(site: Site, group: str, positions: dict[int, int]) -> None:
    consumer = Consumer({**site.connection, "group.id": group, "enable.auto.commit": False})
    places = [TopicPartition(STOCKS.name, number, offset) for number, offset in positions.items()]
    consumer.commit(offsets=places, asynchronous=False)
    consumer.close()


def refuse(site: Site) -> None:
    with Publisher(STOCKS, site.connection) as publisher:
        publisher.refuse("x.csv/7", b"1,2,x", "x.csv, line 7: not a number")


@contextmanager
def running(site: Site, *arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A command of ours that goes on until the block is left."""
    command = [sys.executable, "-m", "stockstream", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    with subprocess.Popen(command, cwd=site.folder, env=site.env, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=120)


def url_of(process: subprocess.Popen[str]) -> str:
    """Where a process says that its metrics are."""
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"metrics at (\S+)", line)
        if found:
            return found[1]
    raise AssertionError("it does not say")


def looks(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """The output of a monitor as JSON."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def test_once_as_json_shows_everything(site: Site) -> None:
    site.send(STOCKS, walk(300))
    refuse(site)
    commit(site, "slow", {0: 0, 1: 0, 2: 0})
    result = site.run("monitor", "--once", "--json", "--seconds", "1")
    assert (result.returncode, result.stderr) == (0, "")
    seen = json.loads(result.stdout)
    assert seen["waiting"] is None
    assert seen["bootstrap_servers"] == site.bootstrap_servers
    assert [f"{broker['host']}:{broker['port']}" for broker in seen["brokers"]] == [site.bootstrap_servers]
    stocks = next(topic for topic in seen["topics"] if topic["name"] == "stocks")
    assert (stocks["records"], stocks["records_per_second"], len(stocks["partitions"])) == (300, 0.0, 3)
    assert stocks["bytes"] == sum(partition["bytes"] for partition in stocks["partitions"]) > 0
    slow = next(group for group in seen["groups"] if group["name"] == "slow")
    assert (slow["lag"], slow["state"], slow["trend"]) == (300, "idle", None)
    assert sum(partition["lag"] for partition in slow["partitions"]) == 300
    (letters,) = (each for each in seen["dead_letters"] if each["topic"] == "stocks.dlq")
    assert letters["records"] == 1
    assert (letters["newest"]["key"], letters["newest"]["reason"]) == ("x.csv/7", "x.csv, line 7: not a number")
    assert seen["processes"] == []


def keys(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from keys(each, f"{path}[]")
    elif isinstance(value, dict):
        for name, each in value.items():
            yield f"{path}.{name}".lstrip(".")
            yield from keys(each, f"{path}.{name}")


def test_every_key_is_documented_and_no_other(site: Site) -> None:
    site.send(STOCKS, walk(3))
    refuse(site)
    commit(site, "slow", {0: 0})
    now = datetime.now(UTC)
    site.send(ALERTS, [alert(id="running", state="running", at=now, until=now + timedelta(minutes=1))])
    result = site.run("monitor", "--once", "--json", "--seconds", "0", "--scrape", "1")
    found = {key for key in keys(json.loads(result.stdout)) if not key.startswith("processes[].counts.")}
    documented = set(re.findall(r"^\| `(?!stockstream_)([a-z_\[\].]+)` \|", DOCS.read_text(encoding="utf-8"), re.M))
    assert found == documented


def has_drawn(url: str) -> bool:
    return "stockstream_window_frame_seconds_count" in text(url)


def taken(url: str) -> float:
    """How many records a window says that it took."""
    found = re.search(r"^stockstream_window_taken_total\{.*\} (\S+)$", text(url), re.M)
    return float(found[1]) if found else 0


def test_every_metric_is_documented_and_no_other(site: Site) -> None:
    site.send(STOCKS, walk(3))
    refuse(site)
    commit(site, "slow", {0: 0})
    with (
        running(site, "monitor", "--json", "--prometheus", "0") as monitor,
        running(site, "produce", "simulated", "MSFT", "--metrics", "0") as producer,
        running(site, "watch", "bollinger", "MSFT", "--metrics", "0") as window,
    ):
        result = looks(monitor)
        for _ in range(4):
            next(result)
        names = set()
        for process in (monitor, producer, window):
            url = url_of(process)
            if process is window:
                until(partial(has_drawn, url))
            families = text_string_to_metric_families(text(url))
            names |= {family.name + ("_total" if family.type == "counter" else "") for family in families}
    names |= {name for collector in reported() for name, *_ in read(collector)}
    found = {name for name in names if not name.startswith("process_")}
    documented = set(re.findall(r"^\| `(stockstream_[a-z_]+)", DOCS.read_text(encoding="utf-8"), re.M))
    assert found | {"stockstream_window_counted"} == documented


def test_once_as_tables(site: Site) -> None:
    site.send(STOCKS, walk(300))
    commit(site, "slow", {0: 0, 1: 0, 2: 0})
    result = site.run("monitor", "--once", "--seconds", "0")
    assert (result.returncode, result.stderr) == (0, "")
    lines = [re.sub(r" +", " ", line).rstrip() for line in result.stdout.splitlines()]
    assert lines[0].startswith(f"stockstream monitor {site.bootstrap_servers} ")
    assert lines[3] == "TOPIC RECORDS IN/S SIZE NEWEST PARTITIONS"
    assert any(re.match(r"stocks 300 - [\d.]+ kB \d+ s 0: ", line) for line in lines)
    assert any(re.match(r"slow idle 300 - - stocks 0: ", line) for line in lines)
    assert lines[-1] == "DEAD LETTERS none"


def test_without_a_terminal_it_is_lines_until_ctrl_c(site: Site) -> None:
    site.send(STOCKS, walk(3))
    with running(site, "monitor") as process:
        assert process.stdout is not None
        assert re.match(r"\d\d:\d\d:\d\dZ  stocks 3", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=120)
        assert (process.returncode, stdout, stderr) == (130, "", "")


def test_a_reader_that_goes_away_is_no_error(site: Site) -> None:
    shell = f"'{sys.executable}' -m stockstream monitor --json | head -1"
    result = subprocess.run(
        shell, shell=True, env=site.env, cwd=site.folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""


def test_a_lag_grows_and_shrinks_before_ones_eyes(site: Site) -> None:
    site.send(STOCKS, [bar(0, 5.0)])
    with running(site, "monitor", "--json") as process:
        result = looks(process)
        minute = 0

        def group() -> dict[str, Any]:
            return next(each for each in next(result)["groups"] if each["name"] == "slow")

        next(result)
        commit(site, "slow", {0: 0, 1: 0, 2: 0})
        trends: list[str | None] = []
        while trends[-1:] != ["growing"]:
            minute += 100
            site.send(STOCKS, [bar(minute + each, 5.0) for each in range(100)])
            trends.append(group()["trend"])
            assert len(trends) < 12
        lag = group()["lag"]
        assert lag >= 300
        ends = {0: 0, 1: 0, 2: 0}
        done = 0
        while trends[-1:] != ["shrinking"]:
            seen = next(result)
            for partition in next(each for each in seen["topics"] if each["name"] == "stocks")["partitions"]:
                ends[partition["partition"]] = partition["end"]
            done += 60
            commit(site, "slow", {number: min(end, done) for number, end in ends.items()})
            trends.append(group()["trend"])
            assert len(trends) < 60
        assert group()["lag"] < lag
        assert group()["records_per_second"] > 0


def test_it_waits_for_a_broker_says_so_and_continues(kafka_jars: list[Path], tmp_path: Path) -> None:
    port = free_port()
    site = Site(tmp_path, f"127.0.0.1:{port}")
    with running(site, "monitor") as lines, running(site, "monitor", "--json") as process:
        assert lines.stdout is not None
        result = looks(process)
        first = next(result)
        assert (first["waiting"], first["brokers"], first["topics"]) == (f"broker 127.0.0.1:{port}", [], [])
        assert "  waiting for broker " in lines.stdout.readline()
        with Broker(tmp_path / "data" / "kafka", kafka_jars, port=port):
            until(lambda: next(result)["waiting"] is None)
            said = [lines.stdout.readline()]
            while "  waiting for broker " in said[-1]:  # it repeats that line while the broker starts
                said.append(lines.stdout.readline())
            assert said[-1].endswith("Z  no topics yet\n")
        until(lambda: next(result)["waiting"] is not None)
        while (line := lines.stdout.readline()).endswith("Z  no topics yet\n"):
            pass
        assert "  waiting for broker " in line


def test_metrics_are_what_the_json_says_and_for_this_machine_alone(site: Site) -> None:
    site.send(STOCKS, walk(300))
    commit(site, "slow", {0: 0, 1: 0, 2: 0})
    with running(site, "monitor", "--json", "--prometheus", "0") as process:
        result = looks(process)
        next(result)
        where = endpoint(url_of(process))
        seen = next(result)
        families = text_string_to_metric_families(text(f"{where}"))
        samples = [sample for family in families for sample in family.samples]
        found = {(sample.name, *sorted(sample.labels.items())): sample.value for sample in samples}
        (stocks,) = (topic for topic in seen["topics"] if topic["name"] == "stocks")
        for partition in stocks["partitions"]:
            labels = (("partition", str(partition["partition"])), ("topic", "stocks"))
            assert found["stockstream_partition_end_offset", *labels] == partition["end"]
            assert found["stockstream_partition_bytes", *labels] == partition["bytes"]
        (slow,) = (group for group in seen["groups"] if group["name"] == "slow")
        for place in slow["partitions"]:
            of_group = (("group", "slow"), ("partition", str(place["partition"])), ("topic", "stocks"))
            assert found["stockstream_group_lag", *of_group] == place["lag"]
        assert listening(process.pid) == {("127.0.0.1", where.port)}


def test_metrics_for_others_where_that_is_asked_for(site: Site) -> None:
    with running(site, "monitor", "--json", "--prometheus", "0", "--host", "0.0.0.0") as process:
        next(looks(process))
        assert {host for host, _ in listening(process.pid)} == {"0.0.0.0"}


def listening(pid: int) -> set[tuple[str, int]]:
    """Where a process listens."""
    connections = psutil.Process(pid).net_connections("tcp")
    return {(each.laddr.ip, each.laddr.port) for each in connections if each.status == psutil.CONN_LISTEN}


def test_producers_and_windows_that_serve_metrics_are_shown(site: Site) -> None:
    (site.folder / "AAPL_1m.csv").write_text("Datetime,Open,High,Low,Close,Volume\n2026-03-02 14:30,1,2,1,2,5\nbad\n")
    with (
        running(site, "produce", "simulated", "MSFT", "--pace", "0.2", "--metrics", "0") as producer,
        running(site, "watch", "bollinger", "MSFT", "--headless", "x.png", "--metrics", "0") as picture,
    ):
        urls = [url_of(producer), url_of(picture)]
        until(lambda: taken(urls[1]) >= 120)
        with running(site, "monitor", "--json", "--scrape", urls[0], "--scrape", urls[1]) as process:
            result = looks(process)
            first, *_, last = (next(result)["processes"] for _ in range(4))
    sending, showing = last
    assert [each["error"] for each in last] == [None, None]
    assert (sending["command"], sending["topic"], sending["refused"]) == ("produce simulated", "stocks", 0)
    assert (showing["command"], showing["topic"], showing["keys"]) == ("watch bollinger", "stocks", "MSFT")
    assert sending["sent"] > first[0]["sent"] >= 120
    assert 0 <= sending["sent"] - sending["acknowledged"] <= 5
    assert showing["taken"] > first[1]["taken"] >= 120
    assert showing["lag"] <= 20
    assert 2 < sending["records_per_second"] < 100


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--prometheus", "70000"], 2, "--prometheus"),
        (["--prometheus", "x"], 2, "--prometheus"),
        (["--scrape", "a:b:c"], 2, "'a:b:c' is neither a port (0 to 65535) nor HOST:PORT"),
        (["--once", "--prometheus", "0"], 2, "either --once or --prometheus, not both"),
        (["--seconds", "-1"], 2, "--seconds"),
        (["--prometheus", "0", "--host", "no-such-host.invalid"], 1, "cannot listen on no-such-host.invalid:0: "),
    ],
)
def test_wrong_usage_is_reported(site: Site, arguments: list[str], code: int, said: str) -> None:
    result = site.run("monitor", *arguments)
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert code == 2 or len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "command", ["monitor --prometheus", "produce simulated AAPL --metrics", "watch aroon --metrics"]
)
def test_a_port_in_use_is_a_line(site: Site, command: str) -> None:
    port = site.bootstrap_servers.split(":")[1]
    result = site.run(*command.split(), port)
    assert result.returncode == 1
    (line,) = (each for each in result.stderr.splitlines() if "metrics" in each or "prometheus" in each)
    option = command.split()[-1]
    assert line.startswith(f"stockstream: {option}: cannot listen on 127.0.0.1:{port}: address already in use - ")


def test_once_without_a_broker_is_exit_code_1(tmp_path: Path) -> None:
    site = Site(tmp_path, "127.0.0.1:1")
    result = site.run("monitor", "--once")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(
        "stockstream: no broker answers at 127.0.0.1:1: connection refused - is it running? `stock"
    )
