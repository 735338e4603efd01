"""Outbox: the alerts to send and how far each sink is, in a database of its own.

Alerts are put in after the state that they wait in was saved, and before they are written to their topic: until a later
save notes that, a process that was killed puts them in again, and each id is taken once. Each sink then sends them in
order and notes its position after each: a process that is killed in between sends an alert again, with the same id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from stockstream.alerts.delivery import delivery_id, is_sent
from stockstream.codec import Unreadable
from stockstream.errors import StateError
from stockstream.records import Alert
from stockstream.topics import ALERTS

KEPT: Final = 100_000
"""How many of the newest alerts that all sinks have stay, so that a repeat of one is recognised."""

_PATIENCE: Final = 30.0
"""Seconds for which a connection waits while another one writes."""

_DECODE: Final = ALERTS.decoder()

_TABLES: Final = (
    "outgoing (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, alert BLOB NOT NULL)",
    "delivery (sink TEXT PRIMARY KEY, sequence INTEGER NOT NULL, refused INTEGER NOT NULL DEFAULT 0)",
)


class Outgoing(NamedTuple):
    """An alert that a sink has not sent yet, and its place in the order; None for one that cannot be read."""

    sequence: int
    alert: Alert | None


class Progress(NamedTuple):
    """A sink's alerts that wait, and those that its receiver refused."""

    waiting: int
    refused: int


def prepare(database: sqlite3.Connection) -> None:
    """Make the tables where they are missing."""
    for table in _TABLES:
        database.execute(f"CREATE TABLE IF NOT EXISTS {table}")


def put(database: sqlite3.Connection, alerts: Iterable[Alert]) -> int:
    """Add alerts in the caller's transaction, each delivery id once; returns how many were new.

    Those in a state of which nobody is told are left out.
    """
    rows = [(delivery_id(alert), ALERTS.encode(alert)) for alert in alerts if is_sent(alert)]
    before = database.total_changes
    database.executemany("INSERT OR IGNORE INTO outgoing (id, alert) VALUES (?, ?)", rows)
    return database.total_changes - before


class Outbox:
    """A connection of one thread to an outbox.

    Parameters
    ----------
    path
        The database; made if it is missing.

    Raises
    ------
    StateError
        It cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = sqlite3.connect(path, timeout=_PATIENCE)
            self._database.execute("PRAGMA journal_mode=WAL")
            with self._database:
                prepare(self._database)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def add(self, alerts: Iterable[Alert]) -> int:
        """Add alerts in a transaction of their own, as `put` does."""
        try:
            with self._database:
                return put(self._database, alerts)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def begin(self, sinks: Sequence[str]) -> None:
        """Name all sinks in use: new ones start with the next alert, and others are forgotten."""
        marks = ",".join("?" * len(sinks))
        try:
            with self._database:
                self._database.execute(f"DELETE FROM delivery WHERE sink NOT IN ({marks})", sinks)  # noqa: S608 - marks
                self._database.executemany(
                    "INSERT OR IGNORE INTO delivery (sink, sequence)"
                    " VALUES (?, (SELECT coalesce(max(sequence), 0) FROM outgoing))",
                    [(sink,) for sink in sinks],
                )
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def pending(self, sink: str, most: int) -> list[Outgoing]:
        """The next alerts of a sink, in order."""
        try:
            rows = self._database.execute(
                "SELECT sequence, alert FROM outgoing WHERE sequence >"
                " (SELECT sequence FROM delivery WHERE sink = ?) ORDER BY sequence LIMIT ?",
                (sink, most),
            ).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return [Outgoing(sequence, _read(alert)) for sequence, alert in rows]

    def delivered(self, sink: str, sequence: int, *, refused: bool = False) -> None:
        """Note that a sink has sent an alert and those before it, or that its receiver refused it for good."""
        try:
            with self._database:
                self._database.execute(
                    "UPDATE delivery SET sequence = ?, refused = refused + ? WHERE sink = ? AND sequence < ?",
                    (sequence, int(refused), sink, sequence),
                )
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def progress(self) -> dict[str, Progress]:
        """By sink, how many alerts wait and were refused."""
        try:
            rows = self._database.execute(
                "SELECT sink, (SELECT count(*) FROM outgoing WHERE outgoing.sequence > delivery.sequence), refused"
                " FROM delivery ORDER BY sink"
            ).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return {sink: Progress(waiting, refused) for sink, waiting, refused in rows}

    def prune(self, kept: int = KEPT) -> None:
        """Remove alerts that all sinks have sent, except the newest ones."""
        try:
            with self._database:
                self._database.execute(
                    "DELETE FROM outgoing WHERE sequence <= min("
                    "coalesce((SELECT min(sequence) FROM delivery), 9223372036854775807),"
                    "(SELECT coalesce(max(sequence), 0) FROM outgoing) - ?)",
                    (kept,),
                )
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def _unusable(self, error: sqlite3.Error) -> StateError:
        return StateError(f"the outbox of alerts cannot be used: {error} ({self._path})")


def progress(path: Path) -> dict[str, Progress]:
    """By sink, how many alerts wait and were refused; empty where there is no outbox. Raises StateError."""
    if not path.is_file():
        return {}
    with closing(Outbox(path)) as outbox:
        return outbox.progress()


def _read(value: bytes) -> Alert | None:
    try:
        return _DECODE(value)
    except Unreadable:
        return None
