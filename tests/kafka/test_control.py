"""Orders reach running producers and those that are started later; reports come and go with their producers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from stockstream.control import ALL, TOPIC, Order, Report
from stockstream.kafka import control
from stockstream.kafka.control import Controlled
from tests.cli.helpers import until
from tests.kafka.streams import connection


@dataclass
class Running:
    """A producer that notes its orders."""

    name: str
    sent: int = 0
    orders: list[Order] = field(default_factory=list)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def report(self) -> Report:
        return Report(self.name, "here", 1, "stocks", self.sent, self.started, datetime.now(UTC))

    def controlled(self, broker: str) -> Controlled:
        return Controlled(connection(broker), self.report, self.orders.append)

    def last(self, order: Order) -> Callable[[], bool]:
        return lambda: bool(self.orders) and self.orders[-1] == order


@pytest.fixture
def running() -> Running:
    return Running(f"source-{uuid4().hex[:8]}")


def send(broker: str, *orders: Order) -> None:
    control.send(connection(broker), [(order.key, order) for order in orders])


def test_orders_arrive_and_the_newest_holds_for_who_comes_later(broker: str, running: Running) -> None:
    control.make(connection(broker))
    with running.controlled(broker):
        send(broker, Order(running.name, paused=True))
        until(running.last(Order(running.name, paused=True)))
        send(broker, Order("another", paused=True), Order(running.name, rate=100.0))
        until(running.last(Order(running.name, rate=100.0)))
    later = Running(running.name)
    with later.controlled(broker):
        until(later.last(Order(running.name, rate=100.0)))
    assert all(order.name == running.name for order in [*running.orders, *later.orders])


def test_an_order_to_a_name_comes_before_one_to_all(broker: str, running: Running) -> None:
    control.make(connection(broker))
    with running.controlled(broker):
        send(broker, Order(ALL, paused=True))
        until(running.last(Order(ALL, paused=True)))
        send(broker, Order(running.name))
        until(running.last(Order(running.name)))
        send(broker, Order(ALL, rate=1.0), Order(running.name, rate=2.0))
        until(running.last(Order(running.name, rate=2.0)))
        assert Order(ALL, rate=1.0) not in running.orders
    send(broker, Order(ALL))


def test_a_producer_is_listed_while_it_runs(broker: str, running: Running) -> None:
    def listed() -> list[Report]:
        return [each for each in control.read(connection(broker))[1] if each.name == running.name]

    with running.controlled(broker):
        running.sent = 7
        until(lambda: [each.sent for each in listed()] == [7])
    until(lambda: not listed())


def test_what_is_no_order_is_ignored(broker: str, running: Running) -> None:
    control.make(connection(broker))
    producer = Producer(connection(broker))
    for value in (b"pause", b'{"type": "order"}', b"\xff"):
        producer.produce(TOPIC, value, Order(running.name).key)
    producer.flush()
    with running.controlled(broker):
        send(broker, Order(running.name, paused=True))
        until(running.last(Order(running.name, paused=True)))
