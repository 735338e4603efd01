"""Heartbeat: a record in the topic alerts by which everybody sees that alerts are raised, and when that ends."""

from __future__ import annotations

import logging
import os
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.present.beats import BEGINNING, LEVELS, MISSED, RULES, SINCE
from stockstream.records import Alert, AlertState
from stockstream.topics import ALERTS

LOG: Final = logging.getLogger(__name__)

EVERY: Final = 30.0
"""Seconds between two beats."""

_PATIENCE: Final = 1.0
"""Seconds that a beat waits for a broker that is away."""

_LAST: Final = 2.0
"""Seconds in which the broker has to take the last beat."""


def beat_id(name: str) -> str:
    """The id of the beats of a process that has this name."""
    return f"heartbeat/{name}"


def beat(
    name: str, state: AlertState, now: datetime, every: float, *, levels: bool = False, rules: int = 0,
    since: datetime | None = None,
) -> Alert:  # fmt: skip
    """The record of a process that is ``running``, or of one that was ``stopped``.

    Its id, and so its key, is made from the ``name``: of the beats of one name Kafka keeps the last.
    """
    process = f"{socket.gethostname()}, process {os.getpid()}"
    values: dict[str, float | None] = {LEVELS: float(levels), RULES: float(rules)}
    if since is not None:
        values[SINCE] = since.timestamp()
    return Alert(
        id=beat_id(name), rule="", when="", symbol="", time=now, state=state, at=now,
        values=values,
        until=now + timedelta(seconds=MISSED * every) if state == "running" else None,
        text=f"{BEGINNING}{process}) is {state}",
    )  # fmt: skip


class Heartbeat:
    """Sends beats while the loop that calls `tick` goes on.

    Parameters
    ----------
    connection
        librdkafka's properties.
    name
        What the process does, the same when it is started again: the name of its state.
    every
        Seconds between two beats; 0 for none.
    levels
        Whether the process watches the price levels of the settings.
    rules
        Number of its rules.

    Attributes
    ----------
    levels
        As above; it may change while the process runs.
    """

    def __init__(
        self, connection: Connection, name: str, every: float = EVERY, *, levels: bool = False, rules: int = 0
    ) -> None:
        self._connection = connection
        self._name = name
        self._every = every
        self.levels = levels
        self._rules = rules
        self._since = datetime.now(UTC)
        self._due = time.monotonic()
        self._has_begun = False
        self._publisher: Publisher[Alert] | None = None

    def tick(self) -> None:
        """Send a beat if it is due. It hardly waits, and what fails is only logged: the runner says it, too."""
        now = time.monotonic()
        if not self._every or now < self._due:
            return
        self._due = now + self._every
        self._has_begun = True
        try:
            self._send("running").poll()
        except BrokerError as error:
            self._give_up(error)

    def stop(self) -> None:
        """Send that the process was ended on purpose; a broker that is away is not waited for."""
        if not self._has_begun:
            return
        try:
            self._send("stopped").flush(_LAST)
        except BrokerError as error:
            self._give_up(error)
        self._publisher = None

    def _send(self, state: AlertState) -> Publisher[Alert]:
        publisher = self._working()
        now = datetime.now(UTC)
        publisher.send(
            beat(self._name, state, now, self._every, levels=self.levels, rules=self._rules, since=self._since)
        )
        return publisher

    def _working(self) -> Publisher[Alert]:
        """The publisher, made anew after a record that failed: that one sends no more."""
        if self._publisher is not None:
            try:
                self._publisher.poll()
            except BrokerError as error:
                self._give_up(error)
        if self._publisher is None:
            Admin(self._connection, timeout=_PATIENCE).names()  # raises sooner than the publisher
            self._publisher = Publisher(ALERTS, self._connection).__enter__()
        return self._publisher

    def _give_up(self, error: BrokerError) -> None:
        LOG.info("no heartbeat: %s", error)
        self._publisher = None
