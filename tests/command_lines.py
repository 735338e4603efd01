"""Command lines as a user would type them: parsed down to the command, without running it."""

from __future__ import annotations

import shlex
from typing import Any

import typer

from stockstream.cli import main
from stockstream.cli.commands import Group
from stockstream.cli.context import Invocation


def parsed(line: str) -> None:
    """Parse a line as the program does. Raises a usage error for an invalid one."""
    command: Any = typer.main.get_command(main.app)
    name: str | None = "stockstream"
    arguments, parent = shlex.split(line)[1:], None
    while True:
        parent = command.make_context(name, arguments, parent=parent, obj=Invocation())
        rest = [*parent._protected_args, *parent.args]
        if not isinstance(command, Group) or not rest:
            return
        name, command, arguments = command.resolve_command(parent, rest)
