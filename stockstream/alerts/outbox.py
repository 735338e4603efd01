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

from msgspec import structs

from stockstream.alerts.delivery import delivery_id, is_sent
from stockstream.codec import Unreadable
from stockstream.errors import StateError
from stockstream.records import Alert
from stockstream.topics import ALERTS

KEPT: Final = 100_000
"""How many of the newest alerts that all sinks have stay, so that a repeat of one is recognised."""

_PATIENCE: Final = 30.0
"""Seconds for which a connection waits while another one writes."""

_WITHDRAWN: Final = "/withdrawn"
_DECODE: Final = ALERTS.decoder()

_MINE: Final = "(outgoing.sinks IS NULL OR instr(outgoing.sinks, '\n' || delivery.sink || '\n'))"
"""Whether a sink gets an alert: all do, but of one that another outbox left those that had not got it there."""

_TABLES: Final = (
    "outgoing (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, alert BLOB NOT NULL, sinks TEXT)",
    "delivery (sink TEXT PRIMARY KEY, sequence INTEGER NOT NULL, refused INTEGER NOT NULL DEFAULT 0)",
    "taken_over (outbox TEXT PRIMARY KEY, sequence INTEGER NOT NULL)",
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
    if "sinks" not in [name for _, name, *_ in database.execute("PRAGMA table_info(outgoing)")]:
        database.execute("ALTER TABLE outgoing ADD COLUMN sinks TEXT")


def put(database: sqlite3.Connection, alerts: Iterable[Alert]) -> int:
    """Add alerts in the caller's transaction; returns how many were new.

    An alert in the state in which it was put in last is a repeat. One that comes again after it was withdrawn is put in
    as `ID/2`, as receivers know its id already. A withdrawal of what nobody was told of is left out, and so are states
    of which nobody is told.
    """
    count = 0
    for alert in filter(is_sent, alerts):
        known = _known(database, alert.id)
        last = known[-1] if known else None
        if (last is None or last.endswith(_WITHDRAWN)) == (alert.state == "withdrawn"):
            continue
        if alert.state == "withdrawn":
            assert last is not None
            named = structs.replace(alert, id=last)
        else:
            turn = 1 + sum(not each.endswith(_WITHDRAWN) for each in known)
            named = alert if turn == 1 else structs.replace(alert, id=f"{alert.id}/{turn}")
        database.execute("INSERT INTO outgoing (id, alert) VALUES (?, ?)", (delivery_id(named), ALERTS.encode(named)))
        count += 1
    return count


def _known(database: sqlite3.Connection, identity: str) -> list[str]:
    """The delivery ids of an alert that are there, in order."""
    rows = database.execute(
        "SELECT id FROM outgoing WHERE id = ? OR id > ? || '/' AND id < ? || '0' ORDER BY sequence", (identity,) * 3
    )
    return [each for (each,) in rows]


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

    def take_over(self, path: Path) -> int:
        """Take what the sinks in use have not got from another outbox, of a run that ended; returns how many alerts.

        What they have got is noted, too, so that its withdrawal is sent. A kill in between loses nothing: after it the
        same is taken again.
        """
        try:
            with closing(sqlite3.connect(path, timeout=_PATIENCE)) as other, other:
                prepare(other)
                with self._database:
                    count = _taken_over(self._database, other, str(path))
                sinks = [sink for (sink,) in self._database.execute("SELECT sink FROM delivery")]
                other.executemany(
                    "UPDATE delivery SET sequence = (SELECT coalesce(max(sequence), 0) FROM outgoing) WHERE sink = ?",
                    [(sink,) for sink in sinks],
                )
                return count
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def pending(self, sink: str, most: int) -> list[Outgoing]:
        """The next alerts of a sink, in order."""
        try:
            rows = self._database.execute(
                "SELECT outgoing.sequence, alert FROM outgoing, delivery WHERE delivery.sink = ?"  # noqa: S608 - ours
                f" AND outgoing.sequence > delivery.sequence AND {_MINE} ORDER BY outgoing.sequence LIMIT ?",
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
                "SELECT sink, (SELECT count(*) FROM outgoing"  # noqa: S608 - a constant of ours
                f" WHERE outgoing.sequence > delivery.sequence AND {_MINE}), refused"
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


def _taken_over(own: sqlite3.Connection, other: sqlite3.Connection, name: str) -> int:
    row = own.execute("SELECT sequence FROM taken_over WHERE outbox = ?", (name,)).fetchone()
    since, count = row[0] if row else 0, 0
    ours = {sink for (sink,) in own.execute("SELECT sink FROM delivery")}
    theirs = [(sink, place) for sink, place in other.execute("SELECT sink, sequence FROM delivery") if sink in ours]
    rows = other.execute(
        "SELECT sequence, id, alert, sinks FROM outgoing WHERE sequence > ? ORDER BY sequence", (since,)
    )
    for sequence, identity, alert, only in rows:
        missing = [sink for sink, place in theirs if sequence > place and (only is None or f"\n{sink}\n" in only)]
        since = sequence
        known = own.execute("SELECT sequence, sinks FROM outgoing WHERE id = ?", (identity,)).fetchone()
        if known is not None:
            if not missing:
                continue
            # It had been taken over from here, or by way of a third one: it moves to the end, for all that lack it.
            waiting = own.execute("SELECT sink FROM delivery WHERE sequence < ?", (known[0],))
            lacking = [sink for (sink,) in waiting if known[1] is None or f"\n{sink}\n" in known[1]]
            missing += [sink for sink in lacking if sink not in missing]
            own.execute("DELETE FROM outgoing WHERE id = ?", (identity,))
        values = identity, alert, "\n" + "".join(f"{sink}\n" for sink in missing)
        own.execute("INSERT INTO outgoing (id, alert, sinks) VALUES (?, ?, ?)", values)
        count += bool(missing)
    own.execute("INSERT OR REPLACE INTO taken_over VALUES (?, ?)", (name, since))
    return count


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
