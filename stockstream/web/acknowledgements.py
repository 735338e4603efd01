"""Acknowledgements: sent to the topic of alerts, as `stockstream alerts acknowledge` does."""

from __future__ import annotations

from datetime import UTC, datetime

from stockstream.alerts.alert import acknowledged
from stockstream.connection import Connection
from stockstream.kafka.publisher import Publisher
from stockstream.records import Alert
from stockstream.topics import ALERTS


class Acknowledgements:
    """Sends them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def acknowledge(self, alert: Alert) -> None:
        """Note that somebody has seen an alert. Raises `stockstream.errors.BrokerError`."""
        with Publisher(ALERTS, self._connection) as publisher:
            publisher.send(acknowledged(alert, datetime.now(UTC)))
