"""Decoding of messages: records, and the offset up to which each partition was read."""

from __future__ import annotations

import threading

import pytest
from confluent_kafka import KafkaError, Message

from stockstream.codec import encode
from stockstream.kafka.decoding import Decoding
from stockstream.records import Bar
from tests.kafka.streams import BARS, connection, own_topic


def record(offset: int, partition: int = 0) -> Message:
    bar = BARS[offset]
    return Message(topic="stocks", partition=partition, offset=offset, key=bar.symbol.encode(), value=encode(bar))


def event(code: int, offset: int, partition: int = 0) -> Message:
    return Message(topic="stocks", partition=partition, offset=offset, error=KafkaError(code))


def end(offset: int, partition: int = 0) -> Message:
    return event(KafkaError._PARTITION_EOF, offset, partition)


@pytest.fixture
def decoding() -> Decoding[Bar]:
    """Of bars of AAPL and MSFT; its broker is never asked."""
    return Decoding(own_topic(), Bar, connection("127.0.0.1:1"), ["AAPL", "MSFT"], threading.Event())


@pytest.mark.parametrize(
    ("messages", "positions"),
    [
        ([record(3), record(4)], {0: 5}),
        # Offsets that hold no record for us: a transaction's end, records that were removed or not committed.
        ([record(3), record(4), end(7)], {0: 7}),
        ([end(7)], {0: 7}),
        ([end(0)], {0: 0}),
        # Records that came after the end had been reached are behind it.
        ([end(3), record(3), record(4)], {0: 5}),
        ([record(3), end(4), record(4), end(5)], {0: 5}),
        ([record(3, 0), end(9, 2), end(4, 0), record(6, 1)], {0: 4, 1: 7, 2: 9}),
    ],
)
def test_position_is_behind_the_last_record_or_at_the_partition_s_end(
    decoding: Decoding[Bar], messages: list[Message], positions: dict[int, int]
) -> None:
    decoded = decoding.take(messages)
    assert decoded.positions == positions
    assert decoded.errors == []
    records = [message for message in messages if message.error() is None]
    assert decoded.messages == records
    assert decoded.records == [BARS[message.offset() or 0] for message in records]


def test_error_is_given_and_moves_no_position(decoding: Decoding[Bar]) -> None:
    gone = event(KafkaError.UNKNOWN_TOPIC_OR_PART, 8)
    decoded = decoding.take([record(3), gone, end(9, 1)])
    assert decoded.positions == {0: 4, 1: 9}
    assert [(error.code(), message) for error, message in decoded.errors] == [(KafkaError.UNKNOWN_TOPIC_OR_PART, gone)]
