"""Layouts: the charts that a user has arranged, saved by name, and shared by a link among people with an account."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stockstream.errors import StockstreamError
from stockstream.names import cut
from stockstream.web.database import Database

_MOST: Final = 100
_LARGEST: Final = 64_000


@dataclass(frozen=True)
class Layout:
    """A saved layout: JSON that the page made; ``shared`` is the secret of its link, None where it has none."""

    name: str
    content: str
    shared: str | None


class Layouts:
    """The layouts in the database of the page. Raises `StockstreamError` with what is wrong."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def of(self, user: str) -> list[Layout]:
        """The layouts of a user, by name."""
        query = "SELECT name, content, shared FROM layout WHERE user = ? ORDER BY name"
        with self._database.open() as database:
            return [Layout(*row) for row in database.execute(query, (user,))]

    def save(self, user: str, name: str, content: str) -> None:
        """Save a layout under a name, in place of a former one."""
        if not 1 <= len(name) <= 64:
            raise StockstreamError("the name of a layout has 1 to 64 characters")
        if len(content) > _LARGEST:
            raise StockstreamError(f"a layout is limited to {_LARGEST:,} characters")
        with self._database.change() as database:
            (count,) = database.execute(
                "SELECT count(*) FROM layout WHERE user = ? AND name <> ?", (user, name)
            ).fetchone()
            if count >= _MOST:
                raise StockstreamError(f"there are {_MOST} layouts already", hint="delete one")
            database.execute(
                "INSERT INTO layout (user, name, content, changed) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (user, name) DO UPDATE SET content = excluded.content, changed = excluded.changed",
                (user, name, content, self._clock()),
            )

    def delete(self, user: str, name: str) -> bool:
        """Delete a layout, and its link with it; returns whether there was one."""
        with self._database.open() as database:
            deleted = database.execute("DELETE FROM layout WHERE user = ? AND name = ?", (user, name)).rowcount
        return bool(deleted)

    def share(self, user: str, name: str) -> str:
        """The secret of a layout's link, made at the first call."""
        with self._database.change() as database:
            row = database.execute("SELECT shared FROM layout WHERE user = ? AND name = ?", (user, name)).fetchone()
            if row is None:
                raise StockstreamError(f"there is no layout {cut(name)}")
            secret = str(row[0] or secrets.token_urlsafe(16))
            database.execute("UPDATE layout SET shared = ? WHERE user = ? AND name = ?", (secret, user, name))
        return secret

    def shared(self, secret: str) -> Layout | None:
        """The layout of a link; None where there is none."""
        query = "SELECT name, content, shared FROM layout WHERE shared = ?"
        with self._database.open() as database:
            row = database.execute(query, (secret,)).fetchone()
        return Layout(*row) if row else None
