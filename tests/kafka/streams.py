"""Topics for one test, and reading them to their end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from confluent_kafka import Message, Producer

from stockstream.kafka.batch import Batch
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from stockstream.topics import STOCKS, Topic
from tests.patience import until as until
from tests.views.bars import walk

BARS = walk(500, 1, "AAPL") + walk(500, 2, "MSFT") + walk(500, 3, "GOOG")


def connection(broker: str) -> dict[str, Any]:
    return {"bootstrap.servers": broker}


def own_topic(**changes: Any) -> Topic[Bar]:
    return replace(STOCKS, name=f"stocks-{uuid.uuid4().hex[:8]}", **changes)


def read_to_end(subscriber: Subscriber[Any], already: Batch[Any] | None = None) -> Batch[Any]:
    """All records up to the topic's end as it stood when the reading began."""
    whole: Batch[Any] = already or Batch()

    def done() -> bool:
        batch = subscriber.arrived()
        whole.records += batch.records
        whole.count += batch.count
        whole.messages += batch.messages
        whole.positions.update(batch.positions)
        return subscriber.connection_status().reached(whole.positions)

    until(done)
    return whole


def texts(messages: list[Message]) -> list[tuple[bytes | None, bytes | None]]:
    return [(message.key(), message.value()) for message in messages]


def put(broker: str, topic: str, key: str, values: Sequence[bytes]) -> None:
    """Send bytes as they are."""
    producer = Producer(connection(broker))
    for value in values:
        producer.produce(topic, value, key)
    producer.flush()


def send_all(publisher: Publisher[Any], records: Sequence[Any]) -> None:
    """Send records and wait until they are acknowledged."""
    for record in records:
        publisher.send(record)
    publisher.flush()
