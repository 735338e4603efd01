"""Subscriber: reads records of a topic on a separate thread, so that its caller never blocks."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Generic, Self, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stockstream.connection import Connection
from stockstream.errors import AuthError, BrokerError
from stockstream.kafka.admin import Admin
from stockstream.kafka.batch import Batch, ConnectionStatus, Origin
from stockstream.kafka.bounds import TOPIC_GONE, bounds
from stockstream.kafka.client import LOG, address, made, refused, settings, translate
from stockstream.kafka.commits import Commits
from stockstream.kafka.decoding import Decoding
from stockstream.kafka.ends import Ends
from stockstream.kafka.health import Health, read_statistics
from stockstream.kafka.inbox import Inbox
from stockstream.kafka.key_order import KeyOrder, OutOfOrder, SendOrder, restored_reading, saved_reading
from stockstream.kafka.refusals import on_topic
from stockstream.kafka.waiting import Awaited, Waiting
from stockstream.topics import AnyTopic

R = TypeVar("R")

_MOST_AT_ONCE: Final = 2_000
_STARTING: Final = 30.0  # seconds after a broker was away in which it may refuse


class Subscriber(Generic[R]):
    """Reads all partitions of a topic on a separate thread.

    It waits for a missing broker or topic. When both exist, `origin` identifies the topic, and the caller starts the
    reading with `begin`. When the topic is deleted and created again, `origin` changes, and the caller must call
    `begin` again. `arrived` never blocks.

    Parameters
    ----------
    topic
        The topic to read.
    record
        Type to which a message is decoded: the topic's record, or a type with fewer of its fields.
    connection
        librdkafka's properties, ``bootstrap.servers`` at least.
    group
        Consumer group under which positions are committed, for monitors only.
    keys
        Only messages with these keys (and those without any); None for all.
    gather
        Converts decoded records, on the reading thread, to what batches hold instead of them.
    ordered
        Whether records of a key must arrive in the order of sending, even if partitions were added and the key has
        moved. If they do not, `origin` changes and the topic is read again.
    partitions
        Numbers of the partitions to read; None for all, also those that are added later.
    look_every
        Seconds between two looks for a topic that is not there.
    messages
        Whether batches also hold the messages: offsets, keys, raw bytes. That costs half as much time again.
    """

    def __init__(
        self,
        topic: AnyTopic,
        record: type[R],
        connection: Connection,
        *,
        group: str = "stockstream",
        keys: Collection[str] | None = None,
        gather: Callable[[list[R]], list[Any]] | None = None,
        ordered: bool = False,
        partitions: Collection[int] | None = None,
        look_every: float = 0.3,
        messages: bool = False,
    ) -> None:
        self._topic = topic
        self._connection = connection
        self._gather = gather
        self._look_every = look_every
        self._keeps_messages = messages
        self._reads: Callable[[int], bool] = (
            (lambda _: True) if partitions is None else frozenset(partitions).__contains__
        )
        self._stop, self._begun = threading.Event(), threading.Event()
        self._inbox: Inbox[R] = Inbox()
        self._begin_at: Mapping[int, int] = {}
        self._merge: SendOrder | None = None
        self._origin: Origin | None = None
        self._merged: tuple[str, str] | None = None
        self._failure: BaseException | None = None
        self._decoding = Decoding(topic, record, connection, keys, self._stop, ordered=ordered)
        self._health = Health()
        self._waiting: Waiting | None = Waiting(Awaited.BROKER, address(connection), topic.name)
        self._target: dict[int, int] = {}
        self._position: dict[int, int] = {}
        self._partitions: list[int] = []
        self._check_topic = False
        self._was_up = False
        self._skipped = 0
        self._consumer = made(Consumer, self._properties(group))
        self._ends = Ends(topic.name, self._consumer, connection)
        self._commits = Commits(topic.name, self._consumer)
        self._thread = threading.Thread(target=self._run, name=f"read-{topic.name}", daemon=True)

    def _properties(self, group: str) -> dict[str, Any]:
        """Those of the consumer: it starts where it is told to, and commits nothing by itself."""
        return settings(
            self._connection,
            group_id=group,
            enable_auto_commit=False,
            enable_auto_offset_store=False,
            enable_partition_eof=True,
            auto_offset_reset="error",
            fetch_queue_backoff_ms=5,
            queued_min_messages=200_000,
            session_timeout_ms=6_000,
            max_poll_interval_ms=86_400_000,
            topic_metadata_propagation_max_ms=1_000,
            topic_metadata_refresh_interval_ms=5_000,
            statistics_interval_ms=1_000,
            stats_cb=self._on_statistics,
            error_cb=self._on_error,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._begun.set()
        self._inbox.release()
        self._thread.join()
        self._commits.close()

    # Called by the user's thread.

    @property
    def origin(self) -> Origin | None:
        """Identity of the topic; None until it is found. After a change, `begin` must be called again."""
        return self._origin

    def begin(self, positions: Mapping[int, int], reading: bytes = b"") -> None:
        """Read from these offsets on, other partitions from their first; ``reading`` is the saved `reading` there."""
        self._begin_at, before = dict(positions), restored_reading(reading)
        self._skipped = before.skipped if before is not None else 0
        if self._decoding.order is not None:
            self._decoding.order = KeyOrder(before, merged=self._origin is not None and self._origin.merged)
        self._begun.set()

    def reading(self) -> bytes:
        """State of the reading up to the last batch, which `begin` needs in addition to the offsets."""
        return saved_reading(self._decoding.order, self._skipped)

    def arrived(self) -> Batch[R]:
        """The records since the last call. Raises the error that ended the reading, such as `AuthError`."""
        if self._failure is not None:
            raise self._failure
        return self._inbox.take()

    def listen(self, arrived: Callable[[], None]) -> None:
        """Have a function called on the reading thread, which may not block, when there is something new.

        That is the first record after a call of `arrived`, another `origin`, or the end of the reading.
        """
        self._inbox.on_arrival = arrived

    def connection_status(self) -> ConnectionStatus:
        """The present status of the connection."""
        # Another thread sets all of these: read them once, so that they agree.
        waiting, connected, high = self._waiting, self._health.connected, self._ends.known()
        for_broker = waiting is not None and waiting.awaited is Awaited.BROKER
        if connected == for_broker:
            waiting = self._awaits(Awaited.ANSWER if connected else Awaited.BROKER)
        if waiting is None and self._ends.stalled and self._misses_some():
            waiting = self._awaits(Awaited.ANSWER)
        return ConnectionStatus(
            topic=self._topic.name,
            connected=connected,
            since=self._health.since,
            waiting=waiting,
            high=high,
            target=dict(self._target),
            dead=self._decoding.dead,
            skipped=self._skipped,
        )

    def commit(self, positions: Mapping[int, int]) -> None:
        """Commit positions for monitors, within a second and at the end.

        A failure is only logged.
        """
        self._commits.request(positions)

    def _misses_some(self) -> bool:
        """Whether records were not read yet that the topic held when the reading began."""
        return any(self._position.get(number, -1) < end for number, end in dict(self._target).items())

    def _awaits(self, awaited: Awaited) -> Waiting:
        return Waiting(awaited, address(self._connection), self._topic.name)

    # Runs on the reading thread.

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                origin = self._find()
                # Records of the deleted topic must not be mixed with those of the new one.
                self._inbox.clear()
                self._origin = origin
                self._inbox.on_arrival()
                self._begun.wait()
                self._begun.clear()
                if not self._stop.is_set() and self._assign():
                    self._read_in_order()
        except Exception as error:  # noqa: BLE001 - raised on the user's thread by arrived()
            LOG.exception("reading %s ended", self._topic.name)
            self._failure = error
            self._inbox.on_arrival()

    def _find(self) -> Origin:
        """Wait for a topic other than the former one."""
        admin = Admin(self._connection, timeout=2)
        away = -math.inf
        while not self._stop.is_set():
            try:
                topic_id = admin.topic_id(self._topic.name, self._stop)
                if topic_id is not None:
                    cluster = admin.cluster_id()
                    if self._waiting is None or self._waiting.awaited is not Awaited.ANSWER:
                        self._waiting = None
                    self._health.hear(connected=True)
                    return Origin(cluster, topic_id, (cluster, topic_id) == self._merged)
                self._waiting = self._awaits(Awaited.TOPIC)
                self._health.hear(connected=True)
            except AuthError:
                if time.monotonic() - away > _STARTING:  # a secure broker creates its users after it opens its port
                    raise
            except BrokerError as error:
                away = time.monotonic()
                LOG.info("no topic %s yet: %s", self._topic.name, error)
                self._health.hear(connected=False)
                self._waiting = Waiting.for_broker(self._connection, self._topic.name)
            self._stop.wait(self._look_every)
        return self._origin or Origin("", "")

    def _assign(self) -> bool:
        """Assign all partitions at the offsets of `begin`; returns False if the topic was deleted in the meantime."""
        name, asked = self._topic.name, time.monotonic()
        try:
            ends = {each: both for each, both in bounds(self._consumer, name, 6).items() if self._reads(each)}
            self._partitions = sorted(ends)
            if not self._partitions:
                raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        except KafkaException as error:
            if refused(error.args[0]):
                raise translate(error, self._connection, on_topic("Read", name)) from error
            LOG.info("cannot read %s yet: %s", name, error)
            self._waiting = self._awaits(Awaited.ANSWER)
            self._begun.set()
            self._stop.wait(0.3)
            return False
        self._position = {}
        self._commits.forget()
        for number, (low, high) in ends.items():
            self._position[number] = self._within(self._begin_at.get(number, low), low, high)
        self._ends.begin({number: high for number, (_, high) in ends.items()}, asked)
        self._consumer.assign([TopicPartition(name, number, self._position[number]) for number in self._partitions])
        self._inbox.move(self._position)
        self._target = {number: high for number, (_, high) in ends.items()}
        merged = self._decoding.order is not None and self._decoding.order.merged
        self._merge = SendOrder(name, self._consumer, self._position, self._target) if merged else None
        self._waiting = None
        self._check_topic = False
        return True

    def _within(self, wanted: int, low: int, high: int) -> int:
        if wanted < low:
            self._skipped += low - wanted
        elif wanted > high:
            LOG.warning("%s: offset %d is beyond the end %d", self._topic.name, wanted, high)
        return min(max(wanted, low), high)

    def _read_in_order(self) -> None:
        try:
            self._read()
        except OutOfOrder as error:
            LOG.warning("%s is read again, in the order of sending: %s", self._topic.name, error)
            self._merged = self._origin[:2] if self._origin else None
            self._leave()

    def _leave(self) -> None:
        self._consumer.unassign()
        self._decoding.restart()  # `begin` sets the number of skipped ones
        self._target = {}

    def _read(self) -> None:
        """Read until `close`, or until the topic is deleted or replaced."""
        checked = 0.0
        while not self._stop.is_set():
            room = self._room()
            message = self._consumer.poll(self._ends.patience)
            if message is not None:
                self._take([message, *(self._consumer.consume(room - 1, 0) if room > 1 else ())])
            # While the inbox is full nothing is fetched.
            fetching, arrived = not self._inbox.full, message is not None
            self._ends.step(self._partitions, connected=self._health.connected, fetching=fetching, arrived=arrived)
            now = time.monotonic()
            if now - checked > 1:
                checked = now
                self._commits.commit(ends=self._stop.is_set())
                if self._check_topic and self._topic_changed():
                    self._leave()
                    return
        self._commits.commit(ends=self._stop.is_set())

    def _take(self, messages: list[Message]) -> None:
        if self._merge is not None:
            messages = self._merge.take(messages)
        good, records, positions, errors = self._decoding.take(messages)
        for error, message in errors:
            self._on_message_error(error, message)
        self._position.update(positions)
        gathered = self._gather(records) if self._gather and records else records
        sent = good[-1].timestamp()[1] if good else 0
        self._inbox.add(Batch(gathered, len(records), good if self._keeps_messages else [], positions, sent))

    def _room(self) -> int:
        """Number of messages to read next: many, or one now and then while the inbox is full.

        Partitions are not paused, which would throw away what was fetched ahead; a single message is enough for
        librdkafka to call back.
        """
        if not self._inbox.full:
            return _MOST_AT_ONCE
        self._inbox.wait()
        return 1

    def _topic_changed(self) -> bool:
        """Check whether the topic was deleted or replaced. Corrects positions that are out of range."""
        try:
            admin = Admin(self._connection, timeout=2)
            topic_id = admin.topic_id(self._topic.name)
            if self._origin is None or topic_id is None or (admin.cluster_id(), topic_id) != self._origin[:2]:
                return True
            metadata = self._consumer.list_topics(self._topic.name, timeout=2).topics[self._topic.name]
            known = sorted(filter(self._reads, metadata.partitions))
            for number in known:
                self._correct_position(TopicPartition(self._topic.name, number), new=number not in self._partitions)
            self._partitions = known
        except AuthError:
            raise
        except (BrokerError, KafkaException) as error:
            LOG.info("cannot look at %s yet: %s", self._topic.name, error)
            return False
        self._check_topic = False
        return False

    def _correct_position(self, partition: TopicPartition, *, new: bool) -> None:
        low, high = self._consumer.get_watermark_offsets(partition, timeout=2)
        position = low if new else self._position.get(partition.partition, low)
        partition.offset = self._within(position, low, high)
        if new:
            self._consumer.incremental_assign([partition])
        elif partition.offset != position:
            self._consumer.seek(partition)
        self._position[partition.partition] = partition.offset
        self._inbox.move({partition.partition: partition.offset})

    # Called by librdkafka, on the reading thread.

    def _on_message_error(self, error: KafkaError, message: Message) -> None:
        if refused(error) and message.topic() is not None:  # otherwise of the group, which only monitors need
            raise translate(error, self._connection, on_topic("Read", self._topic.name))
        LOG.warning("%s/%s: %s", message.topic(), message.partition(), error)
        self._check_topic = True

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._health.hear(connected=False)
        elif refused(error) or error.code() in TOPIC_GONE:
            # A refusal may be of the time before a secure broker had created its users: the check tells.
            self._check_topic = True

    def _on_statistics(self, text: str) -> None:
        statistics = read_statistics(text)
        self._was_up |= statistics.connected
        # Until this client has a connection, the state known from the search for the topic is kept.
        if self._was_up:
            # A broker that restarted may be another one, or have lost its topics.
            self._check_topic |= self._health.hear(connected=statistics.connected)
        if self._target:
            known = filter(self._reads, statistics.partitions(self._topic.name))
            self._check_topic |= not set(known) <= set(self._partitions)
