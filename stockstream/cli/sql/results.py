"""How the result of a statement is shown: options that ``sql`` and ``cloud sql`` share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from stockstream.cli.panels import ROWS
from stockstream.cli.reporter import Reporter
from stockstream.cli.text import screen

if TYPE_CHECKING:  # pyarrow is slow to import, and an extra
    from stockstream.tables.query import Sink

SHOWN: Final = 40
"""Rows of a table that are shown unless the user says otherwise."""


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """How a result is printed."""

    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the result as CSV, with all digits.", rich_help_panel=ROWS)
    ] = False
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for programs.", rich_help_panel=ROWS)
    ] = False
    rows: Annotated[
        int, typer.Option("--rows", min=0, metavar="N", help="Rows of a table to show; 0: all.", rich_help_panel=ROWS)
    ] = SHOWN

    @property
    def for_programs(self) -> bool:
        """Whether the result is for programs, and not a table for people."""
        return self.as_csv or self.as_json

    def check(self) -> None:
        """Refuse options that exclude each other. Raises typer.BadParameter."""
        if self.as_csv and self.as_json:
            raise typer.BadParameter("--csv and --json exclude each other", param_hint="--json")

    def sink(self, reporter: Reporter) -> Sink:
        """Where the result goes."""
        from stockstream.cli.sql.sinks import CsvSink, JsonSink, TableSink

        if self.for_programs:
            return CsvSink() if self.as_csv else JsonSink()
        return TableSink(reporter.result, self.rows, screen())


@contextmanager
def printing() -> Iterator[None]:
    """A block that prints a result. Raises typer.Exit where its reader, such as ``head``, has had enough."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
