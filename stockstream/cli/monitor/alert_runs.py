"""The processes that raise alerts, as the monitor shows them: by their beats in the topic alerts."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

from stockstream.alerts.alerts_topic import AlertsTopic
from stockstream.config import Settings
from stockstream.errors import StockstreamError
from stockstream.kafka.overview import Overview
from stockstream.present.beats import AlertsRun, Beats
from stockstream.records import Alert
from stockstream.topics import ALERTS

_EVERY: Final = 5.0


class AlertRuns:
    """Looks at the beats of processes that raise alerts, where there is a topic of alerts that may be read.

    Parameters
    ----------
    settings
        The settings; the topic is read with the role consumer.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._beats = Beats()
        self._topic: AlertsTopic | None = None
        self._due = 0.0

    def look(self, overview: Overview) -> tuple[AlertsRun, ...]:
        """The processes now. Without a broker, or without the right to read the topic, those that are known."""
        there = not overview.waiting and any(each.name == ALERTS.name for each in overview.topics)
        if there and time.monotonic() >= self._due:
            self._due = time.monotonic() + _EVERY
            try:
                self._opened().look()
            except (StockstreamError, OSError):  # OSError: a secret that may not be read
                self.close()
        return tuple(self._beats.runs(datetime.now(UTC)))

    def _opened(self) -> AlertsTopic:
        if self._topic is None:
            self._topic = AlertsTopic(self._settings.connection("consumer"), self._take, self._beats.clear)
        return self._topic

    def _take(self, record: Alert) -> None:
        self._beats.take(record)

    def close(self) -> None:
        """Let go of the client."""
        if self._topic is not None:
            self._topic.close()
            self._topic = None
