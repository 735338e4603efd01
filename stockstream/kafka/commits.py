"""Commits of a consumer's positions, only for monitors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stockstream.kafka.client import LOG
from stockstream.kafka.readers import RENEWED_EVERY, mark


class Commits:
    """Commits a topic's positions where they have moved, and now and then though they have not: we still run."""

    def __init__(self, topic: str, consumer: Consumer) -> None:
        self._topic = topic
        self._consumer = consumer
        self._wanted: Mapping[int, int] = {}
        self._committed: dict[int, int] = {}
        self._renew_at = 0.0

    def want(self, positions: Mapping[int, int]) -> None:
        """Have these told; from any thread."""
        self._wanted = dict(positions)

    def forget(self) -> None:
        """What was told belongs to another reading."""
        self._committed = {}

    def tell(self, *, ends: bool) -> None:
        """Tell what is wanted, and at the end that we run no more. A failure is only logged."""
        # On the reading thread alone: a commit from another while this one polls has been seen to block for good.
        positions, self._wanted = self._wanted, {}
        if not positions and not ends and time.monotonic() < self._renew_at:
            return
        self._committed |= positions
        self._renew_at = time.monotonic() + RENEWED_EVERY
        says = "" if ends else mark(datetime.now(UTC))
        offsets = [TopicPartition(self._topic, number, offset, says) for number, offset in self._committed.items()]
        try:
            if offsets:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            LOG.info("positions not committed: %s", error)
