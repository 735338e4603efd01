"""Values of topics that rules can compare: lag, dead letters, age."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from stockstream.alerts.evaluation.topic_rules import Values
from stockstream.connection import Connection
from stockstream.kafka.monitor import Monitor
from stockstream.kafka.overview import Overview


class TopicLook:
    """Looks at the topics of a broker.

    Parameters
    ----------
    connection
        librdkafka's properties, of the role monitor.
    data
        Folder of the data of this machine's broker.
    """

    def __init__(self, connection: Connection, data: Path) -> None:
        self._monitor = Monitor(connection, data)

    def __call__(self, wanted: Collection[tuple[str, str]], now: datetime) -> Values:
        """The present values of some fields; None for what is not known. Raises AuthError."""
        overview = self._monitor.overview()
        return {(topic, field): value_of(overview, topic, field, now) for topic, field in wanted}

    def close(self) -> None:
        """Close the connections."""
        self._monitor.close()


def value_of(overview: Overview, topic: str, field: str, now: datetime) -> float | None:
    """A field of a topic: ``lag`` of the group that is most behind, ``dead_letters``, ``age`` of the newest record."""
    found = next((each for each in overview.topics if each.name == topic), None)
    if found is None:
        return None
    if field == "age":
        return None if found.newest is None else max(0.0, (now - found.newest).total_seconds())
    if field == "dead_letters":
        letters = [each.records for each in overview.dead_letters if each.topic == f"{topic}.dlq"]
        return float(letters[0]) if letters and letters[0] is not None else 0.0
    lags = [
        sum(each.lag or 0 for each in group.partitions if each.topic == topic)
        for group in overview.groups
        if any(each.topic == topic for each in group.partitions)
    ]
    return float(max(lags)) if lags else None
