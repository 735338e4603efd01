"""A cluster on this machine: for its user alone, what ends is started again, and a job on it goes on exactly."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import NamedTuple

import numpy as np
import psutil
import pytest

from stockstream import processes
from stockstream.config import load
from stockstream.errors import SparkError
from stockstream.indicators import Bollinger
from stockstream.kafka.broker import free_port
from stockstream.records import SIMULATED, Bar
from stockstream.spark import extra
from stockstream.spark.access import access_file, cluster_folder, write_access
from stockstream.spark.cluster import Cluster, ClusterOptions
from stockstream.topics import STOCKS
from tests.cli.helpers import stockstream
from tests.patience import until
from tests.site import Site
from tests.spark.tables import FORMATS, written

SYMBOLS = [f"S{number}" for number in range(6)]


class Command:
    """A command of ours that runs, and the lines that it has told."""

    def __init__(self, site: Site, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stockstream", *arguments],
            cwd=site.folder,
            env=site.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.told: list[str] = []
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip())

    def until(self, pattern: str, within: float = 280.0) -> re.Match[str]:
        """The next line with this pattern."""
        while True:
            try:
                self.told.append(self._lines.get(timeout=within))
            except Empty:
                pytest.fail(f"{pattern} did not come after {self.told}")
            if found := re.search(pattern, self.told[-1]):
                return found

    def rest(self) -> str:
        """Wait for its end; what it has told."""
        self.process.wait(240)
        self._reader.join()
        while not self._lines.empty():
            self.told.append(self._lines.get())
        return "\n".join(self.told)


@contextmanager
def running(site: Site, *arguments: str) -> Iterator[Command]:
    command = Command(site, *arguments)
    try:
        yield command
    finally:
        command.process.send_signal(signal.SIGTERM)
        try:
            command.process.wait(120)
        finally:
            processes.kill(command.process)


def test_the_secret_is_for_its_user_alone_and_found_for_this_machine_only(tmp_path: Path) -> None:
    settings = load(None, {}).model_copy(update={"state_dir": tmp_path})
    assert access_file(settings, "spark://127.0.0.1:7077") is None
    folder = cluster_folder(settings, 7077)
    folder.mkdir(parents=True)
    path = write_access(folder)
    assert access_file(settings, "spark://127.0.0.1:7077") == path
    assert path.stat().st_mode & 0o777 == 0o600
    first = path.read_text()
    authenticated = r"spark\.authenticate true\nspark\.authenticate\.secret [0-9a-f]{64}\n"
    assert re.fullmatch(rf"{authenticated}spark\.network\.crypto\.enabled true\n", first)
    assert write_access(folder).read_text() != first
    for other in ("local[*]", "yarn", "spark://127.0.0.1:7078", "spark://there:7077", "spark://127.0.0.1:x"):
        assert access_file(settings, other) is None


def test_a_port_that_is_taken_and_memory_that_is_none_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    import socket

    settings = load(None, {}).model_copy(update={"state_dir": tmp_path})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SparkError, match=f"port {port} is taken - give another --port"):
            Cluster(settings, ClusterOptions(port=port)).start()
    with pytest.raises(SparkError, match="lots is no memory of Java"):
        ClusterOptions(memory="lots")


def test_without_the_extra_one_line_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "PACKAGES", ("pyspark_is_not_here",))
    settings = load(None, {}).model_copy(update={"state_dir": tmp_path})
    with pytest.raises(SparkError, match=r"pip install 'stockstream\[spark\]'"):
        Cluster(settings).start()


def test_impossible_options_are_refused(tmp_path: Path) -> None:
    for option, value in (("--memory", "lots"), ("--workers", "0"), ("--port", "70000"), ("--cores", "0")):
        result = stockstream("spark", "cluster", option, value, cwd=tmp_path)
        assert (result.returncode, option in result.stderr) == (2, True)


def bars(count: int) -> list[Bar]:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    found = []
    for number in range(count):
        for rank, symbol in enumerate(SYMBOLS):
            close = 100.0 + rank + (number * 7919 % 1000) / 250.0
            time = start + timedelta(minutes=number)
            found.append(
                Bar(
                    symbol=symbol,
                    interval="1m",
                    feed=SIMULATED,
                    time=time,
                    open=close,
                    high=close + 0.5,
                    low=close - 0.5,
                    close=close,
                    volume=100.0 + number,
                    source="test",
                    currency="USD",
                )
            )
    return found


class Java(NamedTuple):
    """A process of Java: its command line, and the addresses on which it listens."""

    process: psutil.Process
    words: list[str]
    addresses: set[str]


MAINS = (
    "org.apache.spark.deploy.master.Master",
    "org.apache.spark.deploy.worker.Worker",
    "org.apache.spark.executor.CoarseGrainedExecutorBackend",
)


def javas(command: Command) -> dict[str, list[Java]]:
    """The processes of Spark that a command has started, by their main class; others come and go."""
    found: dict[str, list[Java]] = {main: [] for main in MAINS}
    for each in psutil.Process(command.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            words = each.cmdline()
            listening = {one.laddr.ip for one in each.net_connections() if one.status == psutil.CONN_LISTEN}
            for main in set(MAINS) & set(words):
                found[main].append(Java(each, words, {address.removeprefix("::ffff:") for address in listening}))
    return found


def listening(command: Command, main: str) -> list[Java]:
    """The processes of a main class that have begun to listen."""
    return [each for each in javas(command)[main] if each.addresses]


class Clustered(NamedTuple):
    """A site with a cluster."""

    site: Site
    command: Command
    master: str

    @property
    def secret(self) -> Path | None:
        return access_file(load(None, {"state_dir": self.site.folder / "state"}), self.master)


@pytest.fixture(scope="module")
def cluster(running_site: Site) -> Iterator[Clustered]:
    port = free_port()
    with running(running_site, "spark", "cluster", "--workers", "2", "--port", str(port)) as command:
        master = command.until(r"the cluster is ready: --master (\S+);")[1]
        assert master == f"spark://127.0.0.1:{port}"
        yield Clustered(running_site, command, master)


def kill_a_worker(cluster: Clustered) -> None:
    """Kill one of the workers and its executor, and wait until it is started again."""
    executors = until(lambda: listening(cluster.command, MAINS[2]))
    # The one that was killed before is being started.
    workers = until(lambda: found if len(found := listening(cluster.command, MAINS[1])) == 2 else None)
    (master,) = listening(cluster.command, MAINS[0])
    assert cluster.secret is not None
    secret = dict(line.split() for line in cluster.secret.read_text().splitlines())["spark.authenticate.secret"]
    for each in (master, *workers, *executors):
        assert each.addresses == {"127.0.0.1"}
        assert not any(secret in word for word in each.words)
    executor = executors[0].process
    assert list(Path(executor.cwd()).glob("stockstream-*.zip"))  # what was submitted with the job
    for process in (executor, executor.parent()):
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
    cluster.command.until(r"worker \d has ended \(exit code -9\), and is started again")
    cluster.command.until(r"worker \d was started again, process \d+")


def goes_on(cluster: Clustered, kind: str, kills: int) -> None:
    """Run a job on the cluster, kill a worker after each of the first batches, and look at the table."""
    sent = bars(700 * kills)
    cluster.site.send(STOCKS, sent)
    folder = cluster.site.folder / f"{kind}-{kills}"
    options = ("--with", "bollinger", "--to", str(folder), "--format", kind, "--partitions", "2", "--max-rows", "1000")
    job = ("spark", "submit", "indicator", *options, "--master", cluster.master, "--trigger", "available-now")
    with running(cluster.site, *job) as stream:
        for batch in range(1, kills + 1):
            stream.until(rf"batch {batch}\b")
            kill_a_worker(cluster)
        told = stream.rest()
    assert stream.process.returncode == 0, told
    assert f"rows written to {folder}/indicators" in told  # how many: Spark counts those again that it reads again
    rows = written(folder, "indicators", kind).sort_values(["symbol", "time"])
    for symbol in SYMBOLS:
        bands = Bollinger(20, 2.0)
        points = [bands.update(bar) for bar in sent if bar.symbol == symbol]
        found = rows[rows["symbol"] == symbol]
        assert not found.duplicated("time").any()
        for name in bands.fields:
            expected = [math.nan if point is None else getattr(point, name) for point in points]
            np.testing.assert_array_equal(found[f"bollinger_{name}"].to_numpy(), np.array(expected))


@pytest.mark.timeout(600)
@pytest.mark.spark
@pytest.mark.parametrize("kind", FORMATS)
def test_a_job_goes_on_exactly_when_a_worker_and_its_executor_are_killed(
    cluster: Clustered, site: Site, kind: str
) -> None:
    goes_on(cluster, kind, 1)


@pytest.mark.timeout(3_600)
@pytest.mark.spark
@pytest.mark.thorough
@pytest.mark.parametrize("kind", FORMATS)
def test_twenty_workers_are_killed(cluster: Clustered, site: Site, kind: str) -> None:
    goes_on(cluster, kind, 10)


@pytest.mark.spark
def test_a_job_for_which_no_worker_has_room_says_so(cluster: Clustered, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from stockstream.config import load
from stockstream.errors import SparkError
from stockstream.spark import session
session._EXECUTOR_PATIENCE = 2.0
settings = load(None, {"state_dir": Path(sys.argv[1])})
try:
    session.session("large", settings, session.SessionOptions(sys.argv[2], executor_memory="9g"))
except SparkError as error:
    print(error)
"""
    command = [sys.executable, "-c", code, str(cluster.site.folder / "state"), cluster.master]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=True)
    assert done.stdout.startswith(f"{cluster.master} has given no executor in 2 s - a worker must offer a free core")
    assert "9g of memory" in done.stdout


@pytest.mark.spark
def test_it_ends_with_all_its_processes_and_its_secret(cluster: Clustered) -> None:
    below = psutil.Process(cluster.command.process.pid).children(recursive=True)
    assert len(below) >= 3
    assert cluster.secret is not None
    cluster.command.process.send_signal(signal.SIGINT)
    assert cluster.command.rest().endswith("the cluster ended")
    assert cluster.command.process.returncode == 0
    gone, left = psutil.wait_procs(below, timeout=20)
    assert (len(gone), left) == (len(below), [])
    assert cluster.secret is None
