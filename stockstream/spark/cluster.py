"""A standalone cluster of Spark on this machine: a master and workers, each a process, on the loopback address only.

::

    with Cluster(settings, ClusterOptions(workers=2), report=print) as cluster:
        cluster.wait()
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, Final, Self

from stockstream import processes
from stockstream.config import Settings
from stockstream.errors import SparkError
from stockstream.files import private_file, private_folder
from stockstream.kafka.broker import free_port, is_free
from stockstream.kafka.filelock import FileLock, Locked
from stockstream.spark.access import cluster_folder, write_access
from stockstream.spark.environment import LOOPBACK, environment, is_memory
from stockstream.spark.extra import require_spark
from stockstream.spark.logs import Logs

PORT: Final = 7077

_PATIENCE: Final = 120.0  # seconds; a busy machine takes a minute
_BEAT: Final = 0.2
_STEADY: Final = 60.0
"""Seconds after which a process that was started again no longer counts as failing."""

_LONGEST_PAUSE: Final = 30.0
_DAEMON_MEMORY: Final = "256m"
_ENDING: Final = 10.0
_LAUNCHER: Final = "org.apache.spark.deploy."


@dataclass(frozen=True)
class ClusterOptions:
    """What a cluster consists of.

    Parameters
    ----------
    workers
        Number of worker processes.
    cores, memory
        What each worker gives to executors; memory as Spark writes it, 2g say.
    port
        Port of the master.
    """

    workers: int = 2
    cores: int = 1
    memory: str = "2g"
    port: int = PORT

    def __post_init__(self) -> None:
        """Raise SparkError for what Spark would refuse."""
        if not is_memory(self.memory):
            raise SparkError(f"{self.memory} is no memory of Java", hint="write it as 700m or 2g")


@dataclass
class _Daemon:
    """A process of the cluster, the number of its recent failures, and when it is started again."""

    name: str
    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    again_at: float = 0.0
    since: float = 0.0

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Cluster:
    """A master and its workers; leaving the block, or the end of this process, ends all of them.

    A process that ends by itself is started again, and jobs go on: the master knows its workers and applications from a
    file, a worker's executors are replaced. Only sessions of the same user can use the cluster: they find its secret in
    a file that this user alone can read. Start and wait for it on the main thread.

    Parameters
    ----------
    settings
        Its directories: state, for work and logs; cache, for Java.
    options
        What it consists of.
    report
        Called with a line when a process has ended, and when it was started again.
    """

    def __init__(
        self, settings: Settings, options: ClusterOptions | None = None, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self.options = options or ClusterOptions()
        self.folder = cluster_folder(settings, self.options.port)
        self._settings = settings
        self._report = report
        self._resources = ExitStack()
        self._page = free_port()
        self._logs = Logs(settings.state_dir, f"cluster-{self.options.port}", level="info")
        self._daemons: list[_Daemon] = []
        self._variables: dict[str, str] = {}

    @property
    def url(self) -> str:
        """The address for sessions."""
        return f"spark://{LOOPBACK}:{self.options.port}"

    @property
    def page(self) -> str:
        """The master's own page."""
        return f"http://{LOOPBACK}:{self._page}"

    @property
    def processes(self) -> dict[str, int]:
        """The ids of the processes that run, by name: ``master``, ``worker 1``."""
        return {each.name: each.process.pid for each in self._daemons if each.process is not None and each.alive}

    @property
    def log(self) -> Path:
        """The file to which master and workers log."""
        return self._logs.file

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all processes, and return when all workers are known to the master.

        Raises
        ------
        SparkError
            The extra ``spark`` is not installed, the port is taken, or Spark does not start.
        """
        require_spark()
        try:
            self._lay_out()
            for daemon in self._daemons:
                self._launch(daemon)
                if daemon.name == "master":
                    self._await(lambda: self._workers() is not None)
            self._await(lambda: self._workers() == self.options.workers)
        except OSError as error:
            self.stop()
            raise SparkError(
                f"{self.folder} cannot be written: {error.strerror or error}", hint="set another state_dir"
            ) from error
        except BaseException:
            self.stop()
            raise

    def wait(self, seconds: float | None = None) -> None:
        """Supervise the processes for some seconds (None: without end): start again one that has ended, and say so."""
        until = None if seconds is None else time.monotonic() + seconds
        while until is None or time.monotonic() < until:
            for daemon in self._daemons:
                self._look_after(daemon, time.monotonic())
            time.sleep(_BEAT)

    def stop(self) -> None:
        """End all processes, executors included, by force if they take too long; safe to call at any time."""
        running = [daemon.process for daemon in self._daemons if daemon.process is not None]
        try:
            for process in running:
                processes.ask(process)
            until = time.monotonic() + _ENDING
            while any(process.poll() is None for process in running) and time.monotonic() < until:
                time.sleep(_BEAT)
        finally:
            for process in running:
                processes.kill(process)
            self._resources.close()

    def _lay_out(self) -> None:
        """Its folder, emptied of what a former cluster has left, and its processes."""
        private_folder(self.folder)
        try:
            self._resources.enter_context(FileLock(self.folder / "lock", patience=1.0))
        except Locked as locked:
            holder = f", process {locked.holder}" if locked.holder else ""
            raise SparkError(f"a cluster runs at {self.url} already{holder}", hint="use it, or give --port") from None
        if not is_free(self.options.port):
            raise SparkError(f"port {self.options.port} is taken", hint="give another --port")
        for name in ("work", "local", "known"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            private_folder(self.folder / name)
        access = write_access(self.folder)
        self._resources.callback(access.unlink, missing_ok=True)
        self._variables = self._environment()
        common = ("--host", LOOPBACK, "--properties-file", str(access))
        master = ("--port", str(self.options.port), "--webui-port", str(self._page))
        worker = ("--webui-port", "0", "--cores", str(self.options.cores), "--memory", self.options.memory)
        self._daemons = [_Daemon("master", (_LAUNCHER + "master.Master", *common, *master))] + [
            _Daemon(f"worker {number}", (_LAUNCHER + "worker.Worker", *common, *worker, self.url))
            for number in range(1, self.options.workers + 1)
        ]

    def _environment(self) -> dict[str, str]:
        master = {
            "spark.deploy.recoveryMode": "FILESYSTEM",
            "spark.deploy.recoveryDirectory": str(self.folder / "known"),
            "spark.master.rest.enabled": "false",
            "spark.worker.timeout": "20",
        }
        worker = {"spark.worker.cleanup.enabled": "true", "spark.worker.cleanup.appDataTtl": "86400"}
        return {
            **os.environ,
            **environment(self._settings.cache_dir),
            "SPARK_DAEMON_MEMORY": _DAEMON_MEMORY,
            "SPARK_DAEMON_JAVA_OPTS": f"{self._logs.java_options} -Dspark.ui.killEnabled=false",
            "SPARK_MASTER_OPTS": _options(master),
            "SPARK_WORKER_OPTS": _options(worker),
            "SPARK_WORKER_DIR": str(self.folder / "work"),
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
        }

    def _launch(self, daemon: _Daemon) -> None:
        program = f"{self._variables['SPARK_HOME']}/bin/spark-class"
        with self._output(daemon) as output:
            daemon.process = processes.spawn(
                [program, *daemon.arguments],
                processes.KILL,
                cwd=self.folder,
                env=self._variables,
                stdout=output,
                stderr=subprocess.STDOUT,
                umask=0o077,
            )
        daemon.since = time.monotonic()

    def _output(self, daemon: _Daemon) -> IO[bytes]:
        path = self.folder / f"{daemon.name.replace(' ', '-')}.out"
        private_file(path)
        return path.open("wb")

    def _look_after(self, daemon: _Daemon, now: float) -> None:
        if daemon.alive:
            return
        if daemon.process is not None:
            code = daemon.process.poll()
            processes.kill(daemon.process)  # what is left of its executors
            daemon.process = None
            daemon.failures = 0 if now - daemon.since > _STEADY else daemon.failures
            pause = min(_LONGEST_PAUSE, 2.0 ** (daemon.failures - 1)) if daemon.failures else 0.0
            daemon.again_at = now + pause
            daemon.failures += 1
            self._report(f"{daemon.name} has ended (exit code {code}), and is started again")
        if now >= daemon.again_at:
            self._launch(daemon)
            self._report(f"{daemon.name} was started again, process {self.processes.get(daemon.name)}")

    def _await(self, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE
        while not ready():
            ended = next((daemon for daemon in self._daemons if daemon.process is not None and not daemon.alive), None)
            if ended is not None:
                raise SparkError(f"the {ended.name} of the cluster does not start", hint=f"see {self._logs.file}")
            if time.monotonic() > until:
                raise SparkError("the cluster does not start in time", hint=f"see {self._logs.file}")
            time.sleep(_BEAT)

    def _workers(self) -> int | None:
        """Number of the workers that the master knows; None while it does not answer."""
        connection = HTTPConnection(LOOPBACK, self._page, timeout=5)
        try:
            connection.request("GET", "/json/")
            return int(json.load(connection.getresponse())["aliveworkers"])
        except (OSError, HTTPException, ValueError, KeyError):
            return None
        finally:
            connection.close()


def _options(properties: dict[str, str]) -> str:
    return " ".join(f'-D{name}="{value}"' for name, value in properties.items())
