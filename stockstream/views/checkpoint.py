"""Checkpoints: the state of a view and its offsets, saved together."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from filelock import FileLock, Timeout

from stockstream.errors import StateError
from stockstream.files import private_file, private_folder

LOG: Final = logging.getLogger(__name__)

_LAYOUT: Final = 3
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS checkpoint"
    " (topic_id TEXT PRIMARY KEY, positions BLOB, received REAL, state BLOB, reading BLOB, checksum BLOB)"
)
_SAVE: Final = "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?, ?)"
_LOAD: Final = "SELECT positions, received, state, reading, checksum FROM checkpoint WHERE topic_id = ?"


class Saved(NamedTuple):
    """A state, the offset in each partition that follows what went into it, and when its last record was sent.

    ``reading`` is what the subscriber has to know of what went into it.
    """

    positions: Mapping[int, int]
    received: datetime | None
    state: bytes
    reading: bytes = b""


class Checkpoint:
    """State and offsets of one view in one SQLite transaction: never one without the other.

    One process writes a view's checkpoint. A second one of the same view reads it, goes on from there by itself and
    saves nothing (``writes`` is False) until it can `take_over`. An entry belongs to a topic id: a topic that was
    recreated starts over. A checksum covers all of an entry. A damaged file is set aside, and the view is read again
    from the topic.

    Parameters
    ----------
    folder
        Where to keep it; made where it is missing.

    Raises
    ------
    StateError
        Nothing can be kept in the folder.

    Attributes
    ----------
    writes
        Whether this process saves.
    note
        What became of a saved state that could not be used; empty where all is well.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "checkpoint.sqlite"
        self.writes = True
        self.note = ""
        self._lock = FileLock(folder / "lock", blocking=False, mode=0o600)
        try:
            private_folder(folder)
            self._lock.acquire()
        except Timeout:
            self.writes = False
        except OSError as error:
            raise StateError(f"no state can be kept in {folder}: {error.strerror}") from error
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._set_aside(str(error))

    def _open(self) -> None:
        if self.writes:
            with suppress(OSError):  # what is wrong SQLite says, too
                private_file(self.path)
        # The thread that saves is another one than that which loads; they never do so at once.
        self._database = sqlite3.connect(self.path, check_same_thread=False)
        if self.writes:
            self._prepare()

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode=WAL")
        (layout,) = self._database.execute("PRAGMA user_version").fetchone()
        if layout != _LAYOUT:
            self._database.execute("DROP TABLE IF EXISTS checkpoint")
            self._database.execute(f"PRAGMA user_version={_LAYOUT}")
        self._database.execute(_TABLE)

    def take_over(self) -> bool:
        """Begin to save where the process that did so has ended; whether this process saves now."""
        if not self.writes:
            try:
                self._lock.acquire()
            except Timeout:
                return False
            self.writes = True
            try:
                self._prepare()
            except sqlite3.DatabaseError as error:
                self._set_aside(str(error))
        return True

    def load(self, topic_id: str) -> Saved | None:
        """What was saved last; None where nothing of that topic can be used: a `note` says why where there was."""
        try:
            row = self._database.execute(_LOAD, (topic_id,)).fetchone()
        except sqlite3.DatabaseError as error:
            missing = isinstance(error, sqlite3.OperationalError) and str(error).startswith("no such")
            if not missing:  # a table that a writer has not made yet, or of a former layout, is nothing to tell
                self._set_aside(str(error))
            return None
        if row is None:
            return None
        positions, received, state, reading, checksum = row
        if checksum != _checksum(topic_id, positions, received, state, reading):
            self._set_aside("its checksum is wrong")
            return None
        moment = None if received is None else datetime.fromtimestamp(received, UTC)
        return Saved(msgspec.msgpack.decode(positions, type=dict[int, int]), moment, state, reading)

    def save(self, topic_id: str, saved: Saved) -> None:
        """Put a state and its offsets in the place of the former ones, both or none.

        Raises `StateError` where they cannot be written; the former ones are still there.
        """
        received = saved.received.timestamp() if saved.received else None
        positions = msgspec.msgpack.encode(saved.positions)
        checksum = _checksum(topic_id, positions, received, saved.state, saved.reading)
        try:
            with self._database:
                self._database.execute("DELETE FROM checkpoint WHERE topic_id != ?", (topic_id,))
                self._database.execute(_SAVE, (topic_id, positions, received, saved.state, saved.reading, checksum))
        except sqlite3.Error as error:
            raise StateError(f"the state is not saved: {error} ({self.path})") from error

    def refuse(self, reason: str) -> None:
        """Set aside an entry whose state the view cannot use."""
        self._set_aside(reason)

    def close(self) -> None:
        """Let go of the file and of its lock."""
        self._database.close()
        self._lock.release()

    def _set_aside(self, reason: str) -> None:
        """Move the file away and start over; a process that does not write leaves it to the one that does."""
        self.note = f"the saved state could not be used ({reason}): read again from the topic"
        LOG.warning("%s: %s", self.path, self.note)
        if not self.writes:
            return
        self._database.close()
        try:
            self.path.replace(self.path.with_suffix(".damaged"))
            for rest in ("-wal", "-shm"):
                Path(f"{self.path}{rest}").unlink(missing_ok=True)
            self._open()
        except (OSError, sqlite3.Error) as error:
            self._lock.release()
            raise StateError(f"no state can be kept in {self.path.parent}: {error}") from error


def _checksum(topic_id: str, positions: bytes, received: float | None, state: bytes, reading: bytes) -> bytes:
    digest = hashlib.blake2b(f"{topic_id} {received!r} {len(positions)} {len(reading)} ".encode(), digest_size=16)
    digest.update(positions)
    digest.update(reading)
    digest.update(state)
    return digest.digest()
