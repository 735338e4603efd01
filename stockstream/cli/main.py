"""Entry point of the command line: global options, commands by name, and the handling of errors."""

from __future__ import annotations

import gc
import logging
import re
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final, NoReturn, cast

import typer

from stockstream.cli.commands import LazyGroup, examples, help_width, made, target, write_section
from stockstream.cli.context import Invocation
from stockstream.cli.entries import COMMANDS
from stockstream.errors import StockstreamError
from stockstream.names import harmless
from stockstream.processes import ENDING, Terminated
from stockstream.version import VERSION

if TYPE_CHECKING:  # typer's copy of click has no public names
    from typer._click.core import Command as AnyCommand
    from typer._click.core import Context
    from typer._click.exceptions import UsageError
    from typer._click.formatting import HelpFormatter

log = logging.getLogger(__name__)

_GARBAGE: Final = (10_000, 20, 20)
"""Threshold of Python's garbage collection. Messages arrive in thousands; with the default of 700 objects, collections
would take a tenth of the time.
"""

_TURN: Final = 0.001
"""Switch interval of threads in seconds. The reading thread releases and takes the lock of Python so often that, with
the default of 5 ms, a window waited for about 40 ms at a time while history was read."""


class Commands(LazyGroup):
    """The commands of `COMMANDS`."""

    def lines(self) -> Mapping[str, str]:
        """As those of `LazyGroup`."""
        return {name: entry.help for name, entry in COMMANDS.items()}

    def built(self, name: str) -> AnyCommand:
        """As that of `LazyGroup`."""
        return _command(name)

    def make_context(
        self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: object
    ) -> Context:
        """As typer's, with global options moved to the front, also when a shell asks for completions."""
        return super().make_context(info_name, hoisted(args), parent, terminal_width=help_width(), **extra)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, AnyCommand | None, list[str]]:
        """As that of `LazyGroup`; plug-ins are loaded first where the command has some."""
        if args and args[0] in COMMANDS and COMMANDS[args[0]].plugged:
            _use_plugins(cast("typer.Context", ctx))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - typer's shape
        """The commands by group."""
        for panel in dict.fromkeys(entry.panel for entry in COMMANDS.values()):
            listed = [(name, entry.help) for name, entry in COMMANDS.items() if entry.panel == panel]
            write_section(panel, listed, formatter)


def _use_plugins(ctx: typer.Context) -> None:
    """Read the settings, which name plug-ins, before a command is built from them."""
    invocation = Invocation.early(ctx)
    with suppress(StockstreamError):  # reported when the command needs the settings; `--help` does not
        invocation.layers()


def _command(name: str) -> AnyCommand:
    entry = COMMANDS[name]
    found = target(entry.target)
    epilog = examples(*entry.examples)
    if not isinstance(found, typer.Typer):
        return made(name, found, epilog=epilog)
    found.rich_markup_mode = None
    group = typer.main.get_group(found)
    group.name, group.epilog = name, epilog
    return group


_FLAGS: Final = ("--debug", "--log-json", "--quiet")
_VALUED: Final = ("--config", "--bootstrap-servers")
"""Global options, without and with a value; see `options`."""

app = typer.Typer(
    cls=Commands,
    epilog=examples("demo", "produce simulated AAPL", "watch chart AAPL --with bollinger,rsi"),
    rich_markup_mode=None,  # plain help is readable in 80 columns, and importing rich takes a quarter of a second
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"stockstream {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings file; by default ./config.yaml if it exists."),
    ] = None,
    bootstrap_servers: Annotated[
        str | None, typer.Option("--bootstrap-servers", metavar="HOST:PORT", help="Address of the Kafka broker.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of errors; log in detail.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Report as JSON, one object a line, on stderr.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only errors and results.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Stock bars and flights on a real Apache Kafka, and live windows on them.

    The options below apply to every command and can precede or follow it.
    """
    invocation = Invocation.of(ctx)
    invocation.config = config
    invocation.bootstrap_servers = bootstrap_servers
    invocation.debug = debug
    invocation.log_json = log_json
    invocation.quiet = quiet


def tune() -> None:
    """Configure Python for threads that pass a million messages a second."""
    gc.set_threshold(*_GARBAGE)
    sys.setswitchinterval(_TURN)


def run() -> NoReturn:
    """Run the command line and exit: 0, 1 for an error, 2 for wrong usage, 128 and its number after a signal."""
    invocation = Invocation(log_json="--log-json" in sys.argv)  # an error may come before it is read
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores SIGHUP, which is kept
            signal.signal(number, _terminate)
    logging.getLogger().addHandler(logging.NullHandler())  # before the log is open, nothing is written to stderr
    tune()
    code = call(invocation, sys.argv[1:])
    if code == 128 + signal.SIGINT and _terminated:
        code = 128 + _terminated[0]
    invocation.close()
    logging.shutdown()
    sys.exit(code)


def hoisted(arguments: Sequence[str]) -> list[str]:
    """Move global options to the front, wherever they are; arguments after ``--`` stay.

    >>> hoisted(["topics", "--debug", "--config", "my.yaml"])
    ['--debug', '--config', 'my.yaml', 'topics']
    """
    ours, others = [], []
    words = iter(arguments)
    for word in words:
        name = word.partition("=")[0]
        if word == "--":
            others += [word, *words]
        elif word in _FLAGS or (name in _VALUED and name != word):
            ours.append(word)
        elif name in _VALUED:
            ours += [word, *islice(words, 1)]
        else:
            others.append(word)
    return [*ours, *others]


def call(invocation: Invocation, arguments: Sequence[str]) -> int:
    """Run a command line; returns the exit code. Every error is reported in one line."""
    if "" in arguments:
        invocation.reporter.error("an argument is empty", "was a variable meant that is not set?", None)
        return 2
    try:
        command = typer.main.get_command(app)
        ended = command.main(list(arguments), prog_name="stockstream", obj=invocation, standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except _USAGE as error:
        return _misused(invocation, error)
    except typer.Abort as abort:
        invocation.reporter.note("nothing was done")
        return 128 + signal.SIGINT if isinstance(abort.__context__, KeyboardInterrupt) else 1
    except Exception as error:  # noqa: BLE001 - the last resort: one line, and the log
        if _terminated and isinstance(error, ImportError):  # a compiled module that was being loaded makes this of it
            return 128 + signal.SIGINT
        return _report(invocation, error)
    return ended if isinstance(ended, int) else 0


_USAGE: Final = cast("type[UsageError]", typer.BadParameter.__bases__[0])
"""Base class of usage errors; newer typer includes its own click, older versions use the installed one."""

_WORDS: Final = {
    "Value error, ": "",
    "Input should": "should",
    r"does not match the formats? '%Y-%m-%d'.*": "is not a date such as 2026-03-02",
    "a valid integer.*": "a whole number",
    "a valid number.*": "a number",
}
"""Replacements for messages of typer."""

_terminated: list[int] = []


def _terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
    """End as after Ctrl-C, so that pending records are flushed; some commands replace this handler."""
    _terminated.append(number)
    raise Terminated


def _misused(invocation: Invocation, error: UsageError) -> int:
    """Report a wrong command line in one line; a group without a command shows its help instead."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return int(error.exit_code)
    text = " ".join(error.format_message().split()).removesuffix(".")
    for theirs, ours in _WORDS.items():
        text = re.sub(theirs, ours, text)
    found = re.fullmatch(r"Invalid value(?: for (.+?))?: (.*)", text)
    if found:
        what = found[1].replace("'", "") + ": " if found[1] else ""
        text = what + found[2]
    else:
        text = text[:1].lower() + text[1:]
    where = error.ctx.command_path if error.ctx else "stockstream"
    invocation.reporter.error(text, f"see `{where} --help`", None)
    return int(error.exit_code)


def _report(invocation: Invocation, error: Exception) -> int:
    log.error("%s", error, exc_info=error)
    if invocation.debug:
        sys.stderr.write(harmless(invocation.redact("".join(traceback.format_exception(error)))))
    if isinstance(error, StockstreamError):
        message, hint, code = error.message, error.hint, error.exit_code
    elif isinstance(error, OSError) and error.filename and error.strerror:
        message, hint, code = f"{error.filename}: {error.strerror.lower()}", None, 1
    else:
        text = " ".join(str(error).split())
        message, hint, code = f"unexpected {type(error).__name__}: {text}", "--debug shows where", 1
    logfile = str(invocation.logfile) if invocation.logfile else None
    invocation.reporter.error(invocation.redact(message), hint and invocation.redact(hint), logfile)
    return code
