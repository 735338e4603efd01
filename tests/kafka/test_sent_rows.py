"""The rows in a topic, among other records and other producers."""

from __future__ import annotations

import uuid
from dataclasses import replace

from pyroaring import BitMap

from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.sent_rows import sent_rows
from stockstream.records import Flight
from stockstream.topics import FLIGHTS, Topic
from tests.cli.records import flight
from tests.kafka.streams import connection, put, send_all

AIRLINES = ("AA", "AS", "B6", "DL", "EV", "UA", "WN")


def own_topic() -> Topic[Flight]:
    return replace(FLIGHTS, name=f"flights-{uuid.uuid4().hex[:8]}")


def test_a_topic_that_does_not_exist_holds_nothing_and_is_not_made(broker: str) -> None:
    topic = own_topic()
    assert sent_rows(connection(broker), topic, ["a"]) == {"a": BitMap()}
    assert topic.name not in Admin(connection(broker)).names()


def test_the_rows_of_the_files_that_are_asked_for(broker: str) -> None:
    topic = own_topic()
    with Publisher(topic, connection(broker)) as publisher:
        assert sent_rows(connection(broker), topic, ["a"]) == {"a": BitMap()}
        sent = [flight(row, file=file, airline=AIRLINES[row % 7]) for file in ("a", "b") for row in range(0, 9_000, 2)]
        send_all(publisher, [*sent, *sent[:100]])
    result: list[tuple[int, int]] = []
    held = sent_rows(connection(broker), topic, ["a", "c"], lambda done, total: result.append((done, total)))
    assert held == {"a": BitMap(range(0, 9_000, 2)), "c": BitMap()}
    assert result[-1] == (9_100, 9_100)


def test_what_is_no_flight_is_passed_over(broker: str) -> None:
    topic = own_topic()
    with Publisher(topic, connection(broker)) as publisher:
        send_all(publisher, [flight(1, file="a")])
        put(
            broker, topic.name, "AA", [b"\xff", b"", b"{}", b'{"file":"a","row":"x"}', b'{"file":"a","row":-1}', b"[1]"]
        )
        publisher.send(flight(2, file="a"))
    assert sent_rows(connection(broker), topic, ["a"]) == {"a": BitMap([1, 2])}


def test_it_ends_while_others_send(broker: str) -> None:
    topic = own_topic()
    with Publisher(topic, connection(broker)) as publisher:
        send_all(publisher, [flight(row, file="a") for row in range(6_000)])
        more = iter(range(6_000, 10_000_000))

        def meanwhile(done: int, total: int) -> None:
            for row in (next(more) for _ in range(500)):
                publisher.send(flight(row, file="a"))
            publisher.flush()

        held = sent_rows(connection(broker), topic, ["a"], meanwhile)["a"]
    assert set(range(6_000)) <= set(held)
