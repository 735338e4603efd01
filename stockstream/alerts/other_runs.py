"""Other runs: a process that raises alerts tells of the others that fall silent, as none can tell it of itself."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Final

from stockstream.alerts.alerts_topic import AlertsTopic
from stockstream.alerts.heartbeat import beat_id
from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.present.beats import Beats, process_of
from stockstream.records import Alert
from stockstream.topics import ALERTS

LOG: Final = logging.getLogger(__name__)

SILENCE: Final = "alerts process"
"""In place of a rule's name, by which such alerts are muted."""

_EVERY: Final = 15.0


class OtherRuns:
    """Looks at the beats of other processes.

    Parameters
    ----------
    connection
        librdkafka's properties.
    name
        Name of the own beats, which are not looked at.
    every
        Seconds between two looks.
    """

    def __init__(self, connection: Connection, name: str, every: float = _EVERY) -> None:
        self._own = beat_id(name)
        self._every = every
        self._due = 0.0
        self._beats = Beats()
        self._told: set[str] = set()
        self._topic = AlertsTopic(connection, self._take, self._beats.clear)

    def look(self) -> list[Alert]:
        """The silences that were not told of yet, if it is time to look. The same one has the same id everywhere."""
        if time.monotonic() < self._due:
            return []
        self._due = time.monotonic() + self._every
        try:
            self._topic.look()
        except BrokerError as error:
            LOG.info("other processes are not looked at: %s", error)
            return []
        now = datetime.now(UTC)
        found = [_silence(each, now) for each in self._beats.silent(now)]
        new = [each for each in found if each.id not in self._told]
        self._told = {each.id for each in found}
        return new

    def close(self) -> None:
        """Let go of the client."""
        self._topic.close()

    def _take(self, record: Alert) -> None:
        if record.id != self._own:
            self._beats.take(record)


def _silence(beat: Alert, now: datetime) -> Alert:
    at = beat.at.astimezone(UTC)
    text = f"the alerts process ({process_of(beat)}) is silent since {at:%Y-%m-%d %H:%M:%S} UTC"
    return Alert(
        id=f"silence/{beat.id}/{at:%Y%m%dT%H%M%S}", rule=SILENCE, when="", symbol=ALERTS.name, time=beat.at,
        way="silent", at=now, text=text,
    )  # fmt: skip
