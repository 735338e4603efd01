"""Committed positions of consumer groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, TypeAlias

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stockstream.connection import Connection
from stockstream.kafka.client import LOG, made, refused, settings
from stockstream.kafka.readers import Reader, reader

PartitionId: TypeAlias = tuple[str, int]
"""A topic and the number of a partition."""

_AT_ONCE: Final = 8


class Committed(NamedTuple):
    """Commits of a group: its positions, and its readers, if known, the latest last."""

    positions: Mapping[PartitionId, int]
    readers: tuple[Reader, ...]


_NOTHING: Final = Committed({}, ())


class Positions:
    """Reads committed offsets, with a consumer for each group that never joins it.

    The admin client's request for them crashes the process if a coordinator moves or shuts down (librdkafka #5040: a
    segmentation fault, seen with 2.16), and all of its requests to coordinators may do so (#5397).
    """

    def __init__(self, connection: Connection, timeout: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self._consumers: dict[str, Consumer] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="positions")

    def of(self, groups: Collection[str], partitions: Sequence[PartitionId]) -> dict[str, Committed]:
        """Positions of each group; none for a group that cannot be queried now."""
        for gone in self._consumers.keys() - set(groups):
            self._consumers.pop(gone).close()
        for new in set(groups) - self._consumers.keys():
            self._consumers[new] = made(Consumer, self._settings(new))
        names = sorted(groups)
        found = dict(zip(names, self._pool.map(lambda name: self._positions(name, partitions), names), strict=True))
        for name, positions in found.items():
            if positions is None:  # as with `Admin`, the next one may have more luck
                self._consumers.pop(name).close()
        return {name: committed or _NOTHING for name, committed in found.items()}

    def close(self) -> None:
        """Close all connections."""
        self._pool.shutdown()
        for consumer in self._consumers.values():
            consumer.close()

    def _settings(self, group: str) -> dict[str, object]:
        return settings(self._connection, enable_auto_commit=False) | {"group.id": group}

    def _positions(self, group: str, partitions: Sequence[PartitionId]) -> Committed | None:
        asked = [TopicPartition(topic, number) for topic, number in partitions]
        try:
            answered = self._consumers[group].committed(asked, timeout=self._timeout) if asked else []
        except KafkaException as error:
            LOG.info("no positions of %s: %s", group, error)
            return _NOTHING if refused(error.args[0]) else None
        known = [partition for partition in answered if partition.offset >= 0]
        readers = filter(None, (reader(partition.metadata) for partition in known))
        return Committed(
            {(partition.topic, partition.partition): partition.offset for partition in known},
            tuple(sorted(set(readers), key=lambda each: each.time)),
        )
