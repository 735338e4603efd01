"""Administration of topics: create, describe, delete."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Final, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, ClusterMetadata, ListOffsetsResultInfo, NewTopic, OffsetSpec

from stockstream.connection import Connection
from stockstream.errors import AuthError, BrokerError, Unreachable
from stockstream.kafka import letters
from stockstream.kafka.bounds import UNSETTLED
from stockstream.kafka.client import answer, away, instant, made, present, refused, settings, translate, unreachable
from stockstream.kafka.refusals import Deed, on_topic
from stockstream.topics import AnyTopic

T = TypeVar("T")

_FRESH: Final = 5.0
"""Seconds after which another client is asked for leaders."""

_NEW: Final = UNSETTLED | {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.UNKNOWN_TOPIC_ID,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._NOENT,
}
"""Temporary errors of a topic that not all brokers know yet."""

_AS_MANY_AS_USUAL: Final = -1
"""The replication factor that selects the broker's default: one for one node, three for a cluster."""

_LEADERS_WITHIN: Final = 60.0
_SUMMARY_WITHIN: Final = 5.0
_AGAIN: Final = 0.05
_LOOK: Final = 0.05

_OF_A_COMMAND: Final = 5.0
_LONGER: Final = 3
"""Factor of the time-out for a broker that accepts connections, in commands: machines may be busy."""

TIMEOUT: Final = 10.0
"""Seconds that a command waits for a broker before it reports that none answers."""


@dataclass(frozen=True)
class TopicSummary:
    """Description of a topic; ``newest`` is the time at which the newest record was sent."""

    name: str
    partitions: int
    records: int
    newest: datetime | None


class Admin:
    """Client for the administration of topics.

    Every method raises `Unreachable` after ``timeout`` seconds without a broker, and `AuthError` if it refuses. If
    ``timeout`` is that of a command, a broker that accepts connections is waited for three times as long.
    """

    def __init__(self, connection: Connection, *, timeout: float = TIMEOUT) -> None:
        self._connection = connection
        self._timeout = timeout
        self._longest = timeout * (_LONGER if timeout >= _OF_A_COMMAND else 1)
        self._refusal: KafkaError | None = None
        self._client = self._made()

    def _made(self) -> AdminClient:
        return made(AdminClient, settings(self._connection, error_cb=self._on_error))

    def _on_error(self, error: KafkaError) -> None:
        if refused(error):
            self._refusal = error

    def _result(self, future: Future[T], deed: Deed | None = None) -> T:
        try:
            return self._answer(future)
        except KafkaException as error:
            raise self._translated(error, deed) from error

    def _answer(self, future: Future[T]) -> T:
        """The result, for which a server that accepts connections has the longer time."""
        more = self._longest - self._timeout
        try:
            if more and not wait([future], self._timeout).done and not present(self._connection):
                raise unreachable(self._connection)
            return answer(future, more or self._longest, self._connection)
        except (Unreachable, KafkaException) as error:
            self._client.poll(0)  # a refusal is told by the client that met it
            if isinstance(error, Unreachable) or away(error.args[0]):
                self._client = self._made()  # who asks again does not wait for the same client in vain
            if isinstance(error, Unreachable) and (refusal := self._refused()) is not None:
                raise refusal from error
            raise

    def _refused(self, deed: Deed | None = None) -> AuthError | None:
        """Why the broker does not let us in, if it said so."""
        refusal = translate(self._refusal, self._connection, deed) if self._refusal else None
        return refusal if isinstance(refusal, AuthError) else None

    def _translated(self, error: KafkaException, deed: Deed | None = None) -> Exception:
        self._client.poll(0)
        if (refusal := self._refused(deed)) is not None:
            return refusal
        if away(error.args[0]):
            return unreachable(self._connection, self._longest)
        return translate(error, self._connection, deed)

    def names(self) -> set[str]:
        """Names of all topics."""
        return set(self._metadata().topics)

    def nodes(self) -> set[int]:
        """Numbers of the brokers that are up now."""
        return set(self._metadata().brokers)

    def _metadata(self) -> ClusterMetadata:
        """Send the request with short time-outs, between which a refusal by the broker is noticed."""
        begun = time.monotonic()
        ends = begun + self._timeout
        while True:
            try:
                return self._client.list_topics(timeout=min(1.0, self._timeout))
            except KafkaException as error:
                self._client.poll(0)
                if self._refusal is None and time.monotonic() >= ends:
                    ends = self._extended(ends, begun + self._longest)
                if self._refusal is not None or time.monotonic() >= ends:
                    failure = self._translated(error)
                    # A client that saw no brokers during a shutdown may never look for brokers again.
                    self._client = self._made()
                    raise failure from error

    def _extended(self, ends: float, latest: float) -> float:
        """The latest deadline if a broker accepts connections but has not answered yet, otherwise the present one."""
        return latest if ends < latest and present(self._connection) else ends

    def cluster_id(self) -> str:
        """Id of the cluster; a broker that was formatted again has another one."""
        # Not by describe_cluster: that aborts the process if a broker answers while it shuts down (librdkafka 2.16).
        return str(self._metadata().cluster_id)

    def topic_id(self, name: str, stop: Event | None = None) -> str | None:
        """Id of the topic, which changes when it is deleted and created again; None if it does not exist.

        Raises `Unreachable` also if ``stop`` is set before the broker answers.
        """
        found = self._client.describe_topics(TopicCollection([name]), request_timeout=self._longest)[name]
        while stop is not None and not wait([found], _LOOK).done:
            if stop.is_set():
                raise unreachable(self._connection)
        try:
            return str(self._answer(found).topic_id)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                return None
            raise self._translated(error, on_topic("Describe", name)) from error

    def ensure(self, topic: AnyTopic) -> None:
        """Create the topic and its dead-letter topic if they are missing."""
        records = NewTopic(topic.name, topic.partitions, _AS_MANY_AS_USUAL, config=dict(topic.config))
        self._make([records, _dead_letters(topic)])

    def make(self, name: str, partitions: int, config: Mapping[str, str]) -> None:
        """Create a topic of any name if it is missing."""
        self._make([NewTopic(name, partitions, _AS_MANY_AS_USUAL, config=dict(config))])

    def partitions(self, name: str) -> int:
        """Number of partitions of a topic; 0 if it does not exist."""
        known = self._metadata().topics.get(name)
        return 0 if known is None else len(known.partitions)

    def ensure_dead_letters(self, topic: AnyTopic) -> None:
        """Create only the dead-letter topic if it is missing: a reader never creates the topic itself."""
        self._make([_dead_letters(topic)])

    def _make(self, wanted: list[NewTopic]) -> None:
        """Create the missing ones of these topics.

        A client that lost the controller may wait for it in vain: another client asks again, until the time is over.
        """
        ends = time.monotonic() + self._longest
        while True:
            there = self.names()
            missing = [new for new in wanted if new.topic not in there]
            if not missing:
                return
            try:
                self._create(missing, within=min(_FRESH, self._timeout / 2))
            except BrokerError as error:
                if not isinstance(error, Unreachable) or self._refusal is not None or time.monotonic() >= ends:
                    raise
                self._client = self._made()
            else:
                return

    def _create(self, topics: list[NewTopic], *, within: float) -> None:
        futures = self._client.create_topics(topics, operation_timeout=self._longest, request_timeout=within)
        for name, future in futures.items():
            try:
                answer(future, within, self._connection)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise self._translated(error, on_topic("Create", name)) from error

    def await_leaders(self, topic: AnyTopic) -> None:
        """Wait until each partition of the topic and of its dead-letter topic accepts records.

        A broker announces the leader of a partition before it accepts records for it. Records sent meanwhile are
        refused, and can be overtaken by later ones. Raises `BrokerError` after a minute.
        """
        self.await_leaders_of((topic.name, topic.dead_letters))

    def await_leaders_of(self, names: Collection[str]) -> None:
        """The same for topics by their names."""
        ends = time.monotonic() + _LEADERS_WITHIN
        while not (partitions := self._partitions(names)):
            if time.monotonic() >= ends:
                raise BrokerError(f"the broker does not know {' and '.join(names)}", hint="its log may give the reason")
            time.sleep(_AGAIN)
        self._offsets(partitions, OffsetSpec.latest(), ends)

    def _partitions(self, names: Collection[str]) -> list[TopicPartition]:
        """Descriptions of all these topics; empty while one of them is unknown."""
        known = self._metadata().topics
        if not all(name in known and known[name].partitions for name in names):
            return []
        return [TopicPartition(name, number) for name in names for number in known[name].partitions]

    def delete(self, names: Iterable[str]) -> None:
        """Delete topics with all their records."""
        for name, future in self._client.delete_topics(list(names), operation_timeout=self._longest).items():
            self._result(future, on_topic("Delete", name))

    def requested_ends(self, topic: str, partitions: Collection[int]) -> dict[int, Future[ListOffsetsResultInfo]]:
        """Ask for the ends of partitions without waiting; an answer raises KafkaException if there is none in time."""
        asked = {number: TopicPartition(topic, number) for number in partitions}
        spec = OffsetSpec.latest()
        answers = self._client.list_offsets(dict.fromkeys(asked.values(), spec), request_timeout=self._timeout)
        return {number: answers[partition] for number, partition in asked.items()}

    def first_offsets(self, topic: str) -> dict[int, int]:
        """The offset of the first message that each partition of a topic holds, or else of its next one.

        Raises BrokerError.
        """
        found = self._offsets(self._partitions([topic]), OffsetSpec.earliest(), time.monotonic() + _SUMMARY_WITHIN)
        return {each.partition: offset for each, (offset, _) in found.items()}

    def summaries(self, names: Collection[str] | None = None) -> list[TopicSummary]:
        """Topics by name: all except Kafka's own, or the existing ones among those named."""
        chosen = {
            name: [TopicPartition(name, number) for number in found.partitions]
            for name, found in sorted(self._metadata().topics.items())
            if (name in names if names is not None else not name.startswith("__"))
        }
        every = [partition for partitions in chosen.values() for partition in partitions]
        ends = time.monotonic() + _SUMMARY_WITHIN
        first = self._offsets(every, OffsetSpec.earliest(), ends)
        end = self._offsets(every, OffsetSpec.latest(), ends)
        newest = self._offsets(every, OffsetSpec.max_timestamp(), ends)
        return [
            TopicSummary(
                name,
                len(partitions),
                sum(end[p][0] - first[p][0] for p in partitions),
                max((instant(newest[p][1]) for p in partitions if newest[p][1] > 0), default=None),
            )
            for name, partitions in chosen.items()
        ]

    def _offsets(
        self, partitions: list[TopicPartition], spec: OffsetSpec, ends: float
    ) -> dict[TopicPartition, tuple[int, int]]:
        """Offset and timestamp by partition; while a partition has no leader, try again until ``ends``."""
        fresh = time.monotonic()
        while True:
            futures = self._client.list_offsets(dict.fromkeys(partitions, spec), request_timeout=self._longest)
            try:
                results = {partition: self._answer(future) for partition, future in futures.items()}
            except KafkaException as error:
                if error.args[0].code() not in _NEW:
                    raise self._translated(error, on_topic("Describe", partitions[0].topic)) from error
                if time.monotonic() >= ends:
                    if not present(self._connection):
                        raise unreachable(self._connection) from error
                    raise BrokerError("a topic has no leader", hint="see the log of the broker") from error
                time.sleep(_AGAIN)
                if time.monotonic() - fresh > _FRESH:
                    # A client that saw no leaders while the broker was down may keep seeing none.
                    self._client = self._made()
                    fresh = time.monotonic()
            else:
                return {partition: (result.offset, result.timestamp) for partition, result in results.items()}


def _dead_letters(topic: AnyTopic) -> NewTopic:
    return NewTopic(topic.dead_letters, 1, _AS_MANY_AS_USUAL, config=dict(letters.TOPIC_CONFIG))
