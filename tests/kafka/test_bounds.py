"""A topic's bounds from a broker that does not know them yet."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stockstream.kafka.bounds import bounds
from tests.kafka.mock_cluster import mock_cluster


class Asked:
    """Gives the answers in their order, the last one ever after; an error code is an error."""

    def __init__(self, *answers: tuple[int, int] | int) -> None:
        self._answers = list(answers)
        self.questions = 0

    def list_topics(self, topic: str, timeout: float) -> Any:
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions={0: None})})

    def get_watermark_offsets(self, _: TopicPartition, timeout: float) -> tuple[int, int]:
        self.questions += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, int):
            raise KafkaException(KafkaError(answer))
        return answer


def test_a_partition_that_has_just_been_made_is_asked_again() -> None:
    asked = Asked(KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, (3, 7))
    assert bounds(cast("Consumer", asked), "stocks", 5.0) == {0: (3, 7)}


@pytest.mark.parametrize(
    ("code", "timeout", "questions"),
    [(KafkaError.TOPIC_AUTHORIZATION_FAILED, 5.0, 1), (KafkaError.NOT_LEADER_FOR_PARTITION, 0.0, 1)],
)
def test_what_does_not_pass_and_what_takes_too_long_is_raised(code: int, timeout: float, questions: int) -> None:
    asked = Asked(code)
    with pytest.raises(KafkaException) as raised:
        bounds(cast("Consumer", asked), "stocks", timeout)
    assert raised.value.args[0].code() == code
    assert asked.questions == questions


def test_a_partition_whose_leader_is_away_for_a_moment_is_waited_for() -> None:
    with mock_cluster() as cluster:
        cluster.make("stocks", 2)
        consumer = Consumer({"bootstrap.servers": cluster.bootstrap_servers, "group.id": "bounds"})
        assert bounds(consumer, "stocks", 30.0) == {0: (0, 0), 1: (0, 0)}
        cluster.led("stocks", 1, led=False)
        with pytest.raises(KafkaException):
            bounds(consumer, "stocks", 0.2)
        back = threading.Timer(0.5, cluster.led, ("stocks", 1), {"led": True})
        back.start()
        try:
            assert bounds(consumer, "stocks", 30.0) == {0: (0, 0), 1: (0, 0)}
        finally:
            back.join()
            consumer.close()
