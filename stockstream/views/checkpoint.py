"""Checkpoints: the state of a view and its offsets, saved together."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from filelock import FileLock, Timeout

from stockstream.errors import StateError
from stockstream.files import private_file, private_folder

LOG: Final = logging.getLogger(__name__)

_LAYOUT: Final = 4
_TABLES: Final = {
    "checkpoint": "(topic_id TEXT PRIMARY KEY, positions BLOB, received REAL, reading BLOB, checksum BLOB)",
    "page": "(name TEXT PRIMARY KEY, content BLOB, checksum BLOB)",
}
_SAVE: Final = "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?)"
_LOAD: Final = "SELECT positions, received, reading, checksum FROM checkpoint WHERE topic_id = ?"
_SAVE_PAGE: Final = "INSERT OR REPLACE INTO page VALUES (?, ?, ?)"


_NOT_DAMAGE: Final = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,  # a lock that is not to be had, not a format
    }
)
"""Errors of the disk or the folder: the file is left as it is."""

_CORRUPT_FILE_SYSTEM: Final = sqlite3.SQLITE_IOERR | 33 << 8
"""SQLITE_IOERR_CORRUPTFS, which `sqlite3` lacks if Python was built with SQLite before 3.34."""

_UNREADABLE: Final = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, _CORRUPT_FILE_SYSTEM})
"""Those of them which say that the file itself cannot be read."""


class Saved(NamedTuple):
    """A state, the offset after its last record in each partition, and when that was sent.

    ``pages`` are its parts by name; if it is saved with ``changed``, the parts changed since the last save, and None
    for a removed one. ``reading`` is the subscriber's state at these offsets.
    """

    positions: Mapping[int, int]
    received: datetime | None
    pages: Mapping[str, bytes | None]
    reading: bytes = b""
    changed: bool = False


class Checkpoint:
    """State and offsets of a view, saved in one SQLite transaction.

    One process writes a view's checkpoint. A second one of the same view reads it, continues from there alone and
    saves nothing (``writes`` is False) until it can `take_over`. An entry belongs to a topic id: a topic that was
    recreated starts over. Each page has a checksum, and one more covers the entry and all of these: a page that is
    missing, or is of another save, is damage, too. A damaged file is set aside, and the view is read again from the
    topic.

    Parameters
    ----------
    folder
        Folder of the file; created if missing.

    Raises
    ------
    StateError
        If the folder cannot be written to, or its disk is full. The file is left as it is.

    Attributes
    ----------
    writes
        Whether this process saves.
    whole
        Whether the next save has to be of all pages, and not of those that changed.
    note
        Why a saved state could not be used; empty if there was no such problem.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "checkpoint.sqlite"
        self.writes = True
        self.whole = True
        self.note = ""
        self._sums: dict[str, bytes] = {}
        self._lock = FileLock(folder / "lock", blocking=False, mode=0o600)
        try:
            private_folder(folder)
            self._lock.acquire()
        except Timeout:
            self.writes = False
        except OSError as error:
            raise StateError(f"no state can be saved in {folder}: {error.strerror}") from error
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._repair(error)

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
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and layout != _LAYOUT:
            raise sqlite3.DatabaseError(f"it is of another version of stockstream, layout {layout}, not {_LAYOUT}")
        if layout != _LAYOUT:  # each write is one that fails on a full disk
            self._database.execute(f"PRAGMA user_version={_LAYOUT}")
        for name, columns in _TABLES.items():
            self._database.execute(f"CREATE TABLE IF NOT EXISTS {name} {columns}")

    def take_over(self) -> bool:
        """Start to save if the process that did so has ended; returns whether this process saves."""
        if not self.writes:
            try:
                self._lock.acquire()
            except Timeout:
                return False
            self.writes = self.whole = True
            try:
                self._prepare()
            except sqlite3.DatabaseError as error:
                self._repair(error)
        return True

    def load(self, topic_id: str) -> Saved | None:
        """The saved state of a topic; None if there is none, or if it cannot be used, as `note` then says.

        Raises `StateError` if the disk or another process hinders it: the checkpoint is closed then, and its file left
        as it is.
        """
        try:
            with self._database:  # a reader sees one save, whatever is written meanwhile
                self._database.execute("BEGIN")
                row = self._database.execute(_LOAD, (topic_id,)).fetchone()
                found = [] if row is None else self._database.execute("SELECT * FROM page").fetchall()
        except sqlite3.DatabaseError as error:
            missing = isinstance(error, sqlite3.OperationalError) and str(error).startswith("no such")
            if not missing:  # a missing table, or one of a former layout, is not an error
                self._repair(error)
            return None
        if row is None:
            return None
        try:
            return self._checked(topic_id, row, found)
        except (ValueError, TypeError, AttributeError, OverflowError, msgspec.MsgspecError) as error:
            self._set_aside(str(error))
            return None

    def _checked(self, topic_id: str, row: Sequence[Any], found: Sequence[Sequence[Any]]) -> Saved:
        positions, received, reading, checksum = row
        sums = {name: _page_sum(name, content) for name, content, _ in found}
        if any(sums[name] != expected for name, _, expected in found):
            raise ValueError("a checksum of its pages is wrong")
        if checksum != _checksum(topic_id, positions, received, reading, sums):
            raise ValueError("its checksum is wrong")
        moment = None if received is None else datetime.fromtimestamp(received, UTC)
        saved = Saved(
            msgspec.msgpack.decode(positions, type=dict[int, int]),
            moment,
            {name: content for name, content, _ in found},
            reading,
        )
        self._sums, self.whole = sums, not self.writes
        return saved

    def save(self, topic_id: str, saved: Saved) -> None:
        """Replace state and offsets in one transaction.

        Raises `StateError` if that fails; the former ones are kept.
        """
        received = saved.received.timestamp() if saved.received else None
        positions = msgspec.msgpack.encode(saved.positions)
        written = {name: content for name, content in saved.pages.items() if content is not None}
        gone = [name for name, content in saved.pages.items() if content is None]
        fresh = {name: _page_sum(name, content) for name, content in written.items()}
        sums = {**self._sums, **fresh} if saved.changed else fresh
        for name in gone:
            sums.pop(name, None)
        checksum = _checksum(topic_id, positions, received, saved.reading, sums)
        self.whole = True
        try:
            with self._database:
                self._database.execute("DELETE FROM checkpoint WHERE topic_id != ?", (topic_id,))
                if not saved.changed:
                    self._database.execute("DELETE FROM page")
                self._database.executemany("DELETE FROM page WHERE name = ?", ((name,) for name in gone))
                rows = ((name, content, fresh[name]) for name, content in written.items())
                self._database.executemany(_SAVE_PAGE, rows)
                self._database.execute(_SAVE, (topic_id, positions, received, saved.reading, checksum))
        except sqlite3.Error as error:
            if not isinstance(error, sqlite3.OperationalError):  # not full or locked, but damaged
                self._set_aside(str(error), then="all of it is saved next")
            raise StateError(f"the state is not saved: {error} ({self.path})") from error
        self._sums, self.whole = sums, False

    def _repair(self, error: sqlite3.DatabaseError) -> None:
        """Set a damaged file aside. Raises `StateError` if it is not damaged, but the disk is full, say."""
        if _is_damage(error):
            self._set_aside(str(error))
            return
        self._database.close()
        self._lock.release()
        full = " (is the disk full?)" if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_IOERR else ""
        raise StateError(f"no state can be saved in {self.path.parent}: {error}{full}") from error

    def refuse(self, reason: str) -> None:
        """Discard an entry whose state the view cannot use."""
        self._set_aside(reason)

    def close(self) -> None:
        """Close the file and release its lock."""
        self._database.close()
        self._lock.release()

    def _set_aside(self, reason: str, then: str = "read again from the topic") -> None:
        """Move the file away and start over; a process that does not write leaves it to the one that does."""
        self.note = f"the saved state could not be used ({reason}): {then}"
        LOG.warning("%s: %s", self.path, self.note)
        self._sums, self.whole = {}, True
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
            raise StateError(f"no state can be saved in {self.path.parent}: {error}") from error


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # without one it is ours
    return code & 0xFF not in _NOT_DAMAGE or code in _UNREADABLE


def _page_sum(name: str, content: bytes) -> bytes:
    digest = hashlib.blake2b(f"{name} ".encode(errors="surrogatepass"), digest_size=16)
    digest.update(content)
    return digest.digest()


def _checksum(
    topic_id: str, positions: bytes, received: float | None, reading: bytes, sums: Mapping[str, bytes]
) -> bytes:
    """Of an entry, and of all its pages in any order."""
    digest = hashlib.blake2b(f"{topic_id} {received!r} {len(positions)} {len(reading)} ".encode(), digest_size=16)
    digest.update(positions)
    digest.update(reading)
    every = np.frombuffer(b"".join(sums.values()), np.uint64).reshape(-1, 2)
    digest.update(len(sums).to_bytes(8) + np.bitwise_xor.reduce(every, axis=0).tobytes())
    return digest.digest()
