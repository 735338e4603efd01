"""Disk usage of topics on this machine's broker, which Kafka's clients cannot query."""

from __future__ import annotations

from pathlib import Path


def local_topics(data: Path, cluster: str) -> Path | None:
    """Folder of the topics of this machine's broker, if a broker under ``data`` belongs to this cluster."""
    for properties in data.glob("*/topics/meta.properties"):
        if f"cluster.id={cluster}" in properties.read_text(encoding="utf-8").splitlines():
            return properties.parent
    return None


def partition_sizes(topics: Path, topic: str) -> dict[int, int]:
    """Bytes of a topic's records by partition, without the space that Kafka reserves for indexes."""
    sizes: dict[int, int] = {}
    for folder in topics.glob(f"{topic}-*"):
        number = folder.name.removeprefix(f"{topic}-")
        if number.isdigit():
            sizes[int(number)] = sum(map(_size, folder.glob("*.log")))
    return sizes


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # Kafka has just deleted it
        return 0
