"""What is waited for: its words, and the error if it does not come."""

from __future__ import annotations

import pytest

from stockstream.errors import BrokerError, Unreachable
from stockstream.kafka.broker import free_port
from stockstream.kafka.waiting import Awaited, Waiting
from tests.kafka.streams import connection


@pytest.mark.parametrize(
    ("awaited", "words", "kind", "error"),
    [
        (Awaited.BROKER, "broker {}", Unreachable, "no broker answers at {}: connection refused - is it running? "),
        (Awaited.TOPIC, "topic stocks on {}", BrokerError, "there is no topic stocks on {} - `stockstream produce` "),
        (
            Awaited.ANSWER,
            "an answer about topic stocks on {}",
            BrokerError,
            "the broker at {} has not told of the topic stocks - the machine may be busy: try again",
        ),
    ],
)
def test_each_has_words_and_an_error(awaited: Awaited, words: str, kind: type[BrokerError], error: str) -> None:
    where = f"127.0.0.1:{free_port()}"
    waiting = Waiting(awaited, where, "stocks")
    assert str(waiting) == words.format(where)
    found = waiting.error(connection(where))
    assert type(found) is kind
    assert str(found).startswith(error.format(where))


def test_a_broker_that_is_waited_for_says_why_if_waiting_alone_does_not_help() -> None:
    assert str(Waiting.for_broker(connection("no-such-host.invalid:9092"))) == (
        "broker no-such-host.invalid:9092 (no such host is known)"
    )
