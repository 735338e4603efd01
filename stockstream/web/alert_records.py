"""Alert records: acknowledgements and watched levels of people on the page, sent to the topic of alerts."""

from __future__ import annotations

from stockstream.connection import Connection
from stockstream.kafka.publisher import Publisher
from stockstream.records import Alert
from stockstream.topics import ALERTS


class AlertRecords:
    """Sends them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, record: Alert) -> None:
        """Send a record, and wait until the broker has it. Raises `stockstream.errors.BrokerError`."""
        with Publisher(ALERTS, self._connection) as publisher:
            publisher.send(record)
