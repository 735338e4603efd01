"""``stockstream sql``: asks the durable tables, and shows the result or writes it to a file."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stockstream.cli import outputs
from stockstream.cli.context import Context
from stockstream.cli.option_groups import grouped
from stockstream.cli.outputs import ForceOption
from stockstream.cli.panels import FILES
from stockstream.cli.reporter import Reporter
from stockstream.cli.sql.results import ResultOptions, printing
from stockstream.cli.table_places import TablesOption
from stockstream.errors import StockstreamError
from stockstream.tables.extra import require_lake

if TYPE_CHECKING:  # DuckDB and pyarrow are slow to import, and an extra
    from stockstream.tables.query import Sink
    from stockstream.tables.sql import Database


@grouped(result=ResultOptions)
def sql(
    ctx: typer.Context,
    statement: Annotated[
        str | None,
        typer.Argument(metavar="STATEMENT", help="What to ask, - for stdin; without it a prompt opens in a terminal."),
    ] = None,
    tables: TablesOption = None,
    parquet: Annotated[
        Path | None,
        typer.Option("--parquet", metavar="FILE", help="Write the result as Parquet.", rich_help_panel=FILES),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", help="Draw the result, a line a column.", rich_help_panel=FILES),
    ] = None,
    force: ForceOption = False,
    *,
    result: ResultOptions,
) -> None:
    """Ask the durable tables in SQL (DuckDB's), which can only be read.

    There are bars, flights, flights_per_day and alerts, as far as they are stored, and each indicator is a function:
    SELECT * FROM bollinger('AAPL', period := 20, width := 2.0).
    Behind its parameters come interval, feed and resample. SHOW TABLES and DESCRIBE bars say what there is.
    """
    context = Context.of(ctx)
    files = _Files(parquet, plot)
    result.check()
    files.check(force=force)
    require_lake()
    from stockstream.tables.location import Location
    from stockstream.tables.sql import open_database
    from stockstream.tables.statements import only_statement

    piped = statement is None and not sys.stdin.isatty()
    text = _piped() if piped or statement == "-" else statement
    if text is None and (result.for_programs or files.named):
        raise typer.BadParameter("what is to be written? name a statement", param_hint="STATEMENT")
    if text is not None:
        only_statement(text)
    with open_database(Location.chosen(tables, context.settings)) as database:
        if text is not None:
            _show(database, text, result, files, context.reporter)
            return
        from stockstream.cli.sql.prompt import Prompt

        Prompt(database, context.settings.state_dir / "sql-history", result.rows, context.reporter).run()


@dataclass(frozen=True)
class _Files:
    """The files that a result is written to."""

    parquet: Path | None
    plot: Path | None

    @property
    def named(self) -> bool:
        """Whether there is any."""
        return self.parquet is not None or self.plot is not None

    def check(self, *, force: bool) -> None:
        """Refuse files that cannot be written. Raises typer.BadParameter."""
        outputs.check(self.parquet, outputs.PARQUET, "--parquet", force=force)
        outputs.check(self.plot, outputs.PICTURE, "--plot", force=force)


def _show(database: Database, text: str, result: ResultOptions, files: _Files, reporter: Reporter) -> None:
    """Ask, and write the result to files, or print it."""
    from stockstream.cli.sql.sinks import ParquetSink
    from stockstream.tables.query import run

    sinks: list[Sink] = []
    written = None
    with ExitStack() as stack:
        if files.parquet is not None:
            written = ParquetSink(files.parquet, stack)
            sinks.append(written)
        if files.plot is not None:
            from stockstream.cli.sql.plot import PlotSink

            sinks.append(PlotSink(files.plot, database, text))
        if result.for_programs or not sinks:
            sinks.insert(0, result.sink(reporter))
        with printing():
            run(database, text, sinks)
    if written is not None:
        reporter.note(f"wrote {files.parquet}: {written.rows:,} row{'' if written.rows == 1 else 's'}")
    if files.plot is not None:
        reporter.note(f"wrote {files.plot}")


def _piped() -> str:
    """What stdin has. Raises `StockstreamError` if it is no text."""
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise StockstreamError("what stdin has is no text in UTF-8") from error
