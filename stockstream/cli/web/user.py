"""``stockstream web user``: the people who may use the page."""

from __future__ import annotations

import getpass
import json
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.text import table
from stockstream.errors import StockstreamError
from stockstream.web.extra import require_web

if TYPE_CHECKING:  # argon2 is an extra
    from stockstream.web.accounts import Accounts
    from stockstream.web.audit import Audit

app = typer.Typer(cls=Group, no_args_is_help=True, epilog=examples("web user add ann --role analyst", "web user list"))

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")]
RoleOption = Annotated[
    Literal["viewer", "analyst", "admin"],
    typer.Option(
        "--role", help="viewer looks; analyst also keeps layouts and acknowledges alerts; admin also manages users."
    ),
]


@app.callback()
def users() -> None:
    """Add, list, disable and admit users of the page."""


def add(ctx: typer.Context, name: Name, role: RoleOption = "viewer") -> None:
    """Add a user. The password is asked for twice, or read from a pipe."""
    accounts, audit = _accounts(ctx)
    from stockstream.web.roles import Role

    accounts.add(name, _password(name), Role(role))
    audit.note("user added", user="(terminal)", address="", name=name, role=role)
    Context.of(ctx).reporter.result(f"{name} is a user now: {role}")


def show(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the users."""
    accounts, _ = _accounts(ctx)
    found = accounts.all()
    if as_json:
        typer.echo(
            json.dumps([{"name": each.name, "role": each.role.value, "disabled": each.disabled} for each in found])
        )
    elif not found:
        Context.of(ctx).reporter.result("there is no user yet: `stockstream web` prints a link for the first admin")
    else:
        rows = [[each.name, each.role.value, "disabled" if each.disabled else ""] for each in found]
        typer.echo(table(["name", "role", ""], rows))


def disable(ctx: typer.Context, name: Name) -> None:
    """Refuse a user; their sessions and tokens end at once."""
    _change(ctx, name, disabled=True)


def enable(ctx: typer.Context, name: Name) -> None:
    """Admit a disabled user again."""
    _change(ctx, name, disabled=False)


def passwd(ctx: typer.Context, name: Name) -> None:
    """Change a password; the user's sessions end."""
    accounts, audit = _accounts(ctx)
    if accounts.find(name) is None:
        raise StockstreamError(f"there is no user {name}", hint="`stockstream web user list` names them")
    accounts.change_password(name, _password(name))
    audit.note("password changed", user="(terminal)", address="", name=name)
    Context.of(ctx).reporter.result(f"the password of {name} is changed")


def role(
    ctx: typer.Context,
    name: Name,
    to: Annotated[Literal["viewer", "analyst", "admin"], typer.Argument(metavar="ROLE", help="The new role.")],
) -> None:
    """Change the role of a user; their sessions end."""
    accounts, audit = _accounts(ctx)
    from stockstream.web.roles import Role

    accounts.change_role(name, Role(to))
    audit.note("role", user="(terminal)", address="", name=name, role=to)
    Context.of(ctx).reporter.result(f"{name} is {to} now")


def _change(ctx: typer.Context, name: str, *, disabled: bool) -> None:
    accounts, audit = _accounts(ctx)
    accounts.disable(name, disabled=disabled)
    audit.note("user disabled" if disabled else "user enabled", user="(terminal)", address="", name=name)
    Context.of(ctx).reporter.result(f"{name} is {'disabled' if disabled else 'admitted again'}")


def _accounts(ctx: typer.Context) -> tuple[Accounts, Audit]:
    settings = Context.of(ctx).settings
    require_web()
    from stockstream.cli.web.page import audit_file, database
    from stockstream.web.accounts import Accounts
    from stockstream.web.audit import Audit

    return Accounts(database(settings)), Audit(audit_file(settings))


def _password(name: str) -> str:
    """A new password: asked for twice on a terminal, otherwise the first line of a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password of {name}: ")
    if getpass.getpass("Once more: ") != password:
        raise StockstreamError("the two passwords differ")
    return password


for _function, _name, _examples in (
    (add, "add", ("web user add ann --role analyst",)),
    (show, "list", ("web user list", "web user list --json")),
    (disable, "disable", ("web user disable ann",)),
    (enable, "enable", ("web user enable ann",)),
    (passwd, "passwd", ("web user passwd ann",)),
    (role, "role", ("web user role ann admin",)),
):
    app.command(_name, cls=Command, epilog=examples(*_examples))(_function)
