"""Settings of an existing topic, and their change: partitions and retention."""

from __future__ import annotations

import re
from concurrent.futures import Future
from typing import Final, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    ResourceType,
)

from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.kafka.client import LOG, answer, made, refused, settings, translate
from stockstream.kafka.refusals import on_topic
from stockstream.topics import CLEANUP, RETENTION, TOPICS

T = TypeVar("T")

_OF_THE_CLUSTER: Final = re.compile(r"insync|replica|unclean|message\.timestamp")
"""Settings that are of where a topic is; times stay those of its records."""


class TopicSettings:
    """Settings of one topic.

    Every method raises `Unreachable` after ``timeout`` seconds without a broker, `AuthError` if the broker refuses, and
    `BrokerError` if the topic does not exist.
    """

    def __init__(self, name: str, connection: Connection, *, timeout: float = 10.0) -> None:
        self.name = name
        self._connection = connection
        self._timeout = timeout
        self._client: AdminClient = made(AdminClient, settings(connection))

    def get(self) -> dict[str, str]:
        """All settings by name."""
        try:
            return self._get()
        except KafkaException as error:
            raise translate(error, self._connection, on_topic("DescribeConfigs", self.name)) from error

    def _get(self) -> dict[str, str]:
        resource = ConfigResource(ResourceType.TOPIC, self.name)
        (future,) = self._client.describe_configs([resource], request_timeout=self._timeout).values()
        return {name: str(entry.value) for name, entry in self._result(future).items()}

    def own(self) -> dict[str, str]:
        """Those that were given to this topic, without what says how many copies there are: for a topic elsewhere."""
        resource = ConfigResource(ResourceType.TOPIC, self.name)
        (future,) = self._client.describe_configs([resource], request_timeout=self._timeout).values()
        return {
            name: str(entry.value)
            for name, entry in self._translated(future, "DescribeConfigs").items()
            if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value and not _OF_THE_CLUSTER.search(name)
        }

    def refuse_compacted(self) -> None:
        """Raise `BrokerError` if the topic is compacted: Kafka then keeps only the last record of each key."""
        try:
            found = self._get()
        except KafkaException as error:
            if not refused(error.args[0]):
                raise translate(error, self._connection) from error
            LOG.info("the settings of %s cannot be looked at: %s", self.name, error)
            return
        if "compact" in found.get(CLEANUP, ""):
            raise BrokerError(
                f"the topic {self.name} is compacted: of each symbol or airline Kafka keeps the last record alone",
                hint=f"`stockstream topics --retention {self.name}=forever` has it keep all that is still there",
            )

    def keep(self, milliseconds: int) -> None:
        """Set the retention in milliseconds, -1 for unlimited, and switch compaction off where it does not belong."""
        compacted = self.name in TOPICS and CLEANUP in TOPICS[self.name].config
        cleanup = "delete" if not compacted else "compact" if milliseconds < 0 else "compact,delete"
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in ((RETENTION, str(milliseconds)), (CLEANUP, cleanup))
        ]
        resource = ConfigResource(ResourceType.TOPIC, self.name, incremental_configs=entries)
        (future,) = self._client.incremental_alter_configs([resource], request_timeout=self._timeout).values()
        self._translated(future, "AlterConfigs")

    def add_partitions(self, total: int) -> None:
        """Increase the number of partitions to ``total``."""
        wanted = [NewPartitions(self.name, total)]
        (future,) = self._client.create_partitions(wanted, request_timeout=self._timeout).values()
        self._translated(future, "Alter")

    def _translated(self, future: Future[T], right: str) -> T:
        try:
            return self._result(future)
        except KafkaException as error:
            raise translate(error, self._connection, on_topic(right, self.name)) from error

    def _result(self, future: Future[T]) -> T:
        try:
            return answer(future, self._timeout, self._connection)
        except KafkaException as error:
            if error.args[0].code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
                raise BrokerError(f"there is no topic {self.name}", hint="`stockstream topics` lists them") from error
            raise
