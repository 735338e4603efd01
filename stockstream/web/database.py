"""Database of the page: accounts, sessions, tokens and layouts, in one SQLite file of its owner alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from stockstream.errors import StockstreamError
from stockstream.files import private_file, private_folder

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE user (
    name TEXT PRIMARY KEY, hash TEXT NOT NULL, role TEXT NOT NULL, disabled INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL
) STRICT;
CREATE TABLE session (
    id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES user ON DELETE CASCADE, csrf TEXT NOT NULL,
    created REAL NOT NULL, seen REAL NOT NULL
) STRICT;
CREATE TABLE token (
    id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES user ON DELETE CASCADE, name TEXT NOT NULL, role TEXT NOT NULL,
    created REAL NOT NULL, UNIQUE (user, name)
) STRICT;
CREATE TABLE invitation (id TEXT PRIMARY KEY, expires REAL NOT NULL) STRICT;
CREATE TABLE layout (
    user TEXT NOT NULL REFERENCES user ON DELETE CASCADE, name TEXT NOT NULL, content TEXT NOT NULL,
    changed REAL NOT NULL, shared TEXT UNIQUE, PRIMARY KEY (user, name)
) STRICT;
"""


class Database:
    """The file and its connections, one for each block, so that any thread may use it.

    Raises `StockstreamError` if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            private_folder(path.parent)
            private_file(path)
            with self.open() as database:
                (version,) = database.execute("PRAGMA user_version").fetchone()
                if version == 0:
                    database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
                elif version != _VERSION:
                    raise StockstreamError(
                        f"{path} is of another version of stockstream", hint="use that version, or move the file away"
                    )
        except (OSError, sqlite3.Error) as error:
            raise StockstreamError(f"{path} cannot be used: {error}") from error

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """A connection; what the block changes is committed at its end, or not at all after an error."""
        with closing(sqlite3.connect(self.path, timeout=10)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            with connection:
                yield connection

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """As `open`, alone from its beginning: what the block reads, and decides by, stays so until it ends."""
        with self.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
