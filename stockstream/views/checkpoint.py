"""Checkpoints: the state of a view and its offsets, saved together."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from filelock import FileLock, Timeout

from stockstream.errors import StateError

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS checkpoint (topic_id TEXT PRIMARY KEY, positions BLOB, received REAL, state BLOB)"
)
_SAVE: Final = "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?)"
_LOAD: Final = "SELECT positions, received, state FROM checkpoint WHERE topic_id = ?"


class Saved(NamedTuple):
    """A state, the offset in each partition that follows what went into it, and when its last record was sent."""

    positions: Mapping[int, int]
    received: datetime | None
    state: bytes


class Checkpoint:
    """State and offsets of one view in one SQLite transaction: never one without the other.

    One process writes a view's checkpoint. A second one of the same view reads it, goes on from there by itself and
    saves nothing (``writes`` is False). An entry belongs to a topic id: a topic that was made anew starts anew.
    Whatever cannot be used raises `StateError`.

    Parameters
    ----------
    folder
        Where to keep it; made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "checkpoint.sqlite"
        self.writes = True
        self._lock = FileLock(folder / "lock", blocking=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            self.writes = False
        except OSError as error:
            raise StateError(f"no state can be kept in {folder}: {error.strerror}") from error
        try:
            self._database = sqlite3.connect(self.path)
            if self.writes:
                self._database.execute("PRAGMA journal_mode=WAL")
                self._database.execute(_TABLE)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def load(self, topic_id: str) -> Saved | None:
        """What was saved last; None where there is nothing of that topic."""
        try:
            row = self._database.execute(_LOAD, (topic_id,)).fetchone()
            if row is None:
                return None
            received = None if row[1] is None else datetime.fromtimestamp(row[1], UTC)
            return Saved(msgspec.msgpack.decode(row[0], type=dict[int, int]), received, row[2])
        except sqlite3.OperationalError as error:
            if not self.writes and "no such table" in str(error):
                return None
            raise self._unusable(error) from error
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise self._unusable(error) from error

    def save(self, topic_id: str, saved: Saved) -> None:
        """Put a state and its offsets in the place of the former ones, both or none."""
        received = saved.received.timestamp() if saved.received else None
        try:
            with self._database:
                self._database.execute("DELETE FROM checkpoint WHERE topic_id != ?", (topic_id,))
                positions = msgspec.msgpack.encode(saved.positions)
                self._database.execute(_SAVE, (topic_id, positions, received, saved.state))
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Let go of the file and of its lock."""
        self._database.close()
        self._lock.release()

    def _unusable(self, error: Exception) -> StateError:
        return StateError(
            f"the saved state {self.path} cannot be used: {error}",
            hint=f"delete the folder {self.path.parent}: the view is read anew from the topic",
        )
