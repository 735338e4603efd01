"""``stockstream plugins``: lists plug-ins, where they were found, and which cannot be used."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec
import typer

from stockstream import plugins as plugged
from stockstream.cli.context import Context
from stockstream.cli.text import printable, table
from stockstream.consumers.registry import STUDIES
from stockstream.indicators.catalog import catalog
from stockstream.producers.sources.catalog import sources


class Plugin(msgspec.Struct, frozen=True):
    """An object that a plug-in adds: its kind, its name, and its distribution or file."""

    kind: str
    name: str
    origin: str


def found() -> list[Plugin]:
    """The objects that can be used, in the order in which they were found."""
    added = []
    added += [Plugin("source", name, each.origin) for name, each in sources().items() if each.origin]
    sinks = plugged.current().offers(plugged.ALERT_SINKS)
    added += [Plugin("alert sink", each.name, each.origin) for each in sinks if each.group]
    for offer in plugged.current().offers(plugged.INDICATORS):
        added += [Plugin("indicator", name, offer.origin) for name, each in catalog().items() if each is offer.thing]
    for offer in plugged.current().offers(plugged.STUDIES):
        added += [Plugin("study", name, offer.origin) for name, each in STUDIES.items() if each is offer.thing]
    return added


def plugins(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the plug-ins: indicators, studies, sources and alert sinks of installed packages and of your own files.

    Packages offer them as entry points. Files are named by `plugins` in the settings that --config names, or in your
    own. docs/extending.md shows how to write one. What cannot be used is reported with the reason.
    """
    context = Context.of(ctx)
    added, failures = found(), plugged.current().failures
    if as_json:
        record = {
            "plugins": [msgspec.structs.asdict(each) for each in added],
            "failures": [{"origin": each.origin, "reason": each.reason} for each in failures],
        }
        context.reporter.result(json.dumps(record, indent=2))
    elif added:
        rows = [(each.kind, printable(each.name), printable(each.origin)) for each in added]
        context.reporter.result(table(("KIND", "NAME", "FROM"), rows))
    else:
        context.reporter.result("There are no plug-ins. docs/extending.md shows how to write one.")
