"""A broker's refusal is reported at once, by name, and without the password."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from stockstream.errors import AuthError
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.monitor import Monitor
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from tests.kafka.streams import BARS, connection, own_topic, read_to_end, send_all, until
from tests.patience import PATIENCE

_SASL = """
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.broker.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="broker" password="among-brokers" user_broker="among-brokers" user_alice="correct-horse";
"""


class GuardedBroker(Broker):
    """A broker that asks for a password."""

    def _spawn(self, *arguments: Any) -> Any:
        file = self.data / "server.properties"
        file.write_text(file.read_text().replace("BROKER:PLAINTEXT", "BROKER:SASL_PLAINTEXT") + _SASL)
        return super()._spawn(*arguments)

    def await_ready(self) -> AdminClient:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            try:
                Admin(alice(self.bootstrap_servers), timeout=1).names()
            except Exception:  # noqa: BLE001 - not yet
                self.wait(0.1)
            else:
                break
        return self.admin()


def alice(servers: str, password: str = "correct-horse") -> dict[str, Any]:
    return connection(servers) | {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "alice",
        "sasl.password": password,
    }


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Iterator[str]:
    with GuardedBroker(tmp_path_factory.mktemp("kafka"), kafka_jars, port=free_port()) as running:
        yield running.bootstrap_servers


def test_the_right_password_lets_in(guarded: str) -> None:
    topic = own_topic()
    with Publisher(topic, alice(guarded)) as publisher:
        send_all(publisher, BARS[:3])
    with Subscriber(topic, Bar, alice(guarded)) as subscriber:
        subscriber.begin({})
        assert read_to_end(subscriber).records == BARS[:3]


def test_a_producer_with_a_wrong_password_is_reported_at_once(guarded: str) -> None:
    with (
        pytest.raises(AuthError, match="refuses us") as caught,
        Publisher(own_topic(), alice(guarded, "battery-staple")),
    ):
        pass
    assert "battery-staple" not in str(caught.value)


def test_a_window_with_a_wrong_password_is_reported_at_once(guarded: str) -> None:
    def failure(subscriber: Subscriber[Bar]) -> AuthError | None:
        try:
            subscriber.arrived()
        except AuthError as error:
            return error
        return None

    with Subscriber(own_topic(), Bar, alice(guarded, "battery-staple")) as subscriber:
        error = until(lambda: failure(subscriber))
    assert "refuses us" in error.message
    assert "battery-staple" not in str(error)


def test_a_wrong_password_is_no_broker_that_does_not_answer(guarded: str) -> None:
    admin = Admin(alice(guarded, "battery-staple"), timeout=3.0)
    with pytest.raises(AuthError, match="refuses us"):
        admin.topic_id("any")
    with pytest.raises(AuthError, match="refuses us"):
        admin.delete({"any"})


def test_a_monitor_with_a_wrong_password_is_refused_and_does_not_wait(guarded: str, tmp_path: Path) -> None:
    with pytest.raises(AuthError, match="refuses us"):
        Monitor(alice(guarded, "wrong"), tmp_path).overview()
    assert Monitor(alice(guarded), tmp_path).overview().waiting is None


def test_a_window_forgets_refusals_from_before_the_broker_knew_the_user(guarded: str) -> None:
    topic = own_topic()
    with Publisher(topic, alice(guarded)) as publisher:
        send_all(publisher, BARS[:3])
    client = alice(guarded, "not-yet-known")
    subscriber = Subscriber(topic, Bar, client)
    time.sleep(1.5)  # it is refused meanwhile, and hears of it when it begins to read
    client["sasl.password"] = "correct-horse"
    subscriber._consumer.set_sasl_credentials("alice", "correct-horse")
    with subscriber:
        until(lambda: subscriber.origin)
        subscriber.begin({})
        assert read_to_end(subscriber).records == BARS[:3]
        until(lambda: not subscriber._check_topic)
        assert len(subscriber.arrived()) == 0
