"""``stockstream schema``: prints the schema of a topic's records, for other programs."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from stockstream.cli.context import Invocation
from stockstream.schema import schema as schema_of


def schema(
    ctx: typer.Context,
    topic: Annotated[
        Literal["stocks", "flights", "alerts", "news"],
        typer.Argument(metavar="TOPIC", help="stocks, flights, alerts or news."),
    ],
) -> None:
    """Print the JSON Schema of a topic's records: types, units, and when a field is absent.

    Other programs can write such records to the topic, one JSON object a message. docs/schema.md has tables.
    """
    Invocation.of(ctx).reporter.result(json.dumps(schema_of(topic), indent=2))
