"""Heartbeat: a record in the topic alerts by which everybody sees that alerts are raised, and when that ends."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Final

from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.kafka.publisher import Publisher
from stockstream.records import Alert, AlertState
from stockstream.topics import ALERTS

LOG: Final = logging.getLogger(__name__)

ID: Final = "heartbeat"
"""The id of the record, and so its key: of the beats Kafka keeps the last."""

EVERY: Final = 30.0
"""Seconds between two beats."""

_MISSED: Final = 3
"""Number of beats that may be missed before the process counts as silent."""

LEVELS: Final = "levels"
"""A value of the record: 1 where the process also watches the price levels of the settings."""


def beat(state: AlertState, now: datetime, every: float, *, levels: bool = False) -> Alert:
    """The record of a process that is ``running``, or of one that was ``stopped``."""
    process = f"{socket.gethostname()}, process {os.getpid()}"
    return Alert(
        id=ID, rule="", when="", symbol="", time=now, state=state, at=now, values={LEVELS: float(levels)},
        until=now + timedelta(seconds=_MISSED * every) if state == "running" else None,
        text=f"the alerts process ({process}) is {state}",
    )  # fmt: skip


def silent(records: Iterable[Alert], now: datetime) -> Alert | None:
    """The last beat of a process that should have sent another one by now; None if all is well, or none was started."""
    for record in records:
        if record.id == ID and record.state == "running" and record.until is not None and record.until < now:
            return record
    return None


class Heartbeat:
    """Sends beats while the loop that calls `tick` goes on.

    Parameters
    ----------
    connection
        librdkafka's properties.
    every
        Seconds between two beats; 0 for none.
    levels
        Whether the process watches the price levels of the settings.
    """

    def __init__(self, connection: Connection, every: float = EVERY, *, levels: bool = False) -> None:
        self._connection = connection
        self._every = every
        self._levels = levels
        self._due = time.monotonic()
        self._stack = ExitStack()
        self._publisher: Publisher[Alert] | None = None

    def tick(self) -> None:
        """Send a beat if it is due. It never waits, and what fails is only logged: the runner says it, too."""
        now = time.monotonic()
        if not self._every or now < self._due:
            return
        self._due = now + self._every
        try:
            if self._publisher is None:
                self._publisher = self._stack.enter_context(Publisher(ALERTS, self._connection))
            self._publisher.send(beat("running", datetime.now(UTC), self._every, levels=self._levels))
            self._publisher.poll()
        except BrokerError as error:
            LOG.info("no heartbeat: %s", error)

    def stop(self) -> None:
        """Send that the process was ended on purpose."""
        publisher, self._publisher = self._publisher, None
        try:
            if publisher is not None:
                publisher.send(beat("stopped", datetime.now(UTC), self._every))
            self._stack.close()
        except BrokerError as error:
            LOG.info("no last heartbeat: %s", error)
