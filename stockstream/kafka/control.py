"""Control topic: orders to producers, and reports of running ones."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import msgspec
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from stockstream.connection import Connection
from stockstream.control import ALL, GONE_AFTER, REPORT_EVERY, TOPIC, Message, Order, Report, decode, encode
from stockstream.errors import StockstreamError, Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.client import made, settings, translate
from stockstream.kafka.refusals import on_topic
from stockstream.kafka.to_end import ToEnd

_AGAIN: Final = 5.0
_LEAVE_WITHIN: Final = 3.0

log = logging.getLogger(__name__)


def make(connection: Connection) -> None:
    """Create the topic if it is missing. Raises `BrokerError`."""
    Admin(connection).make(TOPIC, 1, {"cleanup.policy": "compact", "delete.retention.ms": "60000"})


def send(connection: Connection, messages: Iterable[tuple[str, Message | None]]) -> None:
    """Send messages by key, None for a key that is done with, each acknowledged. Raises `BrokerError`."""
    failures: list[KafkaException] = []
    producer = made(Producer, settings(connection, enable_idempotence=True, acks="all"))
    for key, message in messages:
        producer.produce(
            TOPIC,
            None if message is None else encode(message),
            key,
            on_delivery=lambda error, _: failures.append(KafkaException(error)) if error else None,
        )
    if producer.flush(10):
        raise Unreachable("the broker did not acknowledge the order in time")
    if failures:
        raise translate(failures[0], connection, on_topic("Write", TOPIC))


def read(connection: Connection) -> tuple[dict[str, Order], list[Report]]:
    """The orders by name, and the reports of producers that run. Raises `BrokerError`."""
    found: dict[str, Message] = {}
    if TOPIC not in Admin(connection).names():
        return {}, []
    with ToEnd(connection, TOPIC) as reader:
        for message in (each for together in reader.messages(reader.ranges()) for each in together):
            _take(found, message.key(), message.value())
    orders = {each.name: each for each in found.values() if isinstance(each, Order)}
    limit = datetime.now(UTC) - timedelta(seconds=GONE_AFTER)
    running = [each for each in found.values() if isinstance(each, Report) and each.at > limit]
    return orders, sorted(running, key=lambda report: (report.name, report.started))


def _take(found: dict[str, Message], key: bytes | str | None, value: bytes | None) -> None:
    """Keep the newest message of each key; what is none of ours is ignored."""
    name = key.decode(errors="replace") if isinstance(key, bytes) else str(key)
    if value is None:
        found.pop(name, None)
        return
    try:
        found[name] = decode(value)
    except msgspec.DecodeError as error:
        log.warning("a message of %s under %s is ignored: %s", TOPIC, name, error)


class Controlled:
    """Follows the orders to a producer, and reports it, on a thread of its own, within its block.

    A producer runs on without control if the topic cannot be used; the log says why.

    Parameters
    ----------
    connection
        librdkafka's properties.
    report
        The producer as it is now.
    on_order
        Called on the thread with each order that holds from now on.
    """

    def __init__(self, connection: Connection, report: Callable[[], Report], on_order: Callable[[Order], None]) -> None:
        self._connection = connection
        self._report = report
        self._on_order = on_order
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="control")
        self._found: dict[str, Message] = {}
        self._held: Order | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(_LEAVE_WITHIN)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                make(self._connection)
                self._follow()
            except (KafkaException, StockstreamError) as error:
                log.warning("commands of `stockstream control` cannot be received: %s", error)
            self._stop.wait(_AGAIN)

    def _follow(self) -> None:
        consumer = made(
            Consumer,
            settings(self._connection, group_id="stockstream", enable_auto_commit=False, auto_offset_reset="earliest"),
        )
        producer = made(Producer, settings(self._connection, acks="all"))
        try:
            consumer.assign([TopicPartition(TOPIC, 0, 0)])
            due = time.monotonic()
            while not self._stop.is_set():
                if time.monotonic() >= due:
                    report = self._report()
                    producer.produce(TOPIC, encode(report), report.key)
                    due = time.monotonic() + REPORT_EVERY
                producer.poll(0)
                message = consumer.poll(0.2)
                if message is not None and message.error() is None:
                    _take(self._found, message.key(), message.value())
                    self._obey()
        finally:
            producer.produce(TOPIC, None, self._report().key)
            producer.flush(1)
            consumer.close()

    def _obey(self) -> None:
        name = self._report().name
        order = self._found.get(Order(name).key) or self._found.get(Order(ALL).key)
        if isinstance(order, Order) and order != self._held:
            self._held = order
            self._on_order(order)
