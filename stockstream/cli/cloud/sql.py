"""``stockstream cloud sql``: a statement that Athena runs over the tables in S3."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from stockstream.cli.cloud.options import Database, Region
from stockstream.cli.context import Context
from stockstream.cli.option_groups import grouped
from stockstream.cli.sql.results import ResultOptions, printing
from stockstream.cli.table_places import BucketOption
from stockstream.cli.text import BYTES, size
from stockstream.cloud.clients import Session, require_aws
from stockstream.errors import CloudError

if TYPE_CHECKING:  # pyarrow is slow to import, and an extra
    from stockstream.cloud.athena import Execution, Query
    from stockstream.tables.query import Sink


@grouped(result=ResultOptions)
def sql(
    ctx: typer.Context,
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="What to ask, in Athena's SQL; - for stdin.")],
    to: BucketOption = None,
    database: Database = None,
    region: Region = None,
    *,
    result: ResultOptions,
) -> None:
    """Ask the tables in S3 by Athena: stored_bars and stored_flights, which `cloud catalog` registers.

    What the query scanned, and its price, is reported. Ctrl-C cancels it in Athena, too.
    """
    context = Context.of(ctx)
    result.check()
    text = sys.stdin.read() if statement == "-" else statement
    if not text.strip():
        raise typer.BadParameter("the statement is empty", param_hint="STATEMENT")
    require_aws()
    from stockstream.cloud.athena import Query
    from stockstream.cloud.deployment import Deployment

    names = Deployment.chosen(to, database, context.settings)
    sink = result.sink(context.reporter)
    query = Query.start(Session(region).athena(), names, text)
    done = _awaited(query, context)
    try:
        with printing():
            _show(query, sink)
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
