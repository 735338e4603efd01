"""``stockstream sources``: lists and describes sources of bars; needs no broker and no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from textwrap import wrap
from typing import Annotated, Final

import typer

from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Invocation
from stockstream.cli.outputs import JsonOption
from stockstream.cli.text import printable
from stockstream.names import unknown
from stockstream.producers.sources.catalog import Source, sources

app = typer.Typer(cls=Group)

_WIDTH: Final = 100
_LISTED: Final = 80


@app.callback(invoke_without_command=True)
def sources_(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List all sources of bars: what each offers, what it needs, and what its terms of use forbid.

    `stockstream sources describe NAME` describes one in detail; `stockstream produce NAME` sends its bars.
    """
    if ctx.invoked_subcommand is not None:
        return
    invocation, found = Invocation.of(ctx), sources()
    invocation.warn_of_plugins()
    if as_json:
        invocation.reporter.result(json.dumps([_record(each) for each in found.values()], indent=2))
        return
    invocation.reporter.result("\n".join(line for each in found.values() for line in _lines(each)))


def _names(incomplete: str) -> list[str]:
    return [name for name in sources() if name.startswith(incomplete)]


@app.command("describe", cls=Command, epilog=examples("sources describe yahoo", "sources describe yahoo --json"))
def describe(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of a source, such as yahoo.", autocompletion=_names)
    ],
    as_json: JsonOption = False,
) -> None:
    """Describe a source: what it offers and needs, its terms, intervals, limits, symbols and settings."""
    found = sources()
    source = found.get(name.lower())
    if source is None:
        raise typer.BadParameter(unknown("source", name, found), param_hint="NAME")
    text = json.dumps(_record(source), indent=2) if as_json else "\n".join(_page(source))
    Invocation.of(ctx).reporter.result(text)


def _intervals(source: Source) -> str:
    first, *_, last = (*source.about.intervals, source.about.intervals[-1])
    return first if first == last else f"{first} to {last}"


def _lines(source: Source) -> Iterator[str]:
    """The source in the list: what it offers, needs and forbids, in lines that a terminal has room for."""
    about = source.about
    yield f"{printable(about.name)}: {_intervals(source)}"
    for label, text in (("offers", about.offers), ("needs", about.needs), ("terms", about.terms)):
        yield from wrap(printable(text), _LISTED, initial_indent=f"    {label:<8}", subsequent_indent=" " * 12)


def _record(source: Source) -> dict[str, object]:
    about = source.about
    return {
        "name": about.name,
        "title": about.title,
        "offers": about.offers,
        "needs": about.needs,
        "terms": about.terms,
        "intervals": list(about.intervals),
        "limits": list(about.limits),
        "symbols": about.symbols,
        "extended": about.extended,
        "defaults": {"interval": about.interval, "history": about.history, "poll": about.poll},
        "examples": [f"stockstream {each}" for each in about.examples],
        "plugin": source.origin or None,
    }


def _page(source: Source) -> Iterator[str]:
    about = source.about
    yield f"{about.name}: {about.title}"
    yield ""
    entries = [
        ("offers", about.offers),
        ("needs", about.needs),
        ("terms", about.terms),
        ("intervals", ", ".join(about.intervals)),
        ("symbols", about.symbols),
        *(("limit" if not number else "", each) for number, each in enumerate(about.limits)),
        ("settings", f"sources.{about.name} in config.yaml: interval ({about.interval} unless it says), history"
         f" ({about.history}), poll ({about.poll:g} s), spacing, key_file, calls_a_day"),
        ("plug-in", source.origin),
    ]  # fmt: skip
    for label, text in entries:
        if text:
            yield from wrap(printable(text), _WIDTH, initial_indent=f"{label:<11}", subsequent_indent=" " * 11)
    if about.examples:
        yield ""
        yield from (f"    stockstream {each}" for each in about.examples)
