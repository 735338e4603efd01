"""Other runs: a process that raises alerts tells of the others that fell silent, and of its own former run."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Final

from stockstream.alerts.alerts_topic import AlertsTopic
from stockstream.alerts.heartbeat import beat_id
from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.present.beats import Beats, interval_of, process_of
from stockstream.records import Alert
from stockstream.topics import ALERTS

LOG: Final = logging.getLogger(__name__)

SILENCE: Final = "alerts process"
"""In place of a rule's name, by which such alerts are muted."""

_EVERY: Final = 15.0


_PATIENCE: Final = 1.5
"""A silence is told when looks have seen it for the time of so many beats."""


class OtherRuns:
    """Looks at the beats of other processes.

    When a machine has slept, or a broker was away, the others are late, and send their next beat within one interval:
    so a silence is told when looks have seen it for longer than that.

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
        self._began = datetime.now(UTC)
        self._former: Alert | None = None
        """The last beat of the own former run, of which nobody was told yet."""
        self._told: set[str] = set()
        self._seen: dict[str, float] = {}
        """Since when silences are seen, by their ids."""
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
            self._seen.clear()
            return []
        now = datetime.now(UTC)
        return [*self._before(now), *self._new(now, time.monotonic())]

    def _before(self, now: datetime) -> list[Alert]:
        """That the own former run fell silent, if it did: it was killed, or hung, and maybe nobody else told."""
        former, self._former = self._former, None
        if former is None or not Beats([former]).silent(self._began):
            return []
        return [_silence(former, now, began=self._began)]

    def _new(self, now: datetime, moment: float) -> list[Alert]:
        """The silences that were seen for long enough and not told of; ``moment`` is a clock that stops in a sleep."""
        silent = {_silence_id(beat): beat for beat in self._beats.silent(now)}
        self._told &= silent.keys()
        self._seen = {name: self._seen.get(name, moment) for name in silent}
        left = {
            name: self._seen[name] + _PATIENCE * interval_of(beat) - moment
            for name, beat in silent.items()
            if name not in self._told
        }
        due = [name for name, seconds in left.items() if seconds <= 0]
        self._told.update(due)
        self._due = moment + min([self._every, *(seconds for seconds in left.values() if seconds > 0)])
        return [_silence(silent[name], now) for name in due]

    def close(self) -> None:
        """Let go of the client."""
        self._topic.close()

    def _take(self, record: Alert) -> None:
        if record.id != self._own:
            self._beats.take(record)
        elif record.at < self._began:
            self._former = record


def _silence_id(beat: Alert) -> str:
    return f"silence/{beat.id}/{beat.at.astimezone(UTC):%Y%m%dT%H%M%S}"


def _silence(beat: Alert, now: datetime, began: datetime | None = None) -> Alert:
    """The alert of a silence; ``began`` is when the process was started again."""
    since = f"{beat.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    how = f"is silent since {since}" if began is None else f"was silent from {since} to {began:%Y-%m-%d %H:%M:%S}"
    text = f"the alerts process ({process_of(beat)}) {how} UTC"
    return Alert(
        id=_silence_id(beat), rule=SILENCE, when="", symbol=ALERTS.name, time=beat.at,
        way="silent", at=now, text=text,
    )  # fmt: skip
