"""Flights per airline and day with confluent-kafka and json alone, which need no environment of their own."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

from confluent_kafka import Consumer, TopicPartition


def count(servers: str, topic: str, rows: int) -> tuple[float, float, int, int]:
    """Seconds, and seconds of CPU, until so many rows are counted, the rows, and the number of days."""
    started, cpu = time.perf_counter(), time.process_time()
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "plain", "fetch.queue.backoff.ms": 5})
    consumer.assign([TopicPartition(topic, place, 0) for place in consumer.list_topics(topic).topics[topic].partitions])
    days: Counter[tuple[str, int, int, int]] = Counter()
    read = 0
    while read < rows:
        for message in consumer.consume(1000, 1.0):
            value = message.value()
            if value is None or message.error() is not None:
                continue
            flight = json.loads(value)
            days[flight["airline"], flight["year"], flight["month"], flight["day"]] += 1
            read += 1
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    consumer.close()
    return seconds, cpu, days.total(), len(days)


if __name__ == "__main__":
    print(json.dumps(count(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
