"""``stockstream service``: commands that run unattended, as systemd services of the user."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Context, Invocation
from stockstream.cli.entries import COMMANDS
from stockstream.cli.outputs import JsonOption
from stockstream.cli.text import printable, size, span, table
from stockstream.errors import StockstreamError
from stockstream.names import cut
from stockstream.services.manager import Manager, State, variables_file
from stockstream.services.unit import Unit, default_name, named

_NOT_SEEN: Final = re.compile(r"STOCKSTREAM_.+|AWS_.+|MQTT_(USERNAME|PASSWORD)|ALERTS_.+|.+_API_KEY")
"""Variables of a terminal that change what a command does: a service does not see them."""

_LONGEST: Final = 60

app = typer.Typer(cls=Group, no_args_is_help=True)


@app.callback()
def service() -> None:
    """Run commands unattended, as systemd services of this user.

    They start with the session, are started again after a failure, and log to the journal. Passwords and keys that they
    need belong in service.env in your configuration folder (chmod 600), as NAME=value on a line each.
    """


def install(
    ctx: typer.Context,
    command: Annotated[
        list[str], typer.Argument(metavar="COMMAND", help="The command to run, with its arguments: produce yahoo AAPL.")
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Name of the service; by default that of the command."),
    ] = None,
    start: Annotated[bool, typer.Option("--start/--no-start", help="Start it now, too.")] = True,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a service that has another command.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the unit, and change nothing.")] = False,
) -> None:
    """Install a command as a service: options of the service first, then the command.

    It runs in the present folder, with the config.yaml found there or named by --config. In an argument ${NAME} stands
    for a variable of service.env.
    """
    _refuse_unsuitable(command)
    context, invocation = Context.of(ctx), Invocation.of(ctx)
    for secret in filter(None, context.settings.secrets()):
        if any(secret in word for word in command):
            raise typer.BadParameter("holds a password of the settings, and a unit should not", param_hint="COMMAND")
    variables = variables_file()
    unit = Unit(
        default_name(command) if name is None else _named(name, "--name"),
        (*_global_options(invocation), *command),
        (sys.executable, "-P", "-m", "stockstream"),
        Path.cwd(),
        variables,
    )
    if dry_run:
        context.reporter.result(unit.text.rstrip("\n"))
        return
    manager = Manager.of_user()
    known = manager.command(unit.name)
    if known is not None and known != unit.command and not replace:
        raise StockstreamError(
            f"{unit.name} exists with another command: {shlex.join(known)}",
            hint="name this one with --name, or give --replace",
        )
    hidden = _hidden_variables(variables)
    manager.install(unit, start=start)
    context.reporter.result(f"{unit.name} is installed{' and started' if start else ''}: {manager.path(unit.name)}")
    if hidden:
        context.reporter.warn(
            f"the service does not see {', '.join(hidden)} of this terminal: write them to {variables}"
        )
    if manager.lingers() is False:
        context.reporter.note("it ends when you log out: `loginctl enable-linger` keeps it running")


def status(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the services with state, process, restarts and memory.

    The exit code is 1 if one has failed or is waiting for its restart.
    """
    context = Context.of(ctx)
    manager = Manager.of_user()
    states = manager.states(list(manager.installed()))
    if as_json:
        context.reporter.result(json.dumps([asdict(each) for each in states], indent=2))
    elif not states:
        manager.require()
        context.reporter.note("no service is installed: `stockstream service install broker` installs one")
    else:
        context.reporter.result(_as_table(states))
    if any(each.state == "failed" or each.detail == "auto-restart" for each in states):
        raise typer.Exit(1)


def uninstall(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Services, as `service status` lists them.")
    ] = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="All services of stockstream.")] = False,
) -> None:
    """Stop services and remove their units.

    Records, tables and logs stay.
    """
    context = Context.of(ctx)
    if bool(names) == all_of_them:
        raise typer.BadParameter("name services, or give --all", param_hint="NAME")
    manager = Manager.of_user()
    chosen = list(manager.installed()) if all_of_them else [_known(manager, name) for name in names or ()]
    if not chosen:
        context.reporter.note("no service is installed")
    for name in reversed(chosen):  # the broker, first by name, last
        manager.uninstall(name)
        context.reporter.result(f"{name} is stopped and removed")


def logs(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Services; by default all of stockstream.")
    ] = None,
    lines: Annotated[
        int, typer.Option("-n", "--lines", metavar="N", min=0, max=1_000_000, help="The newest lines.")
    ] = 50,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with new lines until Ctrl-C.")] = False,
) -> None:
    """Print what services have logged."""
    context = Context.of(ctx)
    manager = Manager.of_user()
    chosen = [_known(manager, name) for name in names] if names else list(manager.installed())
    if not chosen:
        context.reporter.note("no service is installed")
        return
    code = manager.show_log(chosen, lines=lines, follow=follow)
    if code:
        raise typer.Exit(code)


def _refuse_unsuitable(command: list[str]) -> None:
    """Refuse what cannot run unattended, or is no command line. Raises typer.BadParameter or another usage error."""
    if command[0] not in COMMANDS or not COMMANDS[command[0]].unattended:
        raise _attended(command[0])
    if command[:2] == ["produce", "stdin"]:
        raise typer.BadParameter("a service has no standard input", param_hint="COMMAND")
    from stockstream.cli.main import app as whole

    parsed: Any = typer.main.get_command(whole)
    name: str | None = "stockstream"
    rest, parent = command, None
    while True:
        parent = parsed.make_context(name, list(rest), parent=parent, obj=Invocation())
        rest = [*parent._protected_args, *parent.args]  # noqa: SLF001 - as click's own groups do
        if not isinstance(parsed, Group) or not rest:
            return
        name, parsed, rest = parsed.resolve_command(parent, rest)
        above = parent.command_path.split()
        if above[1:] == [command[0]] and COMMANDS[command[0]].unattended == "itself":
            raise _attended(f"{command[0]} {name}")


def _attended(name: str) -> typer.BadParameter:
    """The error for a command that ends by itself, or needs a person."""
    suitable = [name for name, entry in COMMANDS.items() if entry.unattended]
    what = f"{cut(name)} does not run unattended: choose {', '.join(suitable[:-1])} or {suitable[-1]}"
    return typer.BadParameter(what, param_hint="COMMAND")


def _global_options(invocation: Invocation) -> list[str]:
    options = []
    if invocation.config is not None:
        options += ["--config", str(invocation.config.absolute())]
    if invocation.bootstrap_servers is not None:
        options += ["--bootstrap-servers", invocation.bootstrap_servers]
    given = {"--debug": invocation.debug, "--log-json": invocation.log_json, "--quiet": invocation.quiet}
    return options + [name for name, on in given.items() if on]


def _named(name: str, where: str) -> str:
    try:
        return named(name)
    except ValueError as error:
        raise typer.BadParameter(f"{printable(cut(name))} {error}", param_hint=where) from None


def _known(manager: Manager, name: str) -> str:
    """The full name of an installed service. Raises typer.BadParameter."""
    full = _named(name, "NAME")
    if manager.command(full) is None:
        others = ", ".join(manager.installed()) or "none is installed"
        raise typer.BadParameter(f"there is no service {full} ({others})", param_hint="NAME")
    return full


def _hidden_variables(variables: Path) -> list[str]:
    """Names of variables of this terminal that a service would need and does not see. Raises StockstreamError."""
    try:
        if stat.S_IMODE(variables.stat().st_mode) & 0o077:
            raise StockstreamError(f"{variables} can be read by others", hint=f"chmod 600 {variables}")
        written = {line.partition("=")[0].strip() for line in variables.read_text(encoding="utf-8").splitlines()}
    except FileNotFoundError:
        written = set()
    return [name for name in sorted(os.environ) if _NOT_SEEN.fullmatch(name) and name not in written]


def _as_table(states: list[State]) -> str:
    rows = [
        [
            each.name,
            each.detail if each.state in ("active", "activating") else each.state,
            "-" if each.seconds is None else span(each.seconds),
            str(each.process or "-"),
            f"{each.restarts:,}",
            "-" if each.memory is None else size(each.memory),
            "-" if each.exit_code is None else str(each.exit_code),
            cut(printable(shlex.join(each.command)), _LONGEST),
        ]
        for each in states
    ]
    header = ["SERVICE", "STATE", "SINCE", "PROCESS", "RESTARTS", "MEMORY", "EXIT", "COMMAND"]
    return table(header, rows, right=["PROCESS", "RESTARTS", "MEMORY", "EXIT"])


app.command(
    "install",
    cls=Command,
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True},
    epilog=examples(
        "service install broker",
        "service install produce yahoo AAPL MSFT --interval 1m",
        "service install --dry-run store stocks",
    ),
)(install)
app.command("status", cls=Command, epilog=examples("service status", "service status --json"))(status)
app.command("logs", cls=Command, epilog=examples("service logs broker", "service logs -n 200 --follow"))(logs)
app.command("uninstall", cls=Command, epilog=examples("service uninstall broker", "service uninstall --all"))(uninstall)
