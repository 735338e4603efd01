"""``stockstream cloud sql``: a statement that Athena runs over the tables in S3."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from stockstream.cli.cloud.options import Database, Place, Region
from stockstream.cli.context import Context
from stockstream.cli.panels import ROWS
from stockstream.cli.text import BYTES, size
from stockstream.cloud.clients import Session, require_aws
from stockstream.errors import CloudError

if TYPE_CHECKING:  # pyarrow is slow to import, and an extra
    from stockstream.cloud.athena import Execution, Query
    from stockstream.tables.query import Sink

_SHOWN: Final = 40


def sql(
    ctx: typer.Context,
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="What to ask, in Athena's SQL; - for stdin.")],
    to: Place = None,
    database: Database = None,
    region: Region = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the result as CSV, with all digits.", rich_help_panel=ROWS)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for programs.", rich_help_panel=ROWS)
    ] = False,
    rows: Annotated[
        int, typer.Option("--rows", min=0, metavar="N", help="Rows of a table to show; 0: all.", rich_help_panel=ROWS)
    ] = _SHOWN,
) -> None:
    """Ask the tables in S3 by Athena: stored_bars and stored_flights, which `cloud catalog` registers.

    What the query scanned, and its price, is reported. Ctrl-C cancels it in Athena, too.
    """
    context = Context.of(ctx)
    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json exclude each other", param_hint="--json")
    text = sys.stdin.read() if statement == "-" else statement
    if not text.strip():
        raise typer.BadParameter("the statement is empty", param_hint="STATEMENT")
    require_aws()
    from stockstream.cli.sql.sinks import CsvSink, JsonSink, TableSink
    from stockstream.cloud.athena import Query
    from stockstream.cloud.deployment import Deployment

    names = Deployment.chosen(to, database, context.settings)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    sink = CsvSink() if as_csv else JsonSink() if as_json else TableSink(context.reporter.result, rows, width)
    query = Query.start(Session(region).athena(), names, text)
    done = _awaited(query, context)
    try:
        _show(query, sink)
    except BrokenPipeError:  # of `| head`, which has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    finally:  # the query is paid, whether its result can be shown or not
        context.reporter.note(_price(done))


def _awaited(query: Query, context: Context) -> Execution:
    began = time.monotonic()

    def on_look(found: Execution) -> None:
        rate = found.scanned / max(0.001, time.monotonic() - began)
        context.reporter.progress(found.scanned, None, rate, f"Athena: {found.state.lower()}{BYTES}")

    try:
        return query.wait(on_look)
    except KeyboardInterrupt:
        context.reporter.close()
        context.reporter.note("the query is cancelled in Athena; what it has scanned so far is paid")
        raise
    finally:
        context.reporter.close()


def _show(query: Query, sink: Sink) -> None:
    from stockstream.cloud.cells import batch_of, schema_of

    begun = False
    for columns, page in query.rows():
        if not begun:
            sink.begin(schema_of(columns))
            begun = True
        try:
            sink.take(batch_of(columns, page))
        except ValueError as error:
            raise CloudError(f"Athena's result cannot be read: {error}") from error
    sink.finish()


def _price(done: Execution) -> str:
    from stockstream.cloud.cost import Prices

    prices = Prices.listed()
    price = f"{prices.scan(done.scanned):.6f} {prices.currency} at the prices of {prices.date}"
    return f"query {done.id} scanned {size(done.scanned)}: {price}"
