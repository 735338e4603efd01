"""Common properties of all Kafka clients."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from stockstream.errors import ConfigError, Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import free_port
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.kafka.tail import Tail
from stockstream.records import Bar
from stockstream.topics import STOCKS
from tests.kafka.streams import connection

CLIENTS: list[Callable[[dict[str, Any]], object]] = [
    Admin,
    lambda connection: Publisher(STOCKS, connection),
    lambda connection: Subscriber(STOCKS, Bar, connection),
    lambda connection: Tail(STOCKS.name, connection),
]


@pytest.mark.parametrize("client", CLIENTS, ids=["admin", "publisher", "subscriber", "tail"])
@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("fetch.min.byte", 1, 'No such configuration property: "fetch.min.byte"'),
        ("security.protocol", "TLS", 'Invalid value "TLS" for configuration property "security.protocol"'),
    ],
)
def test_a_property_that_librdkafka_does_not_take_is_an_error_of_the_settings(
    client: Callable[[dict[str, Any]], object], name: str, value: object, result: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        client({"bootstrap.servers": "127.0.0.1:1", name: value})
    assert caught.value.message == f"the kafka section: {result}"


def test_nobody_who_ends_waits_for_a_broker() -> None:
    ended = threading.Event()
    ended.set()
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        Admin(connection(f"127.0.0.1:{free_port()}"), timeout=60).topic_id("stocks", ended)
    assert time.monotonic() - begun < 30
