"""``stockstream config``: prints the settings in effect and where each comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.text import printable, table
from stockstream.cli.topics import PATIENCE
from stockstream.config_sources import Entry
from stockstream.consumers.view_settings import entries
from stockstream.kafka.admin import Admin
from stockstream.names import cut

_LONGEST = 60


def config(
    ctx: typer.Context,
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY", help="Only these keys and sections: window, views.rsi; all by default."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the settings in effect and the origin of each: default, file and line, variable, or option.

    Secrets are hidden. Errors in the settings are reported, also in the properties of the section kafka.
    """
    context = Context.of(ctx)
    Admin(context.settings.connection("consumer"), timeout=PATIENCE)  # librdkafka refuses properties that do not exist
    shown = list(entries(context.settings))
    for key in keys or ():
        if not any(_within(entry, key) for entry in shown):
            raise typer.BadParameter(f"there is no setting {cut(key)}", param_hint="KEY")
    chosen = [entry for entry in shown if not keys or any(_within(entry, key) for key in keys)]
    context.reporter.result(json.dumps(list(map(_record, chosen)), indent=2) if as_json else _table(chosen))


def _within(entry: Entry, key: str) -> bool:
    name = ".".join(entry.path)
    return name == key or name.startswith(f"{key}.")


def _record(entry: Entry) -> dict[str, object]:
    return {
        "key": ".".join(entry.path),
        "value": _plain(entry.value),
        "origin": entry.origin.kind,
        "location": entry.origin.location or None,
    }


def _table(shown: Sequence[Entry]) -> str:
    rows = [
        (".".join(entry.path), cut(printable(_text(entry.value)), _LONGEST), printable(str(entry.origin)))
        for entry in shown
    ]
    return table(("KEY", "VALUE", "FROM"), rows)


def _text(value: object) -> str:
    """A value as it is written in the file."""
    plain = _plain(value)
    if isinstance(plain, str):
        return plain
    return re.sub(r'"([\w.-]+)"', r"\1", json.dumps(plain, ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
