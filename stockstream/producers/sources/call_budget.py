"""Budget of calls a day of a service, kept across restarts and shared by all processes of a user."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from filelock import FileLock

from stockstream.files import private_folder, replacing
from stockstream.producers.clock import Clock


class _Spent(msgspec.Struct):
    day: str
    calls: int


class CallBudget:
    """Counts the calls of a day.

    Parameters
    ----------
    file
        File of the counts.
    calls_a_day
        Number of permitted calls.
    zone
        Time zone of the midnight that begins a day.
    clock
        What time it is.
    """

    def __init__(self, file: Path, calls_a_day: int, zone: ZoneInfo, clock: Clock) -> None:
        self.calls_a_day = calls_a_day
        self._file = file
        self._zone = zone
        self._clock = clock
        private_folder(file.parent)
        self._lock = FileLock(file.with_suffix(".lock"), mode=0o600)

    @property
    def left(self) -> int:
        """Calls that are left today."""
        return max(0, self.calls_a_day - self._spent())

    @property
    def until_tomorrow(self) -> float:
        """Seconds until the next day begins."""
        now = self._clock.now().astimezone(self._zone)
        return (datetime.combine(now.date() + timedelta(days=1), time(), self._zone) - now).total_seconds()

    def spend(self) -> bool:
        """Take a call; False if none is left."""
        with self._lock:
            spent = self._spent()
            if spent >= self.calls_a_day:
                return False
            self._write(spent + 1)
            return True

    def use_up(self) -> None:
        """Take all remaining calls, because the service reports that there are none."""
        with self._lock:
            self._write(self.calls_a_day)

    @property
    def _today(self) -> str:
        return f"{self._clock.now().astimezone(self._zone):%Y-%m-%d}"

    def _spent(self) -> int:
        with suppress(OSError, msgspec.MsgspecError):
            kept = msgspec.json.decode(self._file.read_bytes(), type=_Spent)
            return kept.calls if kept.day == self._today else 0
        return 0

    def _write(self, calls: int) -> None:
        with replacing(self._file) as beside:
            beside.write_bytes(msgspec.json.encode(_Spent(self._today, calls)))
