"""A table as it is at one moment: its files as an Arrow dataset that skips those which a filter excludes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from math import isqrt
from operator import and_
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow import fs

from stockstream.tables.access import refuse_unreadable
from stockstream.tables.location import Location
from stockstream.tables.refusals import translated
from stockstream.tables.schema import DATE

_BOUNDED: Final = ("time", "symbol")
"""Columns whose bounds are kept for each file. Comparing those of all columns, as delta-rs gives them, takes longer
than reading the files that they exclude."""

_CUT: Final = timedelta(microseconds=999)
"""The most by which the upper bound of a time is too low: bounds are cut to milliseconds."""


@dataclass(frozen=True)
class Snapshot:
    """A table at one version.

    Attributes
    ----------
    name
        Name of the table.
    table
        It, of delta-rs.
    dataset
        Its rows, files in the order of their date and their first time.
    constants
        The columns that have one value in all rows, and that value; those of which this is not known are left out.
    """

    name: str
    table: DeltaTable
    dataset: ds.Dataset
    constants: Mapping[str, Any]

    @staticmethod
    def of(location: Location, name: str) -> Snapshot | None:
        """The newest version of a table; None if there is no such table. Raises TableError."""
        uri, options = location.uri(name), location.storage_options()
        with translated("read the table", uri):
            try:
                table = DeltaTable(uri, storage_options=options)
            except TableNotFoundError:
                refuse_unreadable(location, name)
                return None
            files = pa.table(table.get_add_actions(flatten=True))
            schema = pa.schema(table.schema().to_arrow())
        if location.folder is not None:
            # Arrow's own, whose threads know nothing of Python.
            filesystem: fs.FileSystem = fs.SubTreeFileSystem(uri, fs.LocalFileSystem())
        else:
            sizes = dict(zip(files["path"].to_pylist(), files["size_bytes"].to_pylist(), strict=True))
            filesystem = fs.PyFileSystem(DeltaStorageHandler(uri, options, sizes))
        return Snapshot(name, table, _dataset(files, schema, filesystem), _constants(files, schema))

    def largest(self, name: str) -> list[int]:
        """The largest value of a column in each file that knows it."""
        files = pa.table(self.table.get_add_actions(flatten=True))
        column = f"max.{name}"
        return [] if column not in files.column_names else files[column].drop_null().to_pylist()

    def has(self, name: str, value: str) -> bool:
        """Whether a row has this text in a column."""
        if name in self.constants:
            return bool(self.constants[name] == value)
        return bool(self.dataset.head(1, columns=[name], filter=pc.field(name) == value).num_rows)


def _dataset(files: pa.Table, schema: pa.Schema, filesystem: fs.FileSystem) -> ds.Dataset:
    """The files as fragments, each with what is known of its rows."""
    form = ds.ParquetFileFormat()
    names = [name for name in _BOUNDED if f"min.{name}" in files.column_names]
    wanted = ["path", "size_bytes", f"partition.{DATE}", *(f"{end}.{name}" for name in names for end in ("min", "max"))]
    rows = files.select([name for name in wanted if name in files.column_names]).to_pylist()
    day = f"partition.{DATE}"
    rows.sort(key=lambda row: (str(row.get(day)), str(row.get("min.time")), row["path"]))
    step = max(1, isqrt(len(rows)))
    fragments = []
    for group in (rows[first : first + step] for first in range(0, len(rows), step)):
        # Arrow compares what files have in common once: so it looks at a few groups, and at the files of one.
        common = _bounds(group, names, schema)
        fragments += [
            form.make_fragment(
                unquote(row["path"]), filesystem, reduce(and_, common + _known(row, names, schema)),
                file_size=row["size_bytes"],
            )
            for row in group
        ]  # fmt: skip
    return ds.FileSystemDataset(fragments, schema, form, filesystem)


def _known(row: Mapping[str, Any], names: Sequence[str], schema: pa.Schema) -> list[pc.Expression]:
    """What is true of all rows of a file."""
    day = row.get(f"partition.{DATE}")
    known = pc.field(DATE).is_null() if day is None else pc.field(DATE) == pa.scalar(day, pa.date32())
    return [known, *_bounds([row], names, schema)]


def _bounds(rows: Sequence[Mapping[str, Any]], names: Sequence[str], schema: pa.Schema) -> list[pc.Expression]:
    """The bounds of the rows of some files, as far as all of them are known."""
    found = []
    ends = {name: (f"min.{name}", f"max.{name}") for name in names}
    if len(rows) > 1:
        ends = {DATE: (f"partition.{DATE}",) * 2} | ends
    for name, (low, high) in ends.items():
        kind = schema.field(name).type
        known = [(row[low], row[high]) for row in rows if row.get(low) is not None and row.get(high) is not None]
        if len(known) == len(rows):
            largest = max(high for _, high in known)
            largest = largest + _CUT if pa.types.is_timestamp(kind) else largest
            smallest = min(low for low, _ in known)
            found += [pc.field(name) >= pa.scalar(smallest, kind), pc.field(name) <= pa.scalar(largest, kind)]
    return found


def _constants(files: pa.Table, schema: pa.Schema) -> dict[str, object]:
    """The columns whose bounds are the same in all files and which are nowhere NULL, and those that are NULL only."""
    found = {}
    rows = files["num_records"].to_pylist()
    for field in schema:
        parts = [f"{part}.{field.name}" for part in ("min", "max", "null_count")]
        if not all(part in files.column_names for part in parts) or not _exact(field.type):
            continue
        low, high, nulls = (files[part].to_pylist() for part in parts)
        values = {*low, *high}
        if len(values) == 1 and None not in values and set(nulls) == {0}:
            found[field.name] = values.pop()
        elif rows and None not in rows and nulls == rows:
            found[field.name] = None
    return found


def _exact(kind: pa.DataType) -> bool:
    """Whether equal bounds are those of one value: those of a time are cut, and NaN is in no bound."""
    return bool(pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_integer(kind))
