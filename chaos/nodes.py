"""Several brokers of a trial: `stockstream broker --nodes`, of which one is killed or stopped at a time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final, Self

import psutil
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from chaos.programs import Program
from stockstream.kafka.broker import free_port, is_free
from stockstream.kafka.client import settings
from stockstream.kafka.server_properties import HOST

_READY_WITHIN: Final = 120.0
_LOOK: Final = 0.2


class Nodes:
    """A cluster run by our command, which restarts killed nodes itself.

    Parameters
    ----------
    count
        How many brokers.
    folder
        Where the command runs.
    env
        Its environment.
    """

    def __init__(self, count: int, folder: Path, env: Mapping[str, str]) -> None:
        self._count = count
        port = next(port for _ in itertools.count() if all(map(is_free, range(port := free_port(), port + count))))
        self.address = f"{HOST}:{port}"
        self._program = Program(["broker", "--nodes", str(count), "--port", str(port)], folder, env)

    def __enter__(self) -> Self:
        self._program.start()
        self._admin = AdminClient(settings({"bootstrap.servers": self.address}))
        try:
            self.await_whole()
        except BaseException:
            self._program.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._program.end()

    def any_one(self, random: Random) -> psutil.Process:
        """The process of any of the brokers, once all are up and have all records."""
        self.await_whole()
        running = [each for each in psutil.Process(self._program.pid).children() if "java" in each.name()]
        return random.choice(sorted(running, key=lambda each: each.pid))

    def await_whole(self) -> None:
        """Wait until all brokers are up, and each partition has all its replicas in sync."""
        ends = time.monotonic() + _READY_WITHIN
        while not self._is_whole():
            if not self._program.alive:
                raise RuntimeError(f"the brokers ended: {self._program.result()}")
            if time.monotonic() > ends:
                raise RuntimeError(f"the cluster is not whole within {_READY_WITHIN:g} s")
            time.sleep(_LOOK)

    def _is_whole(self) -> bool:
        try:
            metadata = self._admin.list_topics(timeout=2)
        except KafkaException:
            return False
        partitions = [each for topic in metadata.topics.values() for each in topic.partitions.values()]
        return len(metadata.brokers) == self._count and all(len(each.isrs) == len(each.replicas) for each in partitions)
