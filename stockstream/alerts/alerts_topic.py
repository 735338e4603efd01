"""Reading of the topic alerts: each look goes on from where the last one ended, with the same clients."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Final

from stockstream.codec import Unreadable
from stockstream.connection import Connection
from stockstream.kafka.admin import Admin
from stockstream.kafka.to_end import ToEnd
from stockstream.records import Alert
from stockstream.topics import ALERTS

LOG: Final = logging.getLogger(__name__)

_PATIENCE: Final = 3.0
"""Seconds that a look waits for a broker: what is to be sent waits anyway."""


class AlertsTopic:
    """Hands on the records of the topic alerts, in order.

    Parameters
    ----------
    connection
        librdkafka's properties.
    take
        Takes each record.
    forget
        Called before the records of a topic that was made anew, or is gone: those of the former one count no more.
    """

    def __init__(self, connection: Connection, take: Callable[[Alert], None], forget: Callable[[], None]) -> None:
        self._connection = connection
        self._take = take
        self._forget = forget
        self._admin = Admin(connection, timeout=_PATIENCE)
        self._decode = ALERTS.decoder()
        self._positions: dict[int, int] = {}
        self._identity: str | None = None
        self._reading: ToEnd | None = None

    def look(self) -> None:
        """Hand on what came since the last look; nothing where there is no topic. Raises BrokerError."""
        identity = self._admin.topic_id(ALERTS.name)
        if identity != self._identity:
            self.close()
            self._identity, self._positions = identity, {}
            self._forget()
        if identity is None:
            return
        reading, self._reading = self._reading or ToEnd(self._connection, ALERTS.name), None
        with ExitStack() as stack:
            stack.push(reading)  # only an error ends it, and is translated so
            for message in reading.since(self._positions):
                self._positions[message.partition() or 0] = (message.offset() or 0) + 1
                self._hand_on(message.value(), message.offset())
            stack.pop_all()
        self._reading = reading

    def _hand_on(self, value: bytes | None, offset: int | None) -> None:
        try:
            alert = self._decode(value)
        except Unreadable as error:
            LOG.info("a message of %s at offset %s is no alert: %s", ALERTS.name, offset, error)
        else:
            self._take(alert)

    def close(self) -> None:
        """Let go of the client."""
        if self._reading is not None:
            self._reading.__exit__(None, None, None)
            self._reading = None


class AlertsRead:
    """The records of the topic alerts, each id in its last state.

    Parameters
    ----------
    connection
        librdkafka's properties.
    """

    def __init__(self, connection: Connection) -> None:
        self.records: dict[str, Alert] = {}
        self._topic = AlertsTopic(connection, self._take, self.records.clear)

    def _take(self, alert: Alert) -> None:
        self.records[alert.id] = alert

    def look(self) -> Mapping[str, Alert]:
        """The records now; none where there is no topic. Raises BrokerError."""
        self._topic.look()
        return self.records

    def close(self) -> None:
        """Let go of the client."""
        self._topic.close()


def chosen_alerts(connection: Connection, wanted: Callable[[Alert], bool]) -> list[Alert]:
    """The records whose last state is wanted; the others are not held in memory. Raises BrokerError."""
    found: dict[str, Alert] = {}

    def take(alert: Alert) -> None:
        if wanted(alert):
            found[alert.id] = alert
        else:
            found.pop(alert.id, None)

    topic = AlertsTopic(connection, take, found.clear)
    topic.look()
    topic.close()
    return list(found.values())
