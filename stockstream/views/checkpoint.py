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
    """A state, the offset after its last record in each partition, and when that was sent.

    ``reading`` is the subscriber's state there.
    """

    positions: Mapping[int, int]
    received: datetime | None
    state: bytes
    reading: bytes = b""


class Checkpoint:
    """State and offsets of a view, saved in one SQLite transaction.

    Only one process writes the checkpoint of a view. A second process of the same view reads it and continues from it,
    but saves nothing (``writes`` is False) until it can `take_over`. An entry belongs to a topic id: a topic that was
    created again starts without a state. A checksum covers the whole entry. A damaged file is moved away, and the view
    is read again from the topic.

    Parameters
    ----------
    folder
        Folder of the file; created if missing.

    Raises
    ------
    StateError
        If the folder cannot be written to.

    Attributes
    ----------
    writes
        Whether this process saves.
    note
        Why a saved state could not be used; empty if there was no such problem.
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
            with suppress(OSError):  # SQLite will report the error
                private_file(self.path)
        # Saving and loading run on different threads, but never at the same time.
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
        """Start to save if the process that did so has ended; returns whether this process saves."""
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
        """The saved state of a topic; None if there is none, or if it cannot be used, as `note` then says."""
        try:
            row = self._database.execute(_LOAD, (topic_id,)).fetchone()
        except sqlite3.DatabaseError as error:
            missing = isinstance(error, sqlite3.OperationalError) and str(error).startswith("no such")
            if not missing:  # a missing table, or one of a former layout, is not an error
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
        """Replace state and offsets in one transaction.

        Raises `StateError` if that fails; the former ones are kept.
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
        """Discard an entry whose state the view cannot use."""
        self._set_aside(reason)

    def close(self) -> None:
        """Close the file and release its lock."""
        self._database.close()
        self._lock.release()

    def _set_aside(self, reason: str) -> None:
        """Move the file away and start without a state; only done by the process that writes."""
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
