"""Accounts: the people who may use the page, by name, with an argon2 hash of their password and a role."""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from stockstream.errors import StockstreamError
from stockstream.names import cut
from stockstream.web.database import Database
from stockstream.web.roles import Role

SHORTEST: Final = 10
LONGEST: Final = 1_000
"""Characters of a password."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_INVITED_FOR: Final = 3_600.0

_HASHER: Final = PasswordHasher()
_NOBODY: Final = _HASHER.hash(secrets.token_hex())
"""The hash that is compared for a name that does not exist: both take the same time."""


@dataclass(frozen=True)
class User:
    """A person with an account; ``created`` is in seconds since 1970."""

    name: str
    role: Role
    disabled: bool
    created: float


class Accounts:
    """The accounts in the database of the page. Raises `StockstreamError` with what is wrong."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def add(self, name: str, password: str, role: Role) -> None:
        """Add an account."""
        _check_name(name)
        hashed = _hashed(password)
        with self._database.change() as database:
            _insert(database, User(name, role, disabled=False, created=self._clock()), hashed)

    def all(self) -> list[User]:
        """All accounts by name."""
        with self._database.open() as database:
            rows = database.execute("SELECT name, role, disabled, created FROM user ORDER BY name").fetchall()
        return [User(name, Role(role), bool(disabled), created) for name, role, disabled, created in rows]

    def find(self, name: str) -> User | None:
        """An account by name."""
        return next((user for user in self.all() if user.name == name), None)

    def change_password(self, name: str, password: str) -> None:
        """Change a password; ends the sessions of the user."""
        self._change(name, "hash = ?", _hashed(password))

    def change_role(self, name: str, role: Role) -> None:
        """Change a role; ends the sessions of the user."""
        self._change(name, "role = ?", role.value)

    def disable(self, name: str, *, disabled: bool = True) -> None:
        """Refuse a user, or admit them again; ends their sessions."""
        self._change(name, "disabled = ?", int(disabled))

    def _change(self, name: str, change: str, value: str | int) -> None:
        with self._database.change() as database:
            had_admin = _has_admin(database)
            changed = database.execute(f"UPDATE user SET {change} WHERE name = ?", (value, name)).rowcount  # noqa: S608
            if not changed:
                raise StockstreamError(f"there is no user {cut(name)}", hint="`stockstream web user list` names them")
            if had_admin and not _has_admin(database):
                raise StockstreamError(f"{name} is the only admin", hint="make another one first")
            database.execute("DELETE FROM session WHERE user = ?", (name,))
            _end_invitations(database)

    def authenticate(self, name: str, password: str) -> User | None:
        """The user with this name and password; None if there is none, or none who is admitted."""
        with self._database.open() as database:
            row = database.execute("SELECT hash, role, disabled, created FROM user WHERE name = ?", (name,)).fetchone()
        hashed, role, disabled, created = row or (_NOBODY, Role.VIEWER.value, 1, 0.0)
        try:
            _HASHER.verify(hashed, password[:LONGEST])
        except (VerifyMismatchError, InvalidHashError):
            return None
        return None if disabled else User(name, Role(role), disabled=False, created=created)

    # The first admin.

    def invite(self) -> str | None:
        """A secret with which one person can make themselves the first admin, within an hour; None if there is one."""
        secret = secrets.token_urlsafe(32)
        with self._database.change() as database:
            if _has_admin(database):
                return None
            database.execute("DELETE FROM invitation")
            database.execute("INSERT INTO invitation VALUES (?, ?)", (digest(secret), self._clock() + _INVITED_FOR))
        return secret

    def is_invited(self, secret: str) -> bool:
        """Whether a secret of `invite` can still be used."""
        with self._database.open() as database:
            row = database.execute("SELECT expires FROM invitation WHERE id = ?", (digest(secret),)).fetchone()
        return row is not None and row[0] > self._clock()

    def accept(self, secret: str, name: str, password: str) -> None:
        """Make the first admin; of several at once one succeeds, and the secret cannot be used again."""
        if not self.is_invited(secret):  # before the hash, which is dear
            raise _not_invited()
        _check_name(name)
        hashed = _hashed(password)
        with self._database.change() as database:
            kept = "DELETE FROM invitation WHERE id = ? AND expires > ?"
            if not database.execute(kept, (digest(secret), self._clock())).rowcount or _has_admin(database):
                raise _not_invited()
            _insert(database, User(name, Role.ADMIN, disabled=False, created=self._clock()), hashed)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise StockstreamError(
            f"{cut(name)!r} is no name of a user", hint="1 to 64 letters, digits and . _ @ -, a letter or digit first"
        )


def _not_invited() -> StockstreamError:
    return StockstreamError("this link was used, or is too old", hint="start `stockstream web` again")


def _insert(database: sqlite3.Connection, user: User, hashed: str) -> None:
    values = user.name, hashed, user.role.value, user.created
    try:
        database.execute("INSERT INTO user (name, hash, role, created) VALUES (?, ?, ?, ?)", values)
    except sqlite3.IntegrityError:
        raise StockstreamError(f"there is a user {user.name} already") from None
    _end_invitations(database)


def _has_admin(database: sqlite3.Connection) -> bool:
    """Whether anybody can manage users."""
    query = "SELECT EXISTS (SELECT 1 FROM user WHERE role = 'admin' AND NOT disabled)"
    return bool(database.execute(query).fetchone()[0])


def _end_invitations(database: sqlite3.Connection) -> None:
    """Make the links of the first admin worthless as soon as there is one, wherever from."""
    if _has_admin(database):
        database.execute("DELETE FROM invitation")


def digest(secret: str) -> str:
    """What is kept of a secret that is random and long: a copy of the file lets nobody in."""
    return sha256(secret.encode()).hexdigest()


def _hashed(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise StockstreamError(f"a password has {SHORTEST} to {LONGEST:,} characters")
    return _HASHER.hash(password)
