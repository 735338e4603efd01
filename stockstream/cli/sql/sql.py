"""``stockstream sql``: asks the durable tables, and shows the result or writes it to a file."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from stockstream.cli import checked, outputs
from stockstream.cli.context import Context
from stockstream.cli.outputs import ForceOption
from stockstream.cli.panels import FILES, ROWS
from stockstream.errors import StockstreamError
from stockstream.tables.extra import require_lake

if TYPE_CHECKING:  # DuckDB and pyarrow are slow to import, and an extra
    from stockstream.tables.query import Sink

_SHOWN: Final = 40

TablesOption = Annotated[
    str | None,
    typer.Option(
        "--tables",
        metavar="DIR|s3://BUCKET/PREFIX",
        callback=checked.tables,
        help="The folder of the tables; default: tables.dir of the settings.",
        rich_help_panel=FILES,
    ),
]


def sql(
    ctx: typer.Context,
    statement: Annotated[
        str | None,
        typer.Argument(metavar="STATEMENT", help="What to ask, - for stdin; without it a prompt opens in a terminal."),
    ] = None,
    tables: TablesOption = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the result as CSV, with all digits.", rich_help_panel=ROWS)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for programs.", rich_help_panel=ROWS)
    ] = False,
    rows: Annotated[
        int, typer.Option("--rows", min=0, metavar="N", help="Rows of a table to show; 0: all.", rich_help_panel=ROWS)
    ] = _SHOWN,
    parquet: Annotated[
        Path | None,
        typer.Option("--parquet", metavar="FILE", help="Write the result as Parquet.", rich_help_panel=FILES),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", help="Draw the result, a line a column.", rich_help_panel=FILES),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Ask the durable tables in SQL (DuckDB's), which can only be read.

    There are bars, flights, flights_per_day and alerts, as far as they are stored, and each indicator is a function:
    SELECT * FROM bollinger('AAPL', period := 20, width := 2.0).
    Behind its parameters come interval, feed and resample. SHOW TABLES and DESCRIBE bars say what there is.
    """
    context = Context.of(ctx)
    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json exclude each other", param_hint="--json")
    outputs.check(parquet, outputs.PARQUET, "--parquet", force=force)
    outputs.check(plot, outputs.PICTURE, "--plot", force=force)
    require_lake()
    from stockstream.cli.sql.sinks import CsvSink, JsonSink, ParquetSink, TableSink
    from stockstream.tables.location import Location
    from stockstream.tables.query import run
    from stockstream.tables.sql import open_database
    from stockstream.tables.statements import only_statement

    piped = statement is None and not sys.stdin.isatty()
    text = _piped() if piped or statement == "-" else statement
    if text is None and (as_csv or as_json or parquet is not None or plot is not None):
        raise typer.BadParameter("what is to be written? name a statement", param_hint="STATEMENT")
    if text is not None:
        only_statement(text)
    with open_database(Location.chosen(tables, context.settings)) as database, ExitStack() as stack:
        if text is None:
            from stockstream.cli.sql.prompt import Prompt

            Prompt(database, context.settings.state_dir / "sql-history", rows, context.reporter).run()
            return
        sinks: list[Sink] = [CsvSink()] if as_csv else [JsonSink()] if as_json else []
        written = ParquetSink(parquet, stack) if parquet is not None else None
        if written is not None:
            sinks.append(written)
        if plot is not None:
            from stockstream.cli.sql.plot import PlotSink

            sinks.append(PlotSink(plot, database, text))
        if not sinks:
            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
            sinks.append(TableSink(context.reporter.result, rows, width))
        try:
            run(database, text, sinks)
        except BrokenPipeError:  # of `| head`, which has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
    if written is not None:
        context.reporter.note(f"wrote {parquet}: {written.rows:,} rows")
    if plot is not None:
        context.reporter.note(f"wrote {plot}")


def _piped() -> str:
    """What stdin has. Raises `StockstreamError` if it is no text."""
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise StockstreamError("what stdin has is no text in UTF-8") from error
