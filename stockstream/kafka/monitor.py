"""Monitoring of a cluster: successive overviews, with rates, trends and the reasons of dead letters."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stockstream.connection import Connection
from stockstream.errors import AuthError, BrokerError
from stockstream.kafka.client import LOG, address, unreachable
from stockstream.kafka.cluster import Cluster, Snapshot
from stockstream.kafka.disk import local_topics, partition_sizes
from stockstream.kafka.overview import Broker, DeadLetterOverview, Letter, Overview, TopicOverview
from stockstream.kafka.tail import Tail
from stockstream.kafka.traffic import Traffic
from stockstream.kafka.waiting import Waiting

PATIENCE: Final = 2.0
"""Seconds after which a broker that does not answer counts as unavailable."""


class Monitor:
    """Samples a cluster on each call of `overview`.

    Parameters
    ----------
    connection
        librdkafka's properties, ``bootstrap.servers`` at least.
    data
        Folder of the data of this machine's broker; bytes are known only for that broker.
    """

    def __init__(self, connection: Connection, data: Path) -> None:
        self._connection = connection
        self._data = data
        self._cluster = Cluster(connection, timeout=PATIENCE)
        self._traffic = Traffic()
        self._letters: dict[str, tuple[object, Letter | None]] = {}
        self._folders: tuple[str, list[Path]] | None = None

    def close(self) -> None:
        """Close all connections."""
        self._cluster.close()

    def overview(self) -> Overview:
        """The present overview. Raises `AuthError`; an unavailable broker is reported as awaited."""
        try:
            snapshot = self._cluster.snapshot()
            self._traffic.add(snapshot)
            return self._overview(snapshot)
        except AuthError:
            raise
        except BrokerError as error:
            LOG.info("no overview: %s", error)
            waiting = str(Waiting.for_broker(self._connection))
            return Overview(time=datetime.now(UTC), bootstrap_servers=self._address, waiting=waiting)

    def absence(self) -> BrokerError:
        """Message if no broker answered in time."""
        return unreachable(self._connection)

    @property
    def _address(self) -> str:
        return address(self._connection)

    def _overview(self, snapshot: Snapshot) -> Overview:
        folders = self._topics_folders(snapshot.cluster)
        topics = self._traffic.topics(lambda name: partition_sizes(folders, name))
        return Overview(
            time=datetime.now(UTC),
            bootstrap_servers=self._address,
            cluster=snapshot.cluster,
            controller=snapshot.controller,
            brokers=tuple(Broker(id=node.id, host=node.host, port=node.port) for node in snapshot.brokers),
            topics=topics,
            groups=self._traffic.groups(),
            dead_letters=tuple(
                DeadLetterOverview(topic=topic.name, records=topic.records, newest=self._newest(snapshot, topic))
                for topic in topics
                if topic.is_dead_letters
            ),
        )

    def _topics_folders(self, cluster: str) -> list[Path]:
        if self._folders is None or self._folders[0] != cluster:
            self._folders = cluster, local_topics(self._data, cluster)
        return self._folders[1]

    def _newest(self, snapshot: Snapshot, topic: TopicOverview) -> Letter | None:
        """The newest dead letter, read only if it is a new one."""
        mark = snapshot.topics[topic.name].id, tuple(partition.end for partition in topic.partitions)
        if self._letters.get(topic.name, (None, None))[0] != mark:
            self._letters[topic.name] = mark, self._read(topic.name) if topic.records else None
        return self._letters[topic.name][1]

    def _read(self, topic: str) -> Letter | None:
        with Tail(topic, self._connection, timeout=PATIENCE) as tail:
            newest = tail.newest(1)
        return Letter(sent=newest[0].time, key=newest[0].key, reason=newest[0].reason) if newest else None
