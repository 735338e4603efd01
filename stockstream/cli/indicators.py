"""``stockstream indicators``: lists and describes indicators; needs no broker, NumPy or settings."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from textwrap import indent, wrap
from typing import Annotated, Final

import typer

from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Invocation
from stockstream.cli.outputs import JsonOption
from stockstream.cli.text import table
from stockstream.indicators.catalog import PACKAGES, Description, catalog, describe, of_bars
from stockstream.names import unknown

app = typer.Typer(cls=Group)

_WIDEST: Final = 100
_HEADER: Final = ("NAME", "WHAT IT IS", "PARAMETERS", "LOOKBACK", "FIELDS")
_LEAST: Final = 20
"""Columns that a wrapped cell takes at least."""


@app.callback(invoke_without_command=True)
def indicators(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List all indicators: description, parameters, lookback with default parameters, fields.

    `stockstream indicators describe NAME` describes one in detail.
    """
    if ctx.invoked_subcommand is not None:
        return
    found = [describe(kind) for kind in catalog().values()]
    Invocation.of(ctx).warn_of_plugins()
    text = json.dumps([record(each) for each in found], indent=2) if as_json else listing(found)
    Invocation.of(ctx).reporter.result(text)


def _names(incomplete: str) -> list[str]:
    return [name for name in catalog() if name.startswith(incomplete)]


@app.command("describe", cls=Command, epilog=examples("indicators describe rsi", "indicators describe macd --json"))
def describe_one(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of an indicator, such as rsi.", autocompletion=_names)
    ],
    as_json: JsonOption = False,
) -> None:
    """Describe an indicator: formula, source, parameters, units, lookback, an example."""
    kind = catalog().get(name.lower())
    if kind is None:
        raise typer.BadParameter(unknown("indicator", name, catalog()), param_hint="NAME")
    described = describe(kind)
    text = json.dumps(record(described), indent=2) if as_json else "\n".join(page(described, width()))
    Invocation.of(ctx).reporter.result(text)


def record(described: Description) -> dict[str, object]:
    """A description as JSON has it."""
    return {
        "name": described.name,
        "class": _class(described),
        "summary": described.summary,
        "formula": described.formula.splitlines(),
        "source": described.source or None,
        "notes": list(described.paragraphs),
        "inputs": list(described.inputs),
        "fields": list(described.fields),
        "units": described.units,
        "parameters": [
            {"name": each.name, "type": each.type.__name__, "default": each.default, "help": each.help}
            for each in described.parameters
        ],
        "lookback": described.lookback,
        "example": described.example.splitlines(),
    }


def width() -> int:
    """Columns that a description takes."""
    return min(_WIDEST, shutil.get_terminal_size().columns)


def listing(found: list[Description]) -> str:
    """A row for each indicator; in a narrow terminal long cells wrap."""
    rows: list[tuple[str, ...]] = [
        (
            each.name,
            each.summary,
            ", ".join(f"{parameter.name} {parameter.default_text}" for parameter in each.parameters) or "-",
            str(each.lookback),
            ", ".join(each.fields),
        )
        for each in found
    ]
    if sys.stdout.isatty():
        rows = list(_folded(rows, shutil.get_terminal_size().columns))
    return table(_HEADER, rows, right=("LOOKBACK",))


def _folded(rows: list[tuple[str, ...]], room: int) -> Iterator[tuple[str, ...]]:
    """The rows, with cells of the widest columns wrapped so that all columns fit."""
    widths = [max(len(row[column]) for row in (_HEADER, *rows)) for column in range(len(_HEADER))]
    while sum(widths) + 2 * (len(widths) - 1) > room and max(widths) > _LEAST:
        widths[widths.index(max(widths))] -= 1
    for row in rows:
        cells = [wrap(cell, width, break_long_words=False) for cell, width in zip(row, widths, strict=True)]
        for line in range(max(map(len, cells))):
            yield tuple(cell[line] if line < len(cell) else "" for cell in cells)


def page(described: Description, width: int) -> Iterator[str]:
    """The lines that describe one."""
    yield f"{described.name}: {described.summary}"
    if described.formula:
        yield ""
        yield indent(described.formula, "    ")
    for paragraph in described.paragraphs:
        yield ""
        yield from wrap(paragraph, width)
    yield ""
    yield from _entry("reads", ", ".join(described.inputs), width)
    yield from _entry("gives", ", ".join(described.fields), width)
    yield from _entry("", described.units, width)
    for parameter in described.parameters:
        yield from _entry("parameter", f"{parameter.name} = {parameter.default_text}: {parameter.help}", width)
    bars = "1 bar" if described.lookback == 1 else f"{described.lookback} bars"
    yield from _entry("lookback", f"{bars} before the first point, at these parameters", width)
    if of_bars(described.kind):
        way = f"stockstream watch {described.name} SYMBOL; or in a chart, --with {described.name}"
        yield from _entry("window", way, width)
    if described.example:
        yield ""
        module, _, name = _class(described).rpartition(".")
        yield indent(f">>> from {module} import {name}\n{described.example}", "    ")


def _class(described: Description) -> str:
    """The name under which a program imports the class."""
    module = described.kind.__module__
    exporting = next((package for package in PACKAGES if module.startswith(f"{package}.")), module)
    return f"{exporting}.{described.kind.__name__}"


def _entry(label: str, text: str, width: int) -> list[str]:
    return wrap(text, width, initial_indent=f"{label:<11}", subsequent_indent=" " * 11)
