"""``stockstream etl``: makes typed Parquet of the raw JSON lines that ``store --raw`` keeps."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import typer

from stockstream.cli.context import Context
from stockstream.cli.table_places import PlaceOption
from stockstream.tables.extra import require_lake


def etl(
    ctx: typer.Context,
    topic: Annotated[
        Literal["stocks", "flights", "alerts"], typer.Argument(metavar="TOPIC", help="stocks, flights or alerts.")
    ],
    to: PlaceOption = None,
) -> None:
    """Make typed Parquet of the raw JSON lines of a topic: a file of each file, and each once.

    Reads ``raw/TOPIC`` below the folder of the tables, and writes ``clean/TOPIC``. Lines that are no records are kept
    in ``refused/TOPIC``. What is done is not done again. A damaged file is passed, and the exit code is 1.
    """
    context = Context.of(ctx)
    require_lake()
    from stockstream.tables.etl import CLEAN, REFUSED
    from stockstream.tables.etl import etl as made_by
    from stockstream.tables.location import Location
    from stockstream.tables.schema import OF_TOPICS

    location, began = Location.chosen(to, context.settings), time.monotonic()
    done = 0

    def progress(number: int, total: int) -> None:
        nonlocal done
        done, seconds = number, time.monotonic() - began
        context.reporter.progress(number, total, number / seconds if seconds else 0.0, f"{topic}, files")

    try:
        made = made_by(OF_TOPICS[topic], location, progress)
    except KeyboardInterrupt:
        context.reporter.close()
        context.reporter.note(f"{topic}: stopped after {_files(done)}; the same command makes the rest")
        raise
    told = f"{topic}: {_files(made.files)} of {made.rows:,} rows made in {location.uri(f'{CLEAN}/{topic}')}"
    if made.refused:
        lines = (
            "1 line is no record, and is" if made.refused == 1 else f"{made.refused:,} lines are no records, and are"
        )
        told += f"; {lines} kept in {location.uri(f'{REFUSED}/{topic}')}"
    for each in made.damaged:
        context.reporter.warn(f"{each}; put a whole file in its place, or remove it, and run etl again")
    context.reporter.result(told)
    if made.damaged:
        raise typer.Exit(1)


def _files(number: int) -> str:
    return f"{number:,} file{'' if number == 1 else 's'}"
