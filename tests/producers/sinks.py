"""Sinks of records, for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Kept:
    """A sink that keeps everything and acknowledges it at the next poll, as long as ``answering`` says so."""

    def __init__(self, answering: Callable[[], bool] = lambda: True) -> None:
        self.records: list[Any] = []
        self.refused: list[tuple[str, bytes, str]] = []
        self.delivered = 0
        self.polls = 0
        self.most_pending = 0
        self.flushed = False
        self._answering = answering

    @property
    def pending(self) -> int:
        return len(self.records) + len(self.refused) - self.delivered

    def send(self, record: Any) -> None:
        self.records.append(record)
        self.most_pending = max(self.most_pending, self.pending)

    def refuse(self, key: str, raw: bytes, reason: str) -> None:
        self.refused.append((key, raw, reason))

    def poll(self, timeout: float = 0.0) -> None:
        self.polls += 1
        if self._answering():
            self.delivered += self.pending

    def flush(self) -> None:
        assert not self.pending
        self.flushed = True
