"""Several brokers on this machine as one cluster: three of them keep each record.

::

    with Nodes(data, fetch(cache), count=3, port=9092) as nodes:
        nodes.wait()
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from confluent_kafka import KafkaException

from stockstream.credentials import folder_of, nodes_file
from stockstream.errors import BrokerError, StockstreamError
from stockstream.files import private_folder, write_private
from stockstream.kafka.broker import Broker, Member, free_port, is_free
from stockstream.kafka.filelock import FileLock, Locked
from stockstream.kafka.guard import Guard
from stockstream.kafka.meta_properties import formatted_as, new_cluster_id
from stockstream.kafka.server_properties import HOST, TOPICS, Node

COPIES: Final = 3
"""Number of replicas of each record."""

_BEAT: Final = 0.2
_HANDOVER: Final = 3.0
_STEADY: Final = 60.0
"""Seconds after which a restarted node no longer counts as failing."""

_LONGEST_PAUSE: Final = 30.0


@dataclass
class _Watched:
    """A node, the number of its recent failures, and its next action."""

    broker: Broker
    number: int
    failures: int = 0
    again_at: float | None = None
    since: float = 0.0
    returning: bool = False


class Nodes:
    """A cluster of brokers on this machine; leaving the block, or the end of this process, ends all of them.

    A node that ends by itself is restarted. Start and wait for the cluster on the main thread.

    Parameters
    ----------
    data
        The directory of the cluster, with a folder ``node-N`` for each node.
    classpath
        Kafka's jars, as :func:`stockstream.kafka.jars.fetch` gives them.
    count
        Number of nodes: three, or five. All of them are also controllers.
    port
        Port of the first node, on 127.0.0.1; the others have the ports after it.
    heap
        Maximum heap of each node's Java, as in its option ``-Xmx``.
    guard
        Security of the cluster; without it, every program on this machine can connect.
    report
        Called with a line when a node has ended, and when it is back.
    """

    def __init__(
        self,
        data: Path,
        classpath: Sequence[Path],
        *,
        count: int = COPIES,
        port: int = 9092,
        heap: str = "256m",
        guard: Guard | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.data = data.absolute()
        self.ports = tuple(range(port, port + count))
        self.heap = heap
        self._classpath = classpath
        self._guard = guard
        self._report = report
        self._nodes: list[_Watched] = []
        self._resources = ExitStack()

    @property
    def bootstrap_servers(self) -> str:
        """The addresses for clients."""
        return ",".join(f"{HOST}:{port}" for port in self.ports)

    @property
    def brokers(self) -> list[Broker]:
        """The brokers, by their numbers from 1 on."""
        return [node.broker for node in self._nodes]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all nodes and return when topics with all replicas can be created.

        Raises
        ------
        BrokerError
            As that of a broker; the directory holds a broker by itself, or another number of nodes.
        """
        try:
            self._nodes = self._laid_out()
            for broker in self.brokers:
                self._resources.callback(broker.stop)
                broker.launch()
            admins = [broker.await_ready() for broker in self.brokers]
            if self._guard is not None:
                self._guard.admit(admins[0])
            self._tell_clients()
        except OSError as error:
            self.stop()
            raise BrokerError(
                f"cannot keep the nodes' data in {self.data}: {error.strerror or error}",
                hint="choose another directory with --data",
            ) from error
        except BaseException:
            self.stop()
            raise
        for node in self._nodes:
            node.since = time.monotonic()

    def wait(self, seconds: float | None = None) -> None:
        """Supervise the nodes for some seconds (None: without end): restart and report a node that has ended."""
        until = None if seconds is None else time.monotonic() + seconds
        while until is None or time.monotonic() < until:
            for node in self._nodes:
                self._look_after(node, time.monotonic())
            time.sleep(_BEAT)

    def renew(self) -> bool:
        """Renew the certificate of a secure cluster if it expires soon; True if so. Raises `BrokerError`."""
        if self._guard is None:
            return False
        running = next((broker for broker in self.brokers if broker.pid is not None), None)
        folders = {node.number: node.broker.data for node in self._nodes if node.broker.pid is not None}
        return running is not None and self._guard.renew(running.admin(), nodes=folders)

    def stop(self) -> None:
        """End all nodes, by force if they take too long; safe to call at any time."""
        try:
            for broker in self.brokers:  # all at once: the last node has no other to hand its partitions to
                broker.ask()
        finally:
            self._resources.close()

    def _laid_out(self) -> list[_Watched]:
        """The nodes with their folders, ports and the cluster's id."""
        private_folder(self.data)
        lock = self._locked()
        folders = {number: self.data / f"node-{number}" for number in range(1, len(self.ports) + 1)}
        self._refuse_others(folders)
        if self._guard is not None:
            self._guard.prepare(self.ports)
        # An interrupted first start has formatted some of them.
        known = [cluster for folder in folders.values() if (cluster := formatted_as(folder, "cluster.id"))]
        cluster = known[0] if known else new_cluster_id()
        controllers = self._controllers(folders)
        laid_out = []
        for (number, folder), port in zip(folders.items(), self.ports, strict=True):
            node = Node(number, controllers, copies=min(COPIES, len(folders)))
            member = Member(node, cluster, keep=(lock.fd,))
            broker = Broker(folder, self._classpath, port=port, heap=self.heap, guard=self._guard, member=member)
            laid_out.append(_Watched(broker, number))
        return laid_out

    def _locked(self) -> FileLock:
        """Lock the directory: it is free when the last Java of a former run has ended."""
        try:
            return self._resources.enter_context(FileLock(self.data / "lock", patience=_HANDOVER))
        except Locked as locked:
            raise BrokerError(
                f"{self.data} is in use by other nodes" + (f", process {locked.holder}" if locked.holder else ""),
                hint="use those, or end them, or choose another directory with --data",
            ) from None

    def _refuse_others(self, folders: dict[int, Path]) -> None:
        if (self.data / TOPICS).exists():
            raise BrokerError(
                f"{self.data} holds the topics of a broker by itself",
                hint="choose another directory with --data; `stockstream topics copy` brings them over",
            )
        former = len(self._former_controllers())
        if former != len(folders) and any(formatted_as(folder, "node.id") for folder in folders.values()):
            raise BrokerError(f"{self.data} holds {former} nodes", hint=f"start it with --nodes {former}")

    def _controllers(self, folders: dict[int, Path]) -> dict[int, int]:
        """The controllers' ports: the same at each start if they are free, for the brokers that joined."""
        former = self._former_controllers()
        if len(former) == len(folders) and all(map(is_free, former)):
            return dict(zip(folders, former, strict=True))
        ports: list[int] = []
        while len(ports) < len(folders):
            port = free_port()
            if port not in (*ports, *self.ports):
                ports.append(port)
        write_private(self._controllers_file, " ".join(map(str, ports)).encode("ascii"))
        return dict(zip(folders, ports, strict=True))

    def _former_controllers(self) -> list[int]:
        try:
            return [int(port) for port in self._controllers_file.read_text("ascii").split()]
        except (OSError, ValueError):
            return []

    @property
    def _controllers_file(self) -> Path:
        return self.data / "controllers"

    def _tell_clients(self) -> None:
        """Let clients that know one of the nodes find the others."""
        folder = folder_of(self.data)
        private_folder(folder)
        write_private(nodes_file(folder), self.bootstrap_servers.encode("ascii"))
        self._resources.callback(nodes_file(folder).unlink, missing_ok=True)

    def _look_after(self, node: _Watched, now: float) -> None:
        broker = node.broker
        if broker.pid is not None:
            if node.returning and self._is_back(node):
                node.returning, node.since = False, now
                self._report(f"node {node.number} is back, at {broker.bootstrap_servers}")
        elif node.again_at is None:
            if now - node.since > _STEADY:
                node.failures = 0
            why = broker.ending()
            self._put_off(node, now, f"{why.message}, and is started again" if why else "")
        elif now >= node.again_at:
            node.again_at = None
            try:
                broker.stop()  # its lock and files
                broker.launch()
            except StockstreamError as error:
                self._put_off(node, now, f"node {node.number} cannot be started: {error}")
            else:
                node.returning, node.since = True, now

    def _put_off(self, node: _Watched, now: float, message: str) -> None:
        """Report the failure of a node and the time of its restart: immediate after the first failure."""
        pause = min(_LONGEST_PAUSE, 2.0 ** (node.failures - 1)) if node.failures else 0.0
        node.again_at = now + pause
        node.failures += 1
        self._report(message + (f" in {pause:g} s" if pause else ""))

    def _is_back(self, node: _Watched) -> bool:
        """Whether a restarted node is part of the cluster again."""
        try:
            known = node.broker.admin().list_topics(timeout=1.0).brokers
        except KafkaException:
            return False
        return node.number in known
