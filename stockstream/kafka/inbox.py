"""Inbox: what the reading thread has read and its user has not taken yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

from stockstream.kafka.batch import AnyBatch, Batch

R = TypeVar("R")

_ENOUGH: Final = 100_000
_PATIENCE: Final = 0.1


class Inbox(Generic[R]):
    """A batch that one thread fills and another takes.

    Attributes
    ----------
    on_arrival
        Is called on the filling thread when there are records after a `take`. May not block or raise.
    """

    def __init__(self) -> None:
        self.on_arrival: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._taken = threading.Event()
        self._batch: Batch[R] = Batch()

    def __len__(self) -> int:
        return len(self._batch)

    def take(self) -> Batch[R]:
        """All that came since the last call."""
        with self._lock:
            batch, self._batch = self._batch, Batch()
        self._taken.set()
        return batch

    def release(self) -> None:
        """End a wait for the user, who takes nothing more."""
        self._taken.set()

    # Called by the filling thread.

    @property
    def full(self) -> bool:
        """Whether there are enough records."""
        return len(self._batch) > _ENOUGH

    def wait(self) -> None:
        """Wait a moment for the user to take them."""
        self._taken.clear()
        self._taken.wait(_PATIENCE)

    def add(self, batch: AnyBatch) -> None:
        """Add records, or what was gathered from them."""
        with self._lock:
            held = self._batch
            first = not len(held)
            held.records += batch.records
            held.count += batch.count
            held.messages += batch.messages
            held.positions.update(batch.positions)
            held.sent = batch.sent or held.sent
        if first and len(batch):
            self.on_arrival()

    def move(self, positions: Mapping[int, int]) -> None:
        """Set the positions of some partitions."""
        with self._lock:
            self._batch.positions.update(positions)

    def clear(self) -> None:
        """Forget all that was not taken."""
        with self._lock:
            self._batch = Batch()
