"""Sessions and tokens: by what the server knows who asks. Both are kept on the server, so that they can be ended."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stockstream.errors import StockstreamError
from stockstream.names import cut
from stockstream.web.accounts import User, digest
from stockstream.web.database import Database
from stockstream.web.roles import Role

IDLE: Final = 12 * 3_600.0
LIFETIME: Final = 7 * 86_400.0
"""Seconds after which a session ends: without use, and in any case."""

_NOTED_EVERY: Final = 60.0
_TOKEN: Final = "sst_"  # noqa: S105 - how a token begins, so that it is known where it has leaked


@dataclass(frozen=True)
class Identity:
    """Who asks, and in which role. ``csrf`` is the secret of the session's own pages; empty for a token."""

    user: str
    role: Role
    csrf: str = ""


@dataclass(frozen=True)
class Token:
    """A token of a script, without its secret; ``created`` is in seconds since 1970."""

    user: str
    name: str
    role: Role
    created: float


class Sessions:
    """Sessions of people who logged in, and tokens of scripts, in the database of the page."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def begin(self, user: User) -> str:
        """Begin a session; returns its secret, for a cookie."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        with self._database.open() as database:
            database.execute("DELETE FROM session WHERE created < ? OR seen < ?", (now - LIFETIME, now - IDLE))
            values = digest(secret), user.name, secrets.token_urlsafe(32), now, now
            database.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", values)
        return secret

    def find(self, secret: str, *, used: bool = True) -> Identity | None:
        """Whose session it is; None for one that has ended. It ends without use: what a page does by itself is none."""
        now = self._clock()
        with self._database.open() as database:
            row = database.execute(
                "SELECT user.name, user.role, csrf, session.created, seen FROM session "
                "JOIN user ON user.name = session.user WHERE id = ? AND NOT disabled",
                (digest(secret),),
            ).fetchone()
            if row is None:
                return None
            name, role, csrf, created, seen = row
            if now - created > LIFETIME or now - seen > IDLE:
                return None
            if used and now - seen > _NOTED_EVERY:
                database.execute("UPDATE session SET seen = ? WHERE id = ?", (now, digest(secret)))
        return Identity(name, Role(role), csrf)

    def end(self, secret: str) -> None:
        """End a session: its cookie is worth nothing from now on."""
        with self._database.open() as database:
            database.execute("DELETE FROM session WHERE id = ?", (digest(secret),))

    # Tokens.

    def add_token(self, user: User, name: str, role: Role) -> str:
        """Make a token of a user, with at most their role; returns its secret. Raises `StockstreamError`."""
        if not user.role.covers(role):
            raise StockstreamError(f"{user.name} is {user.role}: a token cannot be {role}")
        if not 1 <= len(name) <= 64:
            raise StockstreamError("the name of a token has 1 to 64 characters")
        secret = _TOKEN + secrets.token_urlsafe(32)
        try:
            with self._database.open() as database:
                values = digest(secret), user.name, name, role.value, self._clock()
                database.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?)", values)
        except sqlite3.IntegrityError:
            raise StockstreamError(f"{user.name} has a token {cut(name)} already") from None
        return secret

    def tokens(self) -> list[Token]:
        """All tokens by user and name."""
        with self._database.open() as database:
            rows = database.execute("SELECT user, name, role, created FROM token ORDER BY user, name").fetchall()
        return [Token(user, name, Role(role), created) for user, name, role, created in rows]

    def revoke(self, user: str, name: str) -> None:
        """End a token. Raises `StockstreamError` if there is none."""
        with self._database.open() as database:
            if not database.execute("DELETE FROM token WHERE user = ? AND name = ?", (user, name)).rowcount:
                raise StockstreamError(
                    f"{cut(user)} has no token {cut(name)}", hint="`stockstream web token list` names them"
                )

    def of_token(self, secret: str) -> Identity | None:
        """Whose token it is, with at most the user's role; None if it was revoked, or the user is refused."""
        with self._database.open() as database:
            row = database.execute(
                "SELECT user.name, user.role, token.role FROM token JOIN user ON user.name = token.user "
                "WHERE id = ? AND NOT disabled",
                (digest(secret),),
            ).fetchone()
        if row is None:
            return None
        name, own, given = row[0], Role(row[1]), Role(row[2])
        return Identity(name, given if own.covers(given) else own)
