"""Where results go: a table for people, CSV, JSON, a Parquet file."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from stockstream.cli.sql.cells import apart, csv_cell, numeric, plain, shown
from stockstream.files import MARK, replacing
from stockstream.names import cut, harmless

WIDEST: Final = 40
"""Signs of a cell that are shown."""

_GAP: Final = "  "
_LEAST: Final = 2
_MORE: Final = "..."

_PLAN: Final = ["explain_key", "explain_value"]
"""The columns of EXPLAIN, whose value is a drawing of many lines."""


class TableSink:
    """An aligned table of the first rows, and how many there are.

    Parameters
    ----------
    write
        Receives the text of each result.
    rows
        Rows to show; 0 for all.
    width
        Signs of a line; None for any number. Columns that do not fit are left out in the middle, and counted.
    """

    def __init__(self, write: Callable[[str], None], rows: int, width: int | None) -> None:
        self._write = write
        self._rows = rows
        self._width = width

    def begin(self, schema: pa.Schema) -> None:
        """As `Sink.begin`."""
        self._schema = schema
        self._lines: list[list[str]] = []
        self._plans: list[str] = []
        self._count = 0

    def take(self, batch: pa.RecordBatch) -> None:
        """As `Sink.take`."""
        room = batch.num_rows if not self._rows else max(0, self._rows - len(self._lines))
        columns = [
            batch.slice(0, room).column(place).to_pylist(maps_as_pydicts="lossy") for place in range(batch.num_columns)
        ]
        limit = WIDEST if self._width else 10_000
        self._lines += ([cut(shown(cell), limit) for cell in row] for row in zip(*columns, strict=True))
        self._count += batch.num_rows
        if self._schema.names == _PLAN:
            self._plans += batch.column(1).to_pylist()

    def finish(self) -> None:
        """As `Sink.finish`."""
        if self._schema.names == _PLAN:
            drawing = [harmless(line) for plan in self._plans for line in plan.splitlines()]
            self._write("\n".join(cut(line, self._width or len(line)) for line in drawing))
            return
        header = [cut(harmless(name), WIDEST) for name in self._schema.names]
        right = [numeric(kind) for kind in self._schema.types]
        kept = self._fitting(header)
        names = [header[place] if place is not None else _MORE for place in kept]
        lines = [[*names], *([_MORE if place is None else line[place] for place in kept] for line in self._lines)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        aligned = [place is not None and right[place] for place in kept]
        text = "\n".join(
            _GAP.join(_padded(*each) for each in zip(line, widths, aligned, strict=True)).rstrip() for line in lines
        )
        told = _count(self._count, len(self._lines))
        if None in kept:
            told = f"{told[:-1]}; {len(kept) - 1} of {len(header)} columns, the others do not fit)"
        self._write(f"{text}\n{told}")

    def _fitting(self, header: list[str]) -> list[int | None]:
        """The columns to show; None in place of those in the middle that do not fit."""
        every: list[int | None] = list(range(len(header)))
        widths = [max(map(len, column)) for column in zip(header, *self._lines, strict=True)]
        if self._width is None or sum(widths) + len(_GAP) * (len(widths) - 1) <= self._width:
            return every
        left: list[int] = []
        end: list[int] = []
        room = self._width - len(_MORE)
        first, last = 0, len(widths) - 1
        while first <= last:
            at_start = len(left) <= len(end)
            place = first if at_start else last
            if widths[place] + len(_GAP) > room and len(left) + len(end) >= _LEAST:
                break
            room -= widths[place] + len(_GAP)
            (left if at_start else end).append(place)
            first, last = (first + 1, last) if at_start else (first, last - 1)
        return [*left, *([None] if first <= last else []), *reversed(end)]


def _padded(cell: str, width: int, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)


def _count(rows: int, shown: int) -> str:
    """How many rows there are.

    >>> _count(1, 1), _count(1_234, 40)
    ('(1 row)', '(40 of 1,234 rows)')
    """
    told = f"{rows:,} row{'' if rows == 1 else 's'}"
    return f"({told})" if rows == shown else f"({shown:,} of {told})"


class CsvSink:
    """CSV on stdout: a header, then a line a row."""

    def begin(self, schema: pa.Schema) -> None:
        """As `Sink.begin`."""
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        self._writer.writerow(csv_cell(name) for name in apart(schema.names))

    def take(self, batch: pa.RecordBatch) -> None:
        """As `Sink.take`."""
        columns = [[csv_cell(cell) for cell in column.to_pylist(maps_as_pydicts="lossy")] for column in batch.columns]
        self._writer.writerows(zip(*columns, strict=True))

    def finish(self) -> None:
        """As `Sink.finish`."""
        sys.stdout.flush()


class JsonSink:
    """JSON on stdout: an array with an object a line."""

    def begin(self, schema: pa.Schema) -> None:
        """As `Sink.begin`."""
        self._names = apart(schema.names)
        self._first = True
        sys.stdout.write("[")

    def take(self, batch: pa.RecordBatch) -> None:
        """As `Sink.take`."""
        for row in zip(*(column.to_pylist(maps_as_pydicts="lossy") for column in batch.columns), strict=True):
            cells = {name: plain(cell) for name, cell in zip(self._names, row, strict=True)}
            sys.stdout.write(("\n" if self._first else ",\n") + harmless(json.dumps(cells, ensure_ascii=False)))
            self._first = False

    def finish(self) -> None:
        """As `Sink.finish`."""
        sys.stdout.write("\n]\n")
        sys.stdout.flush()


class ParquetSink:
    """A Parquet file, which is there once it is complete.

    Attributes
    ----------
    rows
        Number of rows written.
    """

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.rows = 0
        self._path = path
        self._stack = stack

    def begin(self, schema: pa.Schema) -> None:
        """As `Sink.begin`."""
        beside = self._stack.enter_context(replacing(self._path, hint="name another file with --parquet"))
        fields = [field.with_name(name) for field, name in zip(schema, apart(schema.names), strict=True)]
        marked = pa.schema(fields, {**(schema.metadata or {}), b"Software": MARK.encode()})
        self._writer = self._stack.enter_context(pq.ParquetWriter(beside, marked, compression="zstd"))

    def take(self, batch: pa.RecordBatch) -> None:
        """As `Sink.take`."""
        schema = self._writer.schema
        self._writer.write_batch(batch.rename_columns(schema.names).cast(schema))
        self.rows += batch.num_rows

    def finish(self) -> None:
        """As `Sink.finish`."""
