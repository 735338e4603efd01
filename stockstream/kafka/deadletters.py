"""What a consumer cannot decode: kept byte for byte beside its topic before it is passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin
from stockstream.kafka.client import LOG, settings
from stockstream.topics import Topic


class DeadLetters:
    """Writes to a topic's dead-letter topic under the key topic/partition/offset.

    That topic is compacted, so that several consumers that stumble over one message leave one copy of it.
    """

    def __init__(self, topic: Topic[Any], connection: Mapping[str, Any]) -> None:
        self._topic = topic
        self._connection = connection
        self._producer: Producer | None = None

    def put(self, message: Message, reason: str, stopped: Callable[[], bool]) -> bool:
        """Write one and wait until it is acknowledged, however long that takes; False where ``stopped`` came first."""
        key = f"{message.topic()}/{message.partition()}/{message.offset()}"
        value = message.value()
        while not stopped():
            try:
                producer = self._ready()
                outcome: list[KafkaError | None] = []
                producer.produce(
                    self._topic.dead_letters,
                    value,
                    key,
                    headers={"reason": reason.encode()},
                    on_delivery=partial(_note, outcome),
                )
                while not outcome and not stopped():
                    producer.poll(0.1)
                if outcome and outcome[0] is None:
                    LOG.warning("dead letter %s: %s", key, reason)
                    return True
            except (BrokerError, KafkaException) as error:
                LOG.warning("dead letter %s cannot be written yet: %s", key, error)
        return False

    def _ready(self) -> Producer:
        if self._producer is None:
            Admin(self._connection, timeout=2).ensure(self._topic)
            self._producer = Producer(settings(self._connection, enable_idempotence=True, linger_ms=0))
        return self._producer


def _note(outcome: list[KafkaError | None], error: KafkaError | None, _: Message) -> None:
    outcome.append(error)
