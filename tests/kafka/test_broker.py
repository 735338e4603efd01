"""A real Kafka, really stopped, killed, suspended, and refused."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from confluent_kafka.admin import AdminClient

from stockstream.errors import BrokerError
from stockstream.kafka import broker as broker_module
from stockstream.kafka.broker import Broker, _takes_topics, free_port, is_free
from stockstream.kafka.filelock import FileLock, Locked
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from tests.kafka.small_disk import on_small_disk
from tests.kafka.streams import BARS, connection, own_topic, read_to_end, send_all, until
from tests.patience import PATIENCE

TOPIC = own_topic()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def formatted(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Path:
    """A data directory that has been used."""
    data = tmp_path_factory.mktemp("used") / "with spaces, and = signs"
    with Broker(data, kafka_jars, port=free_port()) as running:
        send(running, BARS[:10])
    return data


def send(running: Broker, bars: list[Bar]) -> None:
    with Publisher(TOPIC, connection(running.bootstrap_servers)) as publisher:
        send_all(publisher, bars)


def stored(running: Broker) -> set[Bar]:
    with Subscriber(TOPIC, Bar, connection(running.bootstrap_servers)) as subscriber:
        subscriber.begin({})
        return set(read_to_end(subscriber).records)


@pytest.fixture
def listener(port: int) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", port)) as other:
        yield other


def test_nothing_is_lost_when_it_is_ended_suspended_or_killed(
    formatted: Path, kafka_jars: list[Path], port: int
) -> None:
    with Broker(formatted, kafka_jars, port=port) as running:
        assert stored(running) == set(BARS[:10])
        java = psutil.Process(running.pid)
        java.suspend()
        running.wait(3.0)  # longer than its session
        java.resume()
        send(running, BARS[10:20])
        java.kill()
        with pytest.raises(BrokerError, match="killed by SIGKILL"):
            running.wait(PATIENCE)
        assert running.pid is None
    with Broker(formatted, kafka_jars, port=port) as running:
        assert stored(running) == set(BARS[:20])


def test_a_directory_in_use_is_named_and_left_alone(formatted: Path, kafka_jars: list[Path], port: int) -> None:
    with (
        FileLock(formatted / "lock", patience=0.0),
        pytest.raises(BrokerError, match=rf"signs is in use by another broker, process {os.getpid()} - ") as caught,
        Broker(formatted, kafka_jars, port=port),
    ):
        pass
    assert "--data" in str(caught.value.hint)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows a process's files")
def test_a_running_one_keeps_its_directory_even_when_we_are_gone(
    formatted: Path, kafka_jars: list[Path], port: int
) -> None:
    lock = formatted / "lock"
    with Broker(formatted, kafka_jars, port=port) as running:
        with pytest.raises(BrokerError, match="in use"):
            Broker(formatted, kafka_jars, port=free_port()).start()
        running.wait(0.0)
        assert stored(running) >= set(BARS[:10])
        # What our end would do is to close the file; Java has it open, too.
        for link in Path("/proc/self/fd").iterdir():
            with suppress(OSError):  # the one that lists them is gone
                if link.readlink() == lock:
                    os.dup2(os.open(os.devnull, os.O_RDONLY), int(link.name))
        with pytest.raises(Locked), FileLock(lock, patience=0.0):
            pass
    with FileLock(lock, patience=0.0):
        pass


def test_a_taken_port_is_reported_before_java_starts(
    formatted: Path, kafka_jars: list[Path], port: int, listener: socket.socket
) -> None:
    assert not is_free(port)
    with pytest.raises(BrokerError, match=rf"port {port} on 127\.0\.0\.1 is in use") as caught:
        Broker(formatted, kafka_jars, port=port).start()
    assert "--port" in str(caught.value.hint)
    with FileLock(formatted / "lock", patience=0.0):  # given back
        pass


def test_a_java_that_does_not_come_up_says_why(formatted: Path, kafka_jars: list[Path], port: int) -> None:
    with pytest.raises(BrokerError, match=r"Kafka ended \(exit code \d\): .*[Hh]eap") as caught:
        Broker(formatted, kafka_jars, port=port, heap="1k").start()
    log = Path(str(caught.value.hint).removeprefix("its log: "))
    assert "heap" in log.read_text()


def test_a_kafka_that_does_not_come_up_says_why(formatted: Path, kafka_jars: list[Path], port: int) -> None:
    properties = formatted / "topics" / "meta.properties"
    good = properties.read_text()
    properties.write_text(good.replace("node.id=1", "node.id=7"))
    try:
        with pytest.raises(BrokerError, match="Stored node id 7 doesn't match") as caught:
            Broker(formatted, kafka_jars, port=port).start()
    finally:
        properties.write_text(good)
    assert str(caught.value.hint) == f"its log: {formatted / 'logs' / 'kafka.0.log'}"


def test_a_format_that_was_cut_short_is_made_again(tmp_path: Path, kafka_jars: list[Path], port: int) -> None:
    (tmp_path / "topics").mkdir()
    (tmp_path / "topics" / "bootstrap.checkpoint").write_bytes(b"half")
    (tmp_path / "topics" / "meta.properties.tmp").write_text("")
    with Broker(tmp_path, kafka_jars, port=port) as running:
        send(running, BARS[:3])
        assert stored(running) == set(BARS[:3])


def test_it_only_starts_from_the_main_thread(formatted: Path, kafka_jars: list[Path], port: int) -> None:
    raised: list[BaseException] = []

    def start() -> None:
        try:
            Broker(formatted, kafka_jars, port=port).start()
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(raised[0])
    with FileLock(formatted / "lock", patience=0.0):
        pass


def test_ready_means_this_cluster_and_leaves_no_topic(broker: str) -> None:
    admin = AdminClient({"bootstrap.servers": broker})
    cluster = admin.describe_cluster(request_timeout=60).result().cluster_id
    before = set(admin.list_topics(timeout=60).topics)
    assert until(lambda: _takes_topics(admin, cluster))
    assert not _takes_topics(admin, "another")
    assert set(admin.list_topics(timeout=60).topics) == before


def test_a_full_disk_is_reported(tmp_path: Path, kafka_jars: list[Path]) -> None:
    program = f"""
import sys
from pathlib import Path
from stockstream.errors import BrokerError
from stockstream.kafka.broker import Broker, free_port
try:
    jars = [Path(jar) for jar in {[str(jar) for jar in kafka_jars]}]
    Broker(Path(sys.argv[1]), jars, port=free_port()).start()
except BrokerError as error:
    print(error)
"""
    what, _, rest = on_small_disk(program, tmp_path, kilobytes=16).partition(": ")
    assert what == "the data directory could not be formatted"
    assert rest == f"the disk of {tmp_path} is full - free some space, or choose another with --data\n"
    result = on_small_disk(program, tmp_path, kilobytes=4)
    assert result.startswith(f"cannot keep Kafka's data in {tmp_path}: No space left on device - free some space")


def test_a_directory_that_cannot_be_made_is_reported(tmp_path: Path, kafka_jars: list[Path], port: int) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerError, match=r"cannot keep Kafka's data in .*below: Not a directory"):
        Broker(tmp_path / "file" / "below", kafka_jars, port=port).start()


def test_a_free_port_is_one_that_clients_are_never_given() -> None:
    assert all(15_000 <= free_port() <= 32_000 for _ in range(50))


def test_a_free_port_is_given_once_and_is_no_brokers_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = [port for port in range(15_000, 32_001) if is_free(port)][:2]
    monkeypatch.setattr(broker_module, "_PORTS", two)
    monkeypatch.setattr(broker_module, "_reserved", set())
    Broker(tmp_path, [], port=two[0])
    assert free_port() == two[1]
    with pytest.raises(BrokerError, match="no free port"):
        free_port()
