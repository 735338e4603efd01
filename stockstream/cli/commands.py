"""Base class of all commands: help with grouped options and examples, and checks of numbers."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from stockstream.cli.panels import ORDER

if TYPE_CHECKING:  # typer's copy of click has no public names
    from typer._click.core import Command as AnyCommand
    from typer._click.core import Context, Parameter
    from typer._click.formatting import HelpFormatter
    from typer._click.parser import _OptionParser as OptionParser

OPTIONS: Final = "Options"
"""Help panel of options without a ``rich_help_panel``."""

_LARGEST: Final = 2**63 - 1

_WIDTHS: Final = (28, 78)
"""Narrowest and widest help, in characters."""

_NARROW: Final = 58
"""Below this width only names of up to `_NARROW_NAME` characters have their text beside them, else up to `_NAME`."""

_NARROW_NAME: Final = 10
_NAME: Final = 30

_SHORT: Final = 400
"""Longest line of help in a list of commands, in characters; it is wrapped."""


def examples(*lines: str) -> str:
    """Example lines that can be typed, for the ``epilog`` of a command.

    >>> print(examples("topics", "topics --json"))
    stockstream topics
    stockstream topics --json
    """
    return "\n".join(f"stockstream {line}" for line in lines)


class Command(TyperCommand):
    """A command. It refuses infinite numbers, those beyond 64 bits, and one option with two values."""

    def make_parser(self, ctx: Context) -> OptionParser:
        """As typer's; it refuses repeated options."""
        return _single(super().make_parser(ctx), ctx)

    def invoke(self, ctx: Context) -> object:
        """As typer's. Raises typer.BadParameter."""
        _refuse_numbers(self, ctx)
        return super().invoke(ctx)

    def format_help_text(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The text, in which code stands as in all messages."""
        self.help = _for_people(self.help)
        super().format_help_text(ctx, formatter)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The arguments, then the options by panel."""
        _write_options(self, ctx, formatter)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - typer's shape
        """The examples."""
        _write_examples(self.epilog, formatter)


class Group(TyperGroup):
    """A command with subcommands. It refuses what a `Command` refuses."""

    def make_parser(self, ctx: Context) -> OptionParser:
        """As typer's; it refuses repeated options."""
        return _single(super().make_parser(ctx), ctx)

    def invoke(self, ctx: Context) -> object:
        """As typer's. Raises typer.BadParameter."""
        _refuse_numbers(self, ctx)
        return super().invoke(ctx)

    def format_help_text(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The text, in which code stands as in all messages."""
        self.help = _for_people(self.help)
        super().format_help_text(ctx, formatter)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The options by panel, then the commands."""
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The commands, each with its whole first line of help: typer's would end in dots."""
        names = self.list_commands(ctx)
        found = [(name, command) for name in names if (command := self.get_command(ctx, name)) is not None]
        write_section("Commands", [(name, each.get_short_help_str(_SHORT)) for name, each in found], formatter)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - typer's shape
        """The examples."""
        _write_examples(self.epilog, formatter)


def _for_people(text: str | None) -> str | None:
    """A docstring as help: code between single marks."""
    return text and text.replace("``", "`")


def _refuse_numbers(command: TyperCommand | TyperGroup, ctx: Context) -> None:
    """Raise typer.BadParameter for an infinite number among the parameters, or one beyond 64 bits."""
    for param in command.params:
        if not isinstance(param, TyperArgument | TyperOption) or param.name is None:
            continue
        value = ctx.params.get(param.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise typer.BadParameter("should be a finite number", ctx, param)
        if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
            raise typer.BadParameter("is too large a number", ctx, param)


class LazyGroup(Group):
    """A group whose commands are built when they are called, because importing or building all of them is slow.

    Until then a placeholder with a line of help stands for each.
    """

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # typer's own twenty, by name
        for name, line in self.lines().items():
            self.add_command(Command(name, help=line))

    def lines(self) -> Mapping[str, str]:
        """The line of help of each command, by name."""
        raise NotImplementedError

    def built(self, name: str) -> AnyCommand:
        """The command of a name, one of `lines`."""
        raise NotImplementedError

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, AnyCommand | None, list[str]]:
        """Replace a placeholder by its command, and return it."""
        if args and args[0] in self.lines():
            self.add_command(self.built(args[0]))
        return super().resolve_command(ctx, args)


def made(
    name: str,
    function: Callable[..., object],
    *,
    about: str | None = None,
    epilog: str | None = None,
    kind: type[Command] = Command,
) -> Command:
    """Make a command of a function, outside any group; ``about`` replaces its docstring as help."""
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name, cls=kind, help=about, epilog=epilog)(function)
    command = typer.main.get_command(single)
    assert isinstance(command, Command)
    return command


def target(place: str) -> Callable[..., None]:
    """Import what ``module:name`` means."""
    module, _, name = place.partition(":")
    found: Callable[..., None] = getattr(import_module(module), name)
    return found


def _single(parser: OptionParser, ctx: Context) -> OptionParser:
    """A parser that refuses a second value of an option that takes one: the last would count, and hide the others.

    Its `parse_args` raises typer.BadParameter. A flag that can only be set may be repeated.
    """
    parse = parser.parse_args

    def parse_once(args: list[str]) -> tuple[dict[str, object], list[str], list[Parameter]]:
        options, rest, order = parse(args)
        given: set[str | None] = set()
        for param in order:
            if not isinstance(param, TyperOption) or param.multiple or (param.is_flag and not param.secondary_opts):
                continue
            if param.name in given and not ctx.resilient_parsing:
                named = " / ".join([*param.opts, *param.secondary_opts])
                raise typer.BadParameter("is given more than once", ctx, param, named)
            given.add(param.name)
        return options, rest, order

    parser.parse_args = parse_once  # type: ignore[method-assign]  # its class is private
    return parser


def _write_options(command: TyperCommand | TyperGroup, ctx: Context, formatter: HelpFormatter) -> None:
    arguments, panels = [], dict[str, list[tuple[str, str]]]()
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is None:
            continue
        if param.param_type_name == "argument":
            arguments.append((_name(param), record[1]))
        else:
            panels.setdefault(getattr(param, "rich_help_panel", None) or OPTIONS, []).append(record)
    rest = panels.pop(OPTIONS, [])
    write_section("Arguments", arguments, formatter)
    for panel in sorted(panels, key=ORDER.index):
        write_section(panel, panels[panel], formatter)
    write_section(OPTIONS if not panels else "Other options", rest, formatter)


def _name(argument: Parameter) -> str:
    """The argument as a user writes it; typer's own record adds the Python type, such as ``<list[str]>``."""
    return f"{argument.metavar or argument.name.upper()}{'...' if argument.nargs == -1 else ''}"


def write_section(name: str, rows: Sequence[tuple[str, str]], formatter: HelpFormatter) -> None:
    """Write rows of a name and a text under a title, if there are any; a long name has a line of its own."""
    if rows:
        with formatter.section(name):
            formatter.write_dl(rows, col_max=_NARROW_NAME if formatter.width < _NARROW else _NAME)


def help_width() -> int:
    """Width of help in characters: that of the terminal, within limits. Typer's own is never below 50."""
    return max(_WIDTHS[0], min(shutil.get_terminal_size().columns - 2, _WIDTHS[1]))


def _write_examples(lines: str | None, formatter: HelpFormatter) -> None:
    """Write each example on its own line, unwrapped, so that it can be copied."""
    if lines:
        with formatter.section("Examples"):
            for line in lines.splitlines():
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")
