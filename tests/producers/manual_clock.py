"""A clock for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stockstream.producers.clock import Clock

NOW = datetime(2026, 3, 19, 14, 12, 34, tzinfo=UTC)


class ManualClock:
    """A clock that only moves when a caller sleeps."""

    def __init__(self, now: datetime = NOW) -> None:
        self.slept = 0.0
        self.clock = Clock(lambda: now + timedelta(seconds=self.slept), lambda: self.slept, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
