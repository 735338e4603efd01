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
"""Seconds after which a reader says again that it runs, though its positions are the same."""

SILENT_AFTER: Final = timedelta(seconds=20)
"""For how long it counts as running after it last said so; one that is closed says so itself."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """A process that reads: on which host, its number there, and when it last said so."""

    host: str
    pid: int
    time: datetime


def mark(now: datetime) -> str:
    """What this process commits beside its positions.

    >>> found = reader(mark(datetime(2026, 3, 2, tzinfo=UTC)))
    >>> found.pid == os.getpid(), str(found.time)
    (True, '2026-03-02 00:00:00+00:00')
    """
    return msgspec.json.encode(Reader(host=socket.gethostname(), pid=os.getpid(), time=now)).decode()


def reader(metadata: str | None) -> Reader | None:
    """Who committed this; None where it does not say, as other programs do not."""
    try:
        found = msgspec.json.decode(metadata or "", type=Reader)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    return found if found.time.tzinfo is not None else None


def runs(one: Reader, now: datetime) -> bool:
    """Whether it said so lately, by the clocks of both."""
    return abs(now.astimezone(UTC) - one.time.astimezone(UTC)) <= SILENT_AFTER
