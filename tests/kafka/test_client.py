"""Common properties of all Kafka clients."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from stockstream.errors import BrokerError, ConfigError, Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import free_port
from stockstream.kafka.guard import Guard
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
        Admin(connection(f"127.0.0.1:{free_port()}"), timeout=280).topic_id("stocks", ended)
    assert time.monotonic() - begun < 140


class Silent(Future[Any]):
    """A request of which librdkafka tells no result, not even that its time is over."""

    def result(self, timeout: float | None = None) -> Any:
        raise TimeoutError(timeout)


@dataclass
class MadeUpClient:
    """An admin client of a broker with one topic. It is silent, or has new topics made."""

    silent: bool = True
    topics: dict[str, Any] = field(default_factory=lambda: {"stocks": PartitionsOf({0: None})})

    def poll(self, timeout: float) -> int:
        """Nothing has happened."""
        return 0

    def list_topics(self, **_: object) -> MadeUpClient:
        return self

    def requests(self, things: Collection[Any], **_: object) -> dict[Any, Future[Any]]:
        return {getattr(each, "topic", each): self._future() for each in things}

    create_topics = delete_topics = incremental_alter_configs = requests

    def alter_user_scram_credentials(self, alterations: Collection[Any], **_: object) -> dict[Any, Future[Any]]:
        return {each.user: self._future() for each in alterations}

    def describe_topics(self, *_: object, **__: object) -> dict[str, Future[Any]]:
        return {"stocks": self._future()}

    def list_offsets(self, specs: dict[Any, Any], **_: object) -> dict[Any, Future[Any]]:
        return {each: self._future() for each in specs}

    def _future(self) -> Future[Any]:
        future: Future[Any] = Silent() if self.silent else Future()
        future.set_result(None)
        return future


@dataclass
class PartitionsOf:
    partitions: dict[int, None]


class AdminOf(Admin):
    """An `Admin` with these clients, one after the other."""

    def __init__(self, clients: Iterator[MadeUpClient], timeout: float) -> None:
        self._clients = clients
        super().__init__(connection(f"127.0.0.1:{free_port()}"), timeout=timeout)

    def _made(self) -> Any:
        return next(self._clients)


@pytest.mark.parametrize(
    "deed",
    [
        lambda admin: admin.make("new", 1, {}),
        lambda admin: admin.topic_id("stocks"),
        lambda admin: admin.summaries(),
        lambda admin: admin.delete(["stocks"]),
    ],
    ids=["make", "topic_id", "summaries", "delete"],
)
def test_a_request_without_any_result_means_that_no_broker_answers(deed: Callable[[Admin], object]) -> None:
    with pytest.raises(Unreachable):
        deed(AdminOf(repeat(MadeUpClient()), timeout=0))


def test_users_that_a_broker_says_nothing_of_are_an_error_of_one_line(tmp_path: Path) -> None:
    client: Any = MadeUpClient()
    with pytest.raises(BrokerError, match=r"^the broker does not take its users: no answer for 11 s - start it again$"):
        Guard(tmp_path).admit(client)


def test_a_certificate_that_a_broker_says_nothing_of_is_an_error_of_one_line(tmp_path: Path) -> None:
    client: Any = MadeUpClient()
    said = r"^the broker does not take its new certificate: no answer for 11 s - start it again$"
    with pytest.raises(BrokerError, match=said):
        Guard(tmp_path).renew(client)


def test_a_topic_is_made_by_another_client_if_the_first_is_silent() -> None:
    AdminOf(iter([MadeUpClient(), MadeUpClient(silent=False)]), timeout=10).make("new", 1, {})
