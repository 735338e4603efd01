"""``stockstream broker`` as a process: started, terminated, killed, refused."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import typer

from stockstream.cli.broker import _guard
from stockstream.config import load
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import free_port
from stockstream.kafka.filelock import FileLock
from stockstream.kafka.jars import KAFKA_VERSION
from tests.cli.helpers import clean, events, stockstream, until
from tests.kafka.maven import repository
from tests.patience import PATIENCE


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broker")


class Command:
    """A running ``stockstream broker``."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, stderr: Path) -> None:
        self.process = process
        self.port = port
        self._stderr = stderr

    def output(self) -> str:
        return self._stderr.read_text()

    def java(self) -> psutil.Process:
        """Its Java, once it is ready."""
        (java,) = self.javas(1)
        return java

    def javas(self, count: int) -> list[psutil.Process]:
        """All of them, once it is ready."""
        until(lambda: "ready on" in self.output() or self.process.poll() is not None, 60.0 * count + PATIENCE)
        assert "ready on" in self.output(), self.output()
        found = psutil.Process(self.process.pid).children(recursive=True)
        assert len(found) == count
        return found


@contextmanager
def command(kafka_jars: list[Path], data: Path, port: int, *options: str, nodes: int = 1) -> Iterator[Command]:
    env = clean(data / "state", STOCKSTREAM_CACHE_DIR=str(kafka_jars[0].parents[1]))
    arguments = [*options, "broker", "--port", str(port), "--data", str(data / "kafka")]
    arguments += ["--nodes", str(nodes)] if nodes > 1 else []
    stderr = data / f"stderr-{port}"
    with stderr.open("w") as sink:
        process = subprocess.Popen([sys.executable, "-m", "stockstream", *arguments], env=env, cwd=data, stderr=sink)
    try:
        yield Command(process, port, stderr)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.thorough),
        pytest.param(signal.SIGHUP, marks=pytest.mark.thorough),
    ],
)
def test_asked_to_end_it_ends_well(number: signal.Signals, kafka_jars: list[Path], data: Path) -> None:
    with command(kafka_jars, data, free_port()) as running:
        java = running.java()
        assert Admin({"bootstrap.servers": f"127.0.0.1:{running.port}"}).names() is not None
        running.process.send_signal(number)
        assert running.process.wait(120) == 0
        assert not java.is_running()
        ready, ended = running.output().splitlines()
        where = f"127.0.0.1:{running.port}, data in {data / 'kafka'}"
        assert ready == f"Kafka {KAFKA_VERSION} ready on {where}; Ctrl-C ends it"
        assert ended == "Kafka ended"


# A `stockstream` that fetches a jar of ours from a repository of ours; everything around it is the real thing.
FETCHING = """
import sys
from functools import partial
from stockstream.cli import broker, main
from stockstream.kafka.jars import Jar, fetch
url, coordinate, sha256, size = sys.argv[1:5]
del sys.argv[1:5]
broker.fetch = partial(fetch, jars=[Jar(coordinate, sha256, int(size))], remote_repos={"local": url})
main.run()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_download_that_is_interrupted_is_no_success(tmp_path: Path, number: signal.Signals) -> None:
    with repository() as repo:
        jar = repo.add("org.example:one:1.0")
        repo.go_on.clear()
        env = clean(tmp_path / "state", STOCKSTREAM_CACHE_DIR=str(tmp_path / "cache"))
        described = [repo.url, jar.coordinate, jar.sha256, str(jar.size)]
        process = subprocess.Popen(
            [sys.executable, "-c", FETCHING, *described, "broker", "--port", str(free_port())],
            env=env,
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert repo.asked.wait(120)
        process.send_signal(number)
        repo.go_on.set()
        _, result = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert result.splitlines()[-1] == "Kafka is not complete yet: the jars that were downloaded are kept"
    assert "Traceback" not in result


# The same, and it is asked to end while it prepares the faster start.
PREPARING = f"""
import signal
from stockstream.kafka import start_cache
start_cache.ensure = lambda jars, begin: signal.raise_signal(signal.SIGTERM)
{FETCHING}"""


def test_who_ends_it_while_it_prepares_the_faster_start_is_told_that_kafka_is_complete(tmp_path: Path) -> None:
    with repository() as repo:
        jar = repo.add("org.example:one:1.0")
        env = clean(tmp_path / "state", STOCKSTREAM_CACHE_DIR=str(tmp_path / "cache"))
        described = [repo.url, jar.coordinate, jar.sha256, str(jar.size)]
        result = subprocess.run(
            [sys.executable, "-c", PREPARING, *described, "broker", "--port", str(free_port())],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.returncode == 128 + signal.SIGTERM
    assert result.stderr.splitlines()[-1] == "Kafka is complete: the next start prepares the faster one"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_killed_it_leaves_nothing_and_can_start_at_once(kafka_jars: list[Path], data: Path) -> None:
    port = free_port()
    with command(kafka_jars, data, port) as running:
        java = running.java()
        running.process.kill()
        with command(kafka_jars, data, port, "--log-json") as again:
            assert again.java().pid != java.pid
            assert not java.is_running()


def test_a_kafka_that_dies_ends_it_with_the_reason(kafka_jars: list[Path], data: Path) -> None:
    with command(kafka_jars, data, free_port(), "--log-json") as running:
        running.java().kill()
        assert running.process.wait(120) == 1
        ready, error = events(running.output())
        assert ready["event"] == "note"
        assert error["event"] == "error"
        assert error["text"] == "Kafka ended (killed by SIGKILL)"
        assert error["hint"] == f"its log: {data / 'kafka' / 'logs' / 'kafka.0.log'}"


def test_a_taken_port_and_a_directory_in_use_are_one_line_each(kafka_jars: list[Path], data: Path) -> None:
    with command(kafka_jars, data, free_port()) as running, socket.create_server(("127.0.0.1", free_port())) as other:
        running.java()
        port = other.getsockname()[1]
        for folder, expected in ((data, "is in use by another broker, process"), (data / "new", f"port {port} on")):
            folder.mkdir(exist_ok=True)
            with command(kafka_jars, folder, port) as second:
                assert second.process.wait(120) == 1
                (line,) = second.output().splitlines()
                assert line.startswith("stockstream: ")
                assert expected in line


def test_asked_to_end_while_it_fetches_it_ends_at_once(data: Path) -> None:
    jars = data / f"cache/kafka-{KAFKA_VERSION}/none.jar"
    jars.parent.mkdir(parents=True)
    lock = jars.with_name("fetch.lock")
    with FileLock(lock, patience=0.0), command([jars], data, free_port()) as running:  # somebody else fetches
        process = psutil.Process(running.process.pid)
        until(lambda: any(file.path == str(lock) for file in process.open_files()))
        running.process.terminate()
        assert running.process.wait(120) == 128 + signal.SIGTERM
        assert running.output() == "Kafka is not complete yet: the jars that were downloaded are kept\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_three_nodes_are_one_broker(kafka_jars: list[Path], data: Path) -> None:
    port = free_port()
    site = data / "three"
    site.mkdir()
    with command(kafka_jars, site, port, nodes=3) as running:
        nodes = running.javas(3)
        ready = running.output()
        where = ",".join(f"127.0.0.1:{port + more}" for more in range(3))
        assert f"ready on {where}, 3 nodes with 256 MB of heap each, data in {site / 'kafka'};" in ready
        # Whoever knows one of them knows them all, as long as they run.
        settings = load(
            None,
            {"bootstrap_servers": f"127.0.0.1:{port + 2}"},
            {"STOCKSTREAM_CREDENTIALS_DIR": str(site / "kafka" / "clients")},
        )
        assert set(str(settings.connection("consumer")["bootstrap.servers"]).split(",")) == set(where.split(","))
        victim = nodes[0]
        victim.kill()
        until(lambda: "is back, at 127.0.0.1:" in running.output())
        assert "Kafka ended (killed by SIGKILL), and is started again\n" in running.output()
        nodes = running.javas(3)
        assert victim not in nodes
        running.process.kill()
        until(lambda: not any(java.is_running() for java in nodes))


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (["--nodes", "2"], "--nodes: 2 is even: of 3 one may fail"),
        (["--nodes", "7"], "--nodes: should be less than or equal to 5"),
        (["--nodes", "3", "--join", "127.0.0.1:9092"], "--join adds one broker to a cluster that runs"),
        (["--join", "127.0.0.1:9092", "--secure"], "a secure cluster takes no further brokers"),
        (["--nodes", "3", "--port", "65534"], "there are no 3 ports from 65534 on"),
    ],
)
def test_what_is_no_cluster_is_refused(tmp_path: Path, arguments: list[str], result: str) -> None:
    ended = stockstream("broker", *arguments, cwd=tmp_path)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert result in line


def test_a_secure_broker_stays_one_until_it_is_to_be_plain(tmp_path: Path) -> None:
    assert _guard(tmp_path, [], secure=None) is None
    guard = _guard(tmp_path, ["quotes.lan"], secure=True)
    assert guard is not None
    guard.users.ensure("quotes.lan:9092", "an authority")
    assert _guard(tmp_path, [], secure=None) is not None
    assert _guard(tmp_path, [], secure=False) is None
    assert not list(guard.users.folder.glob("*.yaml"))
    assert _guard(tmp_path, [], secure=None) is None


def test_no_other_machine_is_let_in_without_passwords(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="without --secure no other machine can connect"):
        _guard(tmp_path, ["quotes.lan"], secure=None)
    with pytest.raises(typer.BadParameter, match="is not a name of a host"):
        _guard(tmp_path, ["a\nb"], secure=True)
