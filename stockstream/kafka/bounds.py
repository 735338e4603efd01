"""First and end offsets of a topic's partitions."""

from __future__ import annotations

import time
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

UNSETTLED: Final = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
    }
)
"""Temporary errors of a partition that was just created or moved."""

TOPIC_GONE: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_TOPIC_ID,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.INCONSISTENT_TOPIC_ID,
    }
)
"""Errors of a topic or partition that is there no longer, or is another one."""

_LISTED: Final = UNSETTLED | {KafkaError._UNKNOWN_PARTITION}
"""Temporary errors of a partition that the broker has just listed.

librdkafka does not know one without a leader: that of a broker that was held up for longer than its session.
"""

_AGAIN: Final = 0.1


def bounds(consumer: Consumer, topic: str, timeout: float) -> dict[int, tuple[int, int]]:
    """First offset of each partition, and the offset of its next message.

    Raises KafkaException if the broker does not answer within ``timeout`` seconds.
    """
    ends = time.monotonic() + timeout
    while True:
        try:
            return {
                number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=timeout)
                for number in consumer.list_topics(topic, timeout=timeout).topics[topic].partitions
            }
        except KafkaException as error:
            if error.args[0].code() not in _LISTED or time.monotonic() >= ends:
                raise
            time.sleep(_AGAIN)
