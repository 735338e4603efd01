"""Outbox of the topic alerts: each state of an id is sent until the broker has it, then never again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Final

from stockstream.alerts.alerts_topic import AlertsTopic
from stockstream.alerts.held import Held, HeldAlert, text_sum
from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.kafka.publisher import Publisher
from stockstream.records import Alert, AlertState
from stockstream.topics import ALERTS

LOG: Final = logging.getLogger(__name__)

_HELD: Final[Mapping[AlertState, frozenset[AlertState]]] = {
    "raised": frozenset({"raised", "acknowledged"}),
    "withdrawn": frozenset({"withdrawn"}),
}
"""States of an alert in the topic with which nothing is to be sent."""


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
        self._held = Held()
        self._topic = AlertsTopic(connection, self._held.take, self._held.clear)
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
            self._topic.look()
            news = [alert for alert in self._waiting.values() if self._is_news(alert)]
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
        told = [alert for alert in self._waiting.values() if alert.id in is_sent or self._is_untold(alert)]
        self._tell(self._heard(told))
        self._waiting.clear()
        self._hushed.clear()
        self._untold.clear()
        sent, self._sent = self._sent, []
        return sent

    def _is_news(self, alert: Alert) -> bool:
        if alert.state == "watched":
            return not self._held.has_level(alert)
        return _is_news(alert, self._held.get(alert.id))

    def _is_untold(self, alert: Alert) -> bool:
        """Whether the topic has this state of an alert, but nobody may have been told of it."""
        there = self._held.get(alert.id)
        return alert.id in self._untold and there is not None and there.state == alert.state

    def _heard(self, news: Iterable[Alert]) -> list[Alert]:
        muted = self._held.muted(datetime.now(UTC))
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
        self._topic.close()


class _Quiet(Publisher[Alert]):
    """A publisher whose end raises nothing: what it did not deliver waits in the outbox."""

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            super().__exit__(kind, *rest)
        except BrokerError as error:
            LOG.info("alerts wait: %s", error)


def _is_news(alert: Alert, held: HeldAlert | None) -> bool:
    if held is None:
        return alert.state != "withdrawn"
    if alert.state == held.state == "raised" and held.when != text_sum(alert.when):
        return True  # it comes by the changed text of its rule, too
    return held.state not in _HELD.get(alert.state, frozenset())
