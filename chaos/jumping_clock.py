"""A clock with an offset from a file, which jumps when the file changes: the project's `Clock`, and Kafka's times.

Linux cannot give a process another time of day, and libfaketime hangs librdkafka. The offset is therefore applied where
a producer reads the time: in `Invocation.clock`, and in each record's Kafka timestamp.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from confluent_kafka import Producer

from stockstream.cli import main as command_line
from stockstream.cli.context import Invocation
from stockstream.kafka import publisher
from stockstream.producers.clock import Clock

FILE: Final = "CHAOS_CLOCK"
"""The environment variable that names the file: seconds that the wall clock is off, and seconds spent asleep."""


def _jumps() -> tuple[float, float]:
    """Offsets of the wall clock and of the monotonic clock."""
    try:
        off, asleep = Path(os.environ[FILE]).read_text("ascii").split()
    except (OSError, ValueError):  # it is just being written
        return 0.0, 0.0
    return float(off), float(asleep)


def _now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=_jumps()[0])


class _Stopwatch:
    """It never goes back, as the system's does not."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self) -> float:
        self._last = max(self._last, time.monotonic() + _jumps()[1])
        return self._last


@dataclass
class _Jumping(Invocation):
    clock: Clock = Clock(now=_now, monotonic=_Stopwatch())  # noqa: RUF009 - frozen


class _Stamping(Producer):
    """Sends every record at the time that the clock shows."""

    def produce(self, *arguments: Any, **named: Any) -> None:
        """As librdkafka's."""
        named["timestamp"] = int(_now().timestamp() * 1000)
        super().produce(*arguments, **named)


def use() -> None:
    """Give a producer this clock."""
    patch.object(command_line, "Invocation", _Jumping).start()
    patch.object(publisher, "Producer", _Stamping).start()
