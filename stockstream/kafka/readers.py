"""Readers of a consumer group: host and process, committed together with the positions.

Windows assign their partitions themselves, so that Kafka knows of no members.
"""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

RENEWED_EVERY: Final = 5.0
"""Seconds after which a reader commits again, though its positions are the same."""

SILENT_AFTER: Final = timedelta(seconds=20)
"""Seconds for which a reader counts as running after its last commit; one that is closed commits that."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """A process that reads: its host, process id, and the time of its last commit."""

    host: str
    pid: int
    time: datetime


def mark(now: datetime) -> str:
    """Metadata that this process commits with its positions.

    >>> found = reader(mark(datetime(2026, 3, 2, tzinfo=UTC)))
    >>> found.pid == os.getpid(), str(found.time)
    (True, '2026-03-02 00:00:00+00:00')
    """
    return msgspec.json.encode(Reader(host=socket.gethostname(), pid=os.getpid(), time=now)).decode()


def reader(metadata: str | None) -> Reader | None:
    """The reader that committed this metadata; None for other programs."""
    try:
        found = msgspec.json.decode(metadata or "", type=Reader)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    return found if found.time.tzinfo is not None else None


def runs(one: Reader, now: datetime) -> bool:
    """Whether its last commit is recent, by the clocks of both machines."""
    return abs(now.astimezone(UTC) - one.time.astimezone(UTC)) <= SILENT_AFTER
