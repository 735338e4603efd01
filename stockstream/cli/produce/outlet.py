"""Outlets: the protocol between the ``produce`` commands and the broker that takes their records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from stockstream.connection import Connection

if TYPE_CHECKING:
    from stockstream.config import Settings
    from stockstream.control import Order, Report
    from stockstream.kafka.admin import Admin
    from stockstream.kafka.topic_settings import TopicSettings
    from stockstream.producers.flights import RowSet
    from stockstream.producers.produce import Sink
    from stockstream.records import Bar, News, Series
    from stockstream.topics import AnyTopic, Topic

R = TypeVar("R")
T = TypeVar("T", bound="AnyTopic")

LOOK: Final = 2.0
"""Seconds of one attempt to reach a missing broker."""


class Outlet(Protocol):
    """Destination of records, which can be queried for what it holds; each method raises `BrokerError`."""

    def ready(self, topic: AnyTopic) -> None:
        """Return when the topic accepts records; creates it if it is missing.

        Raises `Unreachable` if no broker answers, `BrokerError` for a compacted topic.
        """

    def settings(self, topic: AnyTopic) -> Mapping[str, str]:
        """Settings of the topic, by Kafka's names."""

    def publisher(self, topic: Topic[R], *, linger_ms: int) -> AbstractContextManager[Sink[R]]:
        """A sink for the topic's records; leaving it waits until all are acknowledged."""

    def held(self, topic: AnyTopic) -> int:
        """Number of records in the topic."""

    def latest_bars(self, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, Bar]:
        """Last bar of each series that the topic holds."""

    def first_times(self, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, datetime]:
        """Time of the first bar of each series that the topic holds."""

    def held_bars(self, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, dict[datetime, Bar]]:
        """By time all bars of each series that the topic holds."""

    def held_news(self, symbols: Collection[str]) -> list[News]:
        """Headlines of some symbols that the topic holds, each once."""

    def sent_rows(
        self, topic: AnyTopic, files: Collection[str], progress: Callable[[int, int], None]
    ) -> Mapping[str, RowSet]:
        """Rows that the topic holds, by file."""

    def controlled(
        self, report: Callable[[], Report], on_order: Callable[[Order], None]
    ) -> AbstractContextManager[object]:
        """Reports the producer, and follows orders to it, within a block."""

    def cluster_id(self) -> str:
        """Identifier of the cluster."""


class KafkaOutlet:
    """The broker of the settings; slow modules are imported when needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def ready(self, topic: AnyTopic) -> None:
        """As `Outlet.ready`."""
        self._admin.ensure(self._sized(topic))
        self._admin.await_leaders(topic)
        self._topic(topic).refuse_compacted()

    def settings(self, topic: AnyTopic) -> Mapping[str, str]:
        """As `Outlet.settings`."""
        return self._topic(topic).get()

    def publisher(self, topic: Topic[R], *, linger_ms: int) -> AbstractContextManager[Sink[R]]:
        """As `Outlet.publisher`."""
        from stockstream.kafka.publisher import Publisher

        return Publisher(self._sized(topic), self._connection, linger_ms=linger_ms)

    def _sized(self, topic: T) -> T:
        """The topic, with the number of partitions that the settings have for it if it is created."""
        return topic.divided(getattr(self._settings.partitions, topic.name, topic.partitions))

    def held(self, topic: AnyTopic) -> int:
        """As `Outlet.held`."""
        return sum(found.records for found in self._admin.summaries([topic.name]))

    def latest_bars(self, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, Bar]:
        """As `Outlet.latest_bars`."""
        from stockstream.kafka.latest_bars import latest_bars

        return latest_bars(self._connection, topic, wanted)

    def first_times(self, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, datetime]:
        """As `Outlet.first_times`."""
        from stockstream.kafka.latest_bars import first_times

        return first_times(self._connection, topic, wanted)

    def held_bars(self, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, dict[datetime, Bar]]:
        """As `Outlet.held_bars`."""
        from stockstream.kafka.latest_bars import held_bars

        return held_bars(self._connection, topic, wanted)

    def held_news(self, symbols: Collection[str]) -> list[News]:
        """As `Outlet.held_news`."""
        from stockstream.kafka.held_news import held_news

        return held_news(self._connection, symbols)

    def sent_rows(
        self, topic: AnyTopic, files: Collection[str], progress: Callable[[int, int], None]
    ) -> Mapping[str, RowSet]:
        """As `Outlet.sent_rows`."""
        from stockstream.kafka.sent_rows import sent_rows

        return sent_rows(self._connection, topic, files, progress)

    def controlled(
        self, report: Callable[[], Report], on_order: Callable[[Order], None]
    ) -> AbstractContextManager[object]:
        """As `Outlet.controlled`."""
        from stockstream.kafka.control import Controlled

        return Controlled(self._connection, report, on_order)

    def cluster_id(self) -> str:
        """As `Outlet.cluster_id`."""
        from stockstream.kafka.admin import Admin

        return Admin(self._connection).cluster_id()

    def _topic(self, topic: AnyTopic) -> TopicSettings:
        from stockstream.kafka.topic_settings import TopicSettings

        return TopicSettings(topic.name, self._connection)

    @cached_property
    def _admin(self) -> Admin:
        from stockstream.kafka.admin import Admin

        return Admin(self._connection, timeout=LOOK)

    @property
    def _connection(self) -> Connection:
        return self._settings.connection("producer")
