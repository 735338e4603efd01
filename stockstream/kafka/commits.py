"""Commits of a consumer's positions, only for monitors."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stockstream.kafka.client import LOG
from stockstream.kafka.readers import RENEWED_EVERY, mark

_CLOSE_WITHIN: Final = 3.0


class Commits:
    """Commits the positions of a topic when they move, and now and then to show that the reader still runs."""

    def __init__(self, topic: str, consumer: Consumer) -> None:
        self._topic = topic
        self._consumer = consumer
        self._requested: Mapping[int, int] = {}
        self._committed: dict[int, int] = {}
        self._renew_at = 0.0

    def request(self, positions: Mapping[int, int]) -> None:
        """Request a commit of these positions; from any thread."""
        self._requested = dict(positions)

    def forget(self) -> None:
        """Forget what was committed; it belongs to another run of the reader."""
        self._committed = {}

    def commit(self, *, ends: bool) -> None:
        """Commit the requested positions; at the end, that the reader has stopped. A failure is only logged.

        Called by the reading thread only: a commit from another thread during a poll was seen to block forever.
        """
        positions, self._requested = self._requested, {}
        if not positions and not ends and time.monotonic() < self._renew_at:
            return
        self._committed |= positions
        self._renew_at = time.monotonic() + RENEWED_EVERY
        metadata = "" if ends else mark(datetime.now(UTC))
        offsets = [TopicPartition(self._topic, number, offset, metadata) for number, offset in self._committed.items()]
        try:
            if offsets:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            LOG.info("offsets not committed: %s", error)

    def close(self) -> None:
        """Close the consumer, which waits for the answers to commits: not for long, as a broker may be away."""
        closing = threading.Thread(target=self._consumer.close, name=f"close-{self._topic}", daemon=True)
        closing.start()
        closing.join(_CLOSE_WITHIN)
        if closing.is_alive():
            LOG.info("the reader of %s ends although the broker has not answered its last commit", self._topic)
