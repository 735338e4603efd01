"""``stockstream web token``: tokens with which scripts use the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.text import table
from stockstream.cli.web.user import RoleOption
from stockstream.errors import StockstreamError
from stockstream.web.extra import require_web

if TYPE_CHECKING:  # argon2 is an extra
    from stockstream.web.audit import Audit
    from stockstream.web.database import Database

app = typer.Typer(cls=Group, no_args_is_help=True, epilog=examples("web token add ann notebook", "web token list"))

User = Annotated[str, typer.Argument(metavar="USER", help="Whose token it is.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")]


@app.callback()
def tokens() -> None:
    """Make, list and revoke tokens of scripts."""


def add(ctx: typer.Context, user: User, name: Name, role: RoleOption = "viewer") -> None:
    """Make a token. It is printed once: only its hash is kept."""
    kept = _database(ctx)
    from stockstream.web.accounts import Accounts
    from stockstream.web.roles import Role
    from stockstream.web.sessions import Sessions

    found = Accounts(kept).find(user)
    if found is None:
        raise StockstreamError(f"there is no user {user}", hint="`stockstream web user list` names them")
    secret = Sessions(kept).add_token(found, name, Role(role))
    _audit(ctx).note("token added", user="(terminal)", address="", name=name, owner=user, role=role)
    typer.echo(secret)


def show(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the tokens, without their secrets."""
    kept = _database(ctx)
    from stockstream.web.sessions import Sessions

    found = Sessions(kept).tokens()
    if as_json:
        typer.echo(json.dumps([{"user": each.user, "name": each.name, "role": each.role.value} for each in found]))
    elif not found:
        Context.of(ctx).reporter.result("there is no token")
    else:
        typer.echo(table(["user", "name", "role"], [[each.user, each.name, each.role.value] for each in found]))


def revoke(ctx: typer.Context, user: User, name: Name) -> None:
    """End a token."""
    kept = _database(ctx)
    from stockstream.web.sessions import Sessions

    Sessions(kept).revoke(user, name)
    _audit(ctx).note("token revoked", user="(terminal)", address="", name=name, owner=user)
    Context.of(ctx).reporter.result(f"the token {name} of {user} is worth nothing now")


def _database(ctx: typer.Context) -> Database:
    settings = Context.of(ctx).settings
    require_web()
    from stockstream.cli.web.page import database

    return database(settings)


def _audit(ctx: typer.Context) -> Audit:
    from stockstream.cli.web.page import audit_file
    from stockstream.web.audit import Audit

    return Audit(audit_file(Context.of(ctx).settings))


for _function, _name, _examples in (
    (add, "add", ("web token add ann notebook",)),
    (show, "list", ("web token list",)),
    (revoke, "revoke", ("web token revoke ann notebook",)),
):
    app.command(_name, cls=Command, epilog=examples(*_examples))(_function)
