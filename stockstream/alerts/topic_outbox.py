"""Outbox of the topic alerts: each state of an id is sent until the broker has it, then never again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Final

from stockstream.codec import Unreadable
from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.to_end import scan
from stockstream.records import Alert, AlertState
from stockstream.topics import ALERTS

LOG: Final = logging.getLogger(__name__)

_PATIENCE: Final = 3.0
"""Seconds that a look waits for a broker: what is to be sent waits anyway."""

_HELD: Final[Mapping[AlertState, frozenset[AlertState]]] = {
    "raised": frozenset({"raised", "acknowledged"}),
    "withdrawn": frozenset({"withdrawn"}),
}
"""States of an alert in the topic with which nothing is to be sent."""


class AlertsRead:
    """The records of the topic alerts, each id in its last state; read on from where the last look ended.

    Parameters
    ----------
    connection
        librdkafka's properties.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._decode = ALERTS.decoder()
        self._positions: dict[int, int] = {}
        self._identity: str | None = None
        self.records: dict[str, Alert] = {}

    def look(self) -> Mapping[str, Alert]:
        """The records now; none where there is no topic. Raises BrokerError."""
        identity = Admin(self._connection, timeout=_PATIENCE).topic_id(ALERTS.name)
        if identity != self._identity:
            self._identity, self._positions, self.records = identity, {}, {}
        if identity is None:
            return self.records
        for message in scan(ALERTS.name, self._connection, self._positions):
            self._positions[message.partition() or 0] = (message.offset() or 0) + 1
            value = message.value()
            try:
                alert = self._decode(value)
            except Unreadable as error:
                LOG.info("a message of %s at offset %s is no alert: %s", ALERTS.name, message.offset(), error)
            else:
                self.records[alert.id] = alert
        return self.records


def mutes(records: Mapping[str, Alert], now: datetime) -> list[Alert]:
    """The records by which rules are muted now."""
    return [each for each in records.values() if each.state == "muted" and each.until is not None and each.until > now]


class TopicOutbox:
    """Alerts that are not in the topic yet, the last state of each id.

    What the topic holds already is not sent again: after a kill, or where all bars are read once more. Nor is an alert
    that was raised and withdrawn before anybody could see it. Only what the topic holds is told: a kill between the two
    leaves what was restored to be told, as it may not have been.

    Parameters
    ----------
    connection
        librdkafka's properties.
    tell
        Takes what is news as soon as the broker has it: after a kill it may get the same again. What is muted, and what
        was put as hushed, is left out.
    """

    def __init__(self, connection: Connection, tell: Callable[[Sequence[Alert]], None] = lambda _: None) -> None:
        self._connection = connection
        self._tell = tell
        self._waiting: dict[str, Alert] = {}
        self._hushed: set[str] = set()
        self._untold: set[str] = set()
        """Ids that the topic may hold already though nobody was told."""
        self._sent: list[Alert] = []
        """What the topic holds, but `send` did not return yet."""
        self._read = AlertsRead(connection)
        self._stack = ExitStack()
        self._publisher: Publisher[Alert] | None = None

    @property
    def waiting(self) -> list[Alert]:
        """What is to be sent."""
        return list(self._waiting.values())

    @property
    def hushed(self) -> list[str]:
        """The ids of those among them that nobody is told of."""
        return sorted(self._hushed)

    def put(self, alerts: Iterable[Alert], *, hushed: bool = False) -> None:
        """Add alerts to what is to be sent, each in place of a former state of it.

        One that waits and is to be told of stays so: all bars may be evaluated again meanwhile, as history.
        """
        for alert in alerts:
            if hushed and alert.id not in self._waiting:
                self._hushed.add(alert.id)
            self._waiting.pop(alert.id, None)
            self._waiting[alert.id] = alert

    def restore(self, waiting: Iterable[Alert], hushed: Iterable[str]) -> None:
        """Go on with what waited before."""
        before = list(waiting)
        self.put(before)
        self._untold |= {alert.id for alert in before}
        self._hushed |= set(hushed)

    def send(self) -> list[Alert]:
        """Send what waits, and tell of it; returns what was sent. Raises BrokerError, and what telling raises.

        What waits stays so after an error, and is sent or told when this is called again.
        """
        if not self._waiting:
            return []
        try:
            held = self._read.look()
            news = [alert for alert in self._waiting.values() if _is_news(alert, held.get(alert.id))]
            self._untold |= {alert.id for alert in news}
            if news:
                publisher = self._opened()
                for alert in news:
                    publisher.send(alert)
                publisher.flush()
                self._sent += news
        except BrokerError:
            self.close()
            raise
        is_sent = {alert.id for alert in news}
        told = [alert for alert in self._waiting.values() if alert.id in is_sent or self._is_untold(alert, held)]
        self._tell(self._heard(told, held))
        self._waiting.clear()
        self._hushed.clear()
        self._untold.clear()
        sent, self._sent = self._sent, []
        return sent

    def _is_untold(self, alert: Alert, held: Mapping[str, Alert]) -> bool:
        """Whether the topic has this state of an alert, but nobody may have been told of it."""
        there = held.get(alert.id)
        return alert.id in self._untold and there is not None and there.state == alert.state

    def _heard(self, news: Iterable[Alert], held: Mapping[str, Alert]) -> list[Alert]:
        muted = {(each.rule, each.symbol) for each in mutes(held, datetime.now(UTC))}
        return [
            alert
            for alert in news
            if alert.id not in self._hushed
            and alert.state != "watched"
            and not muted & {(alert.rule, ""), (alert.rule, alert.symbol)}
        ]

    def _opened(self) -> Publisher[Alert]:
        if self._publisher is None:
            self._publisher = self._stack.enter_context(_Quiet(ALERTS, self._connection))
        return self._publisher

    def close(self) -> None:
        """Let go of the connection."""
        self._publisher = None
        self._stack.close()


class _Quiet(Publisher[Alert]):
    """A publisher whose end raises nothing: what it did not deliver waits in the outbox."""

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            super().__exit__(kind, *rest)
        except BrokerError as error:
            LOG.info("alerts wait: %s", error)


def _is_news(alert: Alert, held: Alert | None) -> bool:
    if held is None:
        return alert.state != "withdrawn"
    return held.state not in _HELD.get(alert.state, frozenset())
