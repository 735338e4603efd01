"""Embedded broker: a real Apache Kafka on this machine with persistent topics, alone or a node of a cluster.

::

    with Broker(data, fetch(cache), port=9092) as broker:
        broker.wait()
"""

from __future__ import annotations

import errno
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from stockstream import processes
from stockstream.errors import BrokerError, StockstreamError
from stockstream.files import private_folder, write_private
from stockstream.kafka import java
from stockstream.kafka.client import settled
from stockstream.kafka.filelock import FileLock, Locked
from stockstream.kafka.guard import Guard
from stockstream.kafka.meta_properties import formatted_as, new_cluster_id
from stockstream.kafka.server_properties import (
    HOST,
    LOGS,
    NODE,
    TOPICS,
    Node,
    logging_properties,
    plain_listeners,
    secure_listeners,
    server_properties,
)

_READY_WITHIN = 60.0
_STOPPED_WITHIN = 10.0
_HANDOVER = 1.0  # seconds within which a killed predecessor's lock is released
_PORTS = range(15_000, 32_001)
_reserved: set[int] = set()  # a broker chooses its ports before it listens on any of them
_PORT_FREE_WITHIN = 3.0  # its sockets are closed last, which takes a busy machine a while
_FULL = 1_000_000  # bytes; with less free space the reason is a full disk


@dataclass(frozen=True)
class Member:
    """Membership of a broker in a cluster.

    Parameters
    ----------
    node
        Its number, and the controllers' ports.
    cluster
        The cluster's id.
    keep
        File descriptors that the broker keeps open while it runs: the cluster's lock.
    """

    node: Node
    cluster: str
    keep: tuple[int, ...] = ()


class Broker:
    """A running Kafka; leaving the block ends it.

    Kafka ends with this process even if the process is killed (see :func:`stockstream.kafka.java.spawn`), and loses
    nothing when it is killed itself. Start it from the main thread.

    Parameters
    ----------
    data
        The directory of cluster id, topics and logs; created if needed. One broker at a time.
    classpath
        Kafka's jars, as :func:`stockstream.kafka.jars.fetch` gives them.
    port
        Port on 127.0.0.1.
    heap
        Maximum heap of Java, as in its option ``-Xmx``.
    guard
        Security of the broker; without it, every program on this machine can connect.
    member
        The cluster of this node; without it, the broker is a cluster of one node.
    """

    def __init__(
        self,
        data: Path,
        classpath: Sequence[Path],
        *,
        port: int = 9092,
        heap: str = "512m",
        guard: Guard | None = None,
        member: Member | None = None,
    ) -> None:
        self.data = data.absolute()
        self.port = port
        self.heap = heap
        self.member = member
        self._guard = guard
        self._internal = port
        _reserved.add(port)
        self._classpath = classpath
        self._java: subprocess.Popen[bytes] | None = None
        self._resources = ExitStack()

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients."""
        return f"{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """The log of this run."""
        return self.data / LOGS / "kafka.0.log"

    @property
    def _output(self) -> Path:
        """The file of Java's own output, which is little."""
        return self.data / LOGS / "java.out"

    @property
    def pid(self) -> int | None:
        """Java's process id while it runs."""
        return None if self._java is None or self._java.poll() is not None else self._java.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start Kafka and return when topics can be created.

        Raises
        ------
        BrokerError
            The directory is in use or cannot be written, the port is taken, or Kafka ended at once, with the reason.
        """
        try:
            self.launch()
            admin = self.await_ready()
            if self._guard is not None and self.member is None:
                self._guard.admit(admin)
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Start Kafka's process, and return at once. Raises `BrokerError` as `start` does."""
        try:
            lock = self._prepare()
            if self.cluster_id() is not None:
                self._refuse_another_cluster()
            else:
                self._format(lock)
            _await_free(self.port)
            self._configure()
            self._java = self._spawn(lock, f"-Xmx{self.heap}", "kafka.Kafka", "server.properties")
        except OSError as error:
            self.stop()
            raise self._unkept(error) from error
        except BaseException as error:
            self.stop()
            if isinstance(error, StockstreamError) and isinstance(error.__cause__, OSError):
                raise self._unkept(error.__cause__) from error
            raise

    def await_ready(self) -> AdminClient:
        """Wait until topics can be created; returns a client with all rights. Raises `BrokerError`."""
        deadline = time.monotonic() + _READY_WITHIN
        while not _listens(self.port):
            self.wait(0.05)
            if time.monotonic() > deadline:
                raise BrokerError(f"Kafka did not open its port in {_READY_WITHIN:g} s", hint=f"its log: {self.log}")
        admin = self.admin()
        while not _takes_topics(admin, self.cluster_id() or ""):
            self.wait(0.05)
            if time.monotonic() > deadline:
                raise BrokerError(f"Kafka takes no topics after {_READY_WITHIN:g} s", hint=f"its log: {self.log}")
        return admin

    def _unkept(self, error: OSError) -> BrokerError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return BrokerError(
            f"cannot keep Kafka's data in {self.data}: {error.strerror or error}",
            hint=("free some space, or " if full else "") + "choose another directory with --data",
        )

    def wait(self, seconds: float | None = None) -> None:
        """Return after some seconds (None: never); raise BrokerError as soon as Kafka has ended by itself."""
        if self._java is not None:
            try:
                self._java.wait(seconds)
            except subprocess.TimeoutExpired:
                return
            raise self._ended(self._java.returncode)

    def ending(self) -> BrokerError | None:
        """The reason why Kafka has ended by itself; None while it runs, and before it was started."""
        code = None if self._java is None else self._java.poll()
        return None if code is None else self._ended(code)

    def renew(self) -> bool:
        """Renew the certificate of a secure broker if it expires soon; True if so. Raises `BrokerError`."""
        return self._guard is not None and self._guard.renew(self.admin())

    def ask(self) -> None:
        """Tell Kafka to end, without waiting for it."""
        if self._java is not None and self._java.poll() is None:
            processes.ask(self._java)

    def stop(self) -> None:
        """Shut Kafka down, by force if that takes too long; safe to call at any time."""
        try:
            if self._java is not None:
                _end(self._java)
        finally:
            self._java = None
            self._resources.close()

    def _prepare(self) -> FileLock:
        """Lock the directory, and write Java's files to it."""
        private_folder(self.data)
        try:
            lock = self._resources.enter_context(FileLock(self.data / "lock", patience=_HANDOVER))
        except Locked as locked:
            raise BrokerError(
                f"{self.data} is in use by another broker" + (f", process {locked.holder}" if locked.holder else ""),
                hint="use that one, or end it, or choose another directory with --data",
            ) from None
        shutil.rmtree(self.data / "tmp", ignore_errors=True)
        for directory in ("tmp", LOGS, TOPICS):
            (self.data / directory).mkdir(mode=0o700, exist_ok=True)
        write_private(self.data / "logging.properties", logging_properties().encode("ascii"))
        if self._guard is not None and self.member is None:
            self._guard.prepare([self.port])
        return lock

    def _configure(self) -> None:
        node = Node(NODE, {NODE: free_port()}) if self.member is None else self.member.node
        controller = node.controllers.get(node.number)
        if self._guard is None:
            listeners = plain_listeners(self.port, controller)
        else:
            self._internal = free_port()
            listeners = secure_listeners(self._guard.doors(self.port, self._internal, controller, self.data))
        write_private(self.data / "server.properties", server_properties(listeners, node).encode("ascii"))

    def _refuse_another_cluster(self) -> None:
        if self.member is not None and self.cluster_id() != self.member.cluster:
            raise BrokerError(f"{self.data} belongs to another cluster", hint="choose another directory with --data")

    def _format(self, lock: FileLock) -> None:
        """Format the directory with a cluster id. An interrupted format is repeated: meta.properties comes last."""
        cluster = new_cluster_id() if self.member is None else self.member.cluster
        self._configure()
        process = self._spawn(lock, "kafka.tools.StorageTool", "format", "-c", "server.properties", "-t", cluster)
        try:
            code = process.wait(_READY_WITHIN)
        except subprocess.TimeoutExpired:
            code = -processes.KILL
        finally:
            _end(process)
        if code:
            raise self._ended(code, "the data directory could not be formatted")

    def _spawn(self, lock: FileLock, *arguments: str) -> subprocess.Popen[bytes]:
        if self.log.exists():  # the error of a Java that ends before it has a log must not come from the former log
            self.log.replace(self.log.with_name("previous.log"))
        return java.spawn(
            ("-Djava.util.logging.config.file=logging.properties", *arguments),
            classpath=self._classpath,
            cwd=self.data,
            output=self._output,
            keep=[lock.fd, *(self.member.keep if self.member else ())],
        )

    def admin(self) -> AdminClient:
        """A client with all rights."""
        quick = {"log_level": 0, "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 100}
        guard = self._guard
        mine = {"bootstrap.servers": self.bootstrap_servers} if guard is None else guard.connection(self._internal)
        return AdminClient({**mine, **quick})

    def cluster_id(self) -> str | None:
        """The cluster id of a formatted directory; None if it is not formatted yet."""
        return formatted_as(self.data, "cluster.id")

    def _ended(self, code: int, what: str = "Kafka ended") -> BrokerError:
        """The reason why Java ended, in one line."""
        if self.member is not None:
            what = f"node {self.member.node.number}: {what}"
        if shutil.disk_usage(self.data).free < _FULL:
            return BrokerError(
                f"{what}: the disk of {self.data} is full", hint="free some space, or choose another with --data"
            )
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        logs = [file for file in (self.log, self._output) if file.exists() and file.stat().st_size]
        why = java.complaint("".join(file.read_text("utf-8", "replace") for file in logs)) if code >= 0 else None
        hint = f"its log: {logs[0]}" if logs else None
        return BrokerError(f"{what} ({how})" + (f": {why}" if why else ""), hint=hint)


def free_port() -> int:
    """A port that is free now, and that neither this process was given before nor one of its brokers will listen on.

    It is below the system's range of client ports: a client that keeps trying to reach a port of that
    range while nobody listens will some day be connected to itself, and hold the port.
    """
    for _ in range(1000):
        port = random.choice(_PORTS)  # noqa: S311 - nothing secret about it
        if port not in _reserved and is_free(port):
            _reserved.add(port)
            return port
    raise BrokerError("no free port found on this machine")


def is_free(port: int) -> bool:
    """Whether a broker could listen on a port.

    Raises
    ------
    BrokerError
        The system does not permit this user to listen on it.
    """
    with socket.socket() as probe:
        # As in Java: lingering connections of a former run do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise BrokerError(f"cannot listen on port {port}: {error.strerror}", hint="choose --port") from error
            return False
        return True


def _await_free(port: int) -> None:
    deadline = time.monotonic() + _PORT_FREE_WITHIN
    while not is_free(port):
        if time.monotonic() > deadline:
            raise BrokerError(
                f"port {port} on {HOST} is in use, perhaps by another Kafka",
                hint="end what uses it, or choose another with --port",
            )
        time.sleep(0.05)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 0.2).close()
    except OSError:
        return False
    return True


def _takes_topics(admin: AdminClient, cluster: str) -> bool:
    """Whether this cluster answers, and a topic could be created now; creates none."""
    probe = NewTopic("ready", num_partitions=1, replication_factor=-1)
    try:
        if settled(admin.describe_cluster(request_timeout=1.0), 1.0).cluster_id != cluster:
            return False
        answers = admin.create_topics([probe], validate_only=True, request_timeout=1.0, operation_timeout=1.0)
        settled(answers[probe.topic], 1.0)
    except KafkaException:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        processes.ask(process)
    try:
        process.wait(_STOPPED_WITHIN)
    except subprocess.TimeoutExpired:
        pass
    finally:
        processes.kill(process)
