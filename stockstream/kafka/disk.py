"""Disk usage of topics on this machine's brokers, which Kafka's clients cannot query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from stockstream.kafka.meta_properties import formatted_as
from stockstream.kafka.server_properties import TOPICS

_BROKERS = ("*", "*/node-*")
"""Where brokers keep their data, below the folder of all data: one by itself, and the nodes of a cluster."""


def local_topics(data: Path, cluster: str) -> list[Path]:
    """Folders of the topics of this machine's brokers, those under ``data`` that belong to this cluster."""
    brokers = (folder for pattern in _BROKERS for folder in sorted(data.glob(pattern)))
    return [broker / TOPICS for broker in brokers if formatted_as(broker, "cluster.id") == cluster]


def partition_sizes(folders: Iterable[Path], topic: str) -> dict[int, int]:
    """Bytes of a topic's records by partition, all copies, without the space that Kafka reserves for indexes."""
    sizes: Counter[int] = Counter()
    for folder in folders:
        for partition in folder.glob(f"{topic}-*"):
            number = partition.name.removeprefix(f"{topic}-")
            if number.isdigit():
                sizes[int(number)] += sum(map(_size, partition.glob("*.log")))
    return dict(sizes)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # Kafka has just deleted it
        return 0
