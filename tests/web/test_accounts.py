"""Accounts, sessions, tokens and layouts in the database of the page."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from stockstream.errors import StockstreamError
from stockstream.web.accounts import Accounts
from stockstream.web.database import Database
from stockstream.web.layouts import Layouts
from stockstream.web.roles import Role
from stockstream.web.sessions import IDLE, LIFETIME, Sessions
from tests.web.threads import at_once

PASSWORD = "correct horse battery"


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "web" / "accounts.sqlite")


@pytest.fixture
def empty(database: Database, clock: Clock) -> Accounts:
    return Accounts(database, clock)


@pytest.fixture
def accounts(empty: Accounts) -> Accounts:
    empty.add("root", PASSWORD, Role.ADMIN)
    return empty


def test_the_file_is_its_owners_alone_and_holds_no_secret(empty: Accounts, database: Database, clock: Clock) -> None:
    sessions = Sessions(database, clock)
    empty.add("ann", PASSWORD, Role.ANALYST)
    (ann,) = empty.all()
    secrets = [PASSWORD, sessions.begin(ann), sessions.add_token(ann, "script", Role.VIEWER), invited(empty)]
    if os.name == "posix":
        assert stat.S_IMODE(database.path.stat().st_mode) == 0o600
    content = database.path.read_bytes()
    assert all(secret.encode() not in content for secret in secrets)


def test_only_the_right_password_of_an_admitted_user_is_taken(accounts: Accounts) -> None:
    accounts.add("ann", PASSWORD, Role.VIEWER)
    user = accounts.authenticate("ann", PASSWORD)
    assert user is not None
    assert user.role is Role.VIEWER
    assert accounts.authenticate("ann", PASSWORD + "x") is None
    assert accounts.authenticate("nobody", PASSWORD) is None
    accounts.disable("ann")
    assert accounts.authenticate("ann", PASSWORD) is None
    accounts.disable("ann", disabled=False)
    accounts.change_password("ann", "another long one")
    assert accounts.authenticate("ann", PASSWORD) is None
    assert accounts.authenticate("ann", "another long one") is not None


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [
        ("", PASSWORD, "is no name of a user"),
        ("a b", PASSWORD, "is no name of a user"),
        ("<script>", PASSWORD, "is no name of a user"),
        ("x" * 65, PASSWORD, "is no name of a user"),
        ("root", PASSWORD, "there is a user root already"),
        ("ann", "short", "a password has 10 to 1,000 characters"),
        ("ann", "x" * 1_001, "a password has 10 to 1,000 characters"),
    ],
)
def test_what_cannot_be_a_user_is_refused(accounts: Accounts, name: str, password: str, message: str) -> None:
    with pytest.raises(StockstreamError, match=message):
        accounts.add(name, password, Role.VIEWER)


def test_the_only_admin_stays_one(accounts: Accounts) -> None:
    with pytest.raises(StockstreamError, match="root is the only admin"):
        accounts.disable("root")
    with pytest.raises(StockstreamError, match="root is the only admin"):
        accounts.change_role("root", Role.VIEWER)
    assert accounts.authenticate("root", PASSWORD) is not None
    accounts.add("second", PASSWORD, Role.ADMIN)
    accounts.disable("root")


def test_two_admins_who_disable_each_other_leave_one(accounts: Accounts) -> None:
    accounts.add("second", PASSWORD, Role.ADMIN)
    at_once(2, lambda number: accounts.disable(("root", "second")[number]))
    assert [each.disabled for each in accounts.all()].count(False) == 1


def test_without_an_admin_users_can_be_changed(empty: Accounts) -> None:
    empty.add("ann", PASSWORD, Role.ANALYST)
    empty.change_password("ann", "another long one")
    empty.change_role("ann", Role.VIEWER)
    empty.disable("ann")
    empty.disable("ann", disabled=False)
    assert empty.invite() is not None
    empty.change_role("ann", Role.ADMIN)
    assert empty.invite() is None


def invited(accounts: Accounts) -> str:
    secret = accounts.invite()
    assert secret is not None
    return secret


def test_an_invitation_makes_one_admin_within_an_hour(empty: Accounts, clock: Clock) -> None:
    early = invited(empty)
    clock.now += 3_601
    assert not empty.is_invited(early)
    first, second = invited(empty), invited(empty)
    assert not empty.is_invited(first)
    with pytest.raises(StockstreamError, match="10 to 1,000"):
        empty.accept(second, "ann", "short")
    with pytest.raises(StockstreamError, match="is no name of a user"):
        empty.accept(second, "a b", PASSWORD)
    empty.accept(second, "ann", PASSWORD)
    assert [(each.name, each.role) for each in empty.all()] == [("ann", Role.ADMIN)]
    with pytest.raises(StockstreamError, match="was used, or is too old"):
        empty.accept(second, "bob", PASSWORD)


def test_an_invitation_that_many_take_at_once_makes_one_admin(empty: Accounts) -> None:
    secret = invited(empty)
    found = at_once(6, lambda number: empty.accept(secret, f"user{number}", PASSWORD))
    assert found.count(None) == 1
    assert len(empty.all()) == 1


@pytest.mark.parametrize("way", ["added", "promoted", "enabled"])
def test_an_admin_from_elsewhere_ends_an_invitation(empty: Accounts, database: Database, way: str) -> None:
    empty.add("ann", PASSWORD, Role.VIEWER)
    if way == "enabled":
        with database.open() as connection:
            connection.execute("UPDATE user SET role = 'admin', disabled = 1")
    secret = invited(empty)
    if way == "added":
        empty.add("root", PASSWORD, Role.ADMIN)
    elif way == "promoted":
        empty.change_role("ann", Role.ADMIN)
    else:
        empty.disable("ann", disabled=False)
    assert not empty.is_invited(secret)
    with pytest.raises(StockstreamError, match="was used, or is too old"):
        empty.accept(secret, "bob", PASSWORD)


def test_a_session_ends_by_logout_by_time_and_by_the_admin(
    accounts: Accounts, database: Database, clock: Clock
) -> None:
    sessions = Sessions(database, clock)
    (root,) = accounts.all()
    secret = sessions.begin(root)
    found = sessions.find(secret)
    assert found is not None
    assert (found.user, found.role) == ("root", Role.ADMIN)
    assert sessions.find(secret + "x") is None
    sessions.end(secret)
    assert sessions.find(secret) is None

    idle = sessions.begin(root)
    clock.now += IDLE + 1
    assert sessions.find(idle) is None

    used, began = sessions.begin(root), clock.now
    while clock.now - began < LIFETIME:
        assert sessions.find(used) is not None
        clock.now += IDLE / 2
    clock.now += IDLE / 2
    assert sessions.find(used) is None

    alone, now = sessions.begin(root), clock.now
    while clock.now - now < IDLE:  # a page that is left open asks again and again
        assert sessions.find(alone, used=False) is not None
        clock.now += IDLE / 4
    clock.now += 1
    assert sessions.find(alone, used=False) is None

    accounts.add("ann", PASSWORD, Role.ANALYST)
    ann = accounts.find("ann")
    assert ann is not None
    changes: list[Callable[[], None]] = [
        lambda: accounts.disable("ann"),
        lambda: accounts.change_role("ann", Role.VIEWER),
        lambda: accounts.change_password("ann", PASSWORD),
    ]
    for change in changes:
        secret = sessions.begin(ann)
        change()
        assert sessions.find(secret) is None
        accounts.disable("ann", disabled=False)


def test_a_token_has_at_most_the_role_of_its_user(accounts: Accounts, database: Database) -> None:
    sessions = Sessions(database)
    accounts.add("ann", PASSWORD, Role.ANALYST)
    ann = accounts.find("ann")
    assert ann is not None
    with pytest.raises(StockstreamError, match="a token cannot be admin"):
        sessions.add_token(ann, "script", Role.ADMIN)
    secret = sessions.add_token(ann, "script", Role.ANALYST)
    with pytest.raises(StockstreamError, match="has a token script already"):
        sessions.add_token(ann, "script", Role.ANALYST)
    found = sessions.of_token(secret)
    assert found is not None
    assert (found.role, found.csrf) == (Role.ANALYST, "")
    accounts.change_role("ann", Role.VIEWER)
    found = sessions.of_token(secret)
    assert found is not None
    assert found.role is Role.VIEWER
    sessions.revoke("ann", "script")
    assert sessions.of_token(secret) is None
    with pytest.raises(StockstreamError, match="has no token script"):
        sessions.revoke("ann", "script")


def test_layouts_are_the_users_own_and_shared_by_link(accounts: Accounts, database: Database) -> None:
    layouts = Layouts(database)
    accounts.add("ann", PASSWORD, Role.ANALYST)
    layouts.save("ann", "mine", '{"charts": []}')
    layouts.save("ann", "mine", '{"charts": [1]}')
    assert [(each.name, each.content) for each in layouts.of("ann")] == [("mine", '{"charts": [1]}')]
    assert layouts.of("root") == []
    secret = layouts.share("ann", "mine")
    assert layouts.share("ann", "mine") == secret
    shared = layouts.shared(secret)
    assert shared is not None
    assert shared.name == "mine"
    assert layouts.shared("x") is None
    assert not layouts.delete("root", "mine")
    assert layouts.shared(secret) is not None
    assert layouts.delete("ann", "mine")
    assert layouts.shared(secret) is None
    with pytest.raises(StockstreamError, match="limited to 64,000 characters"):
        layouts.save("ann", "mine", "x" * 64_001)
    with pytest.raises(StockstreamError, match="there is no layout mine"):
        layouts.share("ann", "mine")


def test_a_file_of_another_version_is_refused(database: Database) -> None:
    with database.open() as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(StockstreamError, match="is of another version of stockstream"):
        Database(database.path)
