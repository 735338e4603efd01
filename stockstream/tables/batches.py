"""Tables that are written in numbered batches, each batch once: Delta tables, or Parquet files with a manifest.

Who writes has an id, and numbers its batches. A batch that is written again, after whatever ended the process, is found
to be there already (Delta: an application transaction), or takes the place of what there was of it (Parquet: its
file has the batch's number).

One writer at a time: a Delta table names all that it had, and the last of them may write. A new one, whose checkpoint
begins, takes the table over; its rows take the place of equal ones. A Parquet table has one for its life.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Final, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import TableNotFoundError

from stockstream.errors import Overtaken, TableError
from stockstream.tables.attempts import Sleep, attempt
from stockstream.tables.claim import ANEW, Claim, Owners
from stockstream.tables.location import Location
from stockstream.tables.maintenance import Maintenance
from stockstream.tables.objects import Objects
from stockstream.tables.refusals import FAILURES, translated, translation
from stockstream.tables.schema import TOPIC_ID

LOG: Final = logging.getLogger(__name__)

MANIFEST: Final = "manifest.json"
"""The file that names the files of a table, in the order of its batches."""

_RACES: Final = 100


@dataclass(frozen=True)
class Layout:
    """A table that is written in batches.

    Attributes
    ----------
    name
        Its name, and that of its folder.
    schema
        Its columns.
    partition
        The column by which it is divided; None for none.
    key
        Columns by which a row takes the place of a former one; none if rows are only added.
    order
        The column that is higher in the row that counts, where several writers have made rows of the same messages;
        none if the row that is written last counts.
    time
        A column of the key by which most of the table need not be looked at.
    lane
        The column in whose equal values ``order`` counts, as offsets do in a partition; none if it counts in all.
    """

    name: str
    schema: pa.Schema
    partition: str | None = None
    key: tuple[str, ...] = ()
    order: str = ""
    time: str = ""
    lane: str = ""

    @property
    def bound(self) -> bool:
        """Whether the table belongs to one topic: its rows do not name theirs."""
        return TOPIC_ID not in self.schema.names


class BatchWriter(Protocol):
    """Writes the batches of a table."""

    def write(self, number: int, rows: pa.Table, *, adds: bool) -> None:
        """Write a batch, unless it is written already; ``adds`` if no row takes the place of one.

        Raises TableError; it is Overtaken where another one writes.
        """


class DeltaBatches:
    """A Delta table that is written in batches.

    Parameters
    ----------
    layout
        The table, which is made if it is missing.
    location
        Folder of the tables.
    claim
        Who writes, and of what.
    care
        Joins small files and deletes old ones after commits; None for nobody.
    sleep
        Waits between two tries.

    Raises
    ------
    TableError
        The table cannot be read or made, has other columns, or is that of another job; or it is not there any more, or
        the topic lacks messages that its rows are made of. Overtaken: another writer has gone on with it.
    """

    def __init__(
        self,
        layout: Layout,
        location: Location,
        claim: Claim,
        *,
        care: Maintenance | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._layout = layout
        self._location = location
        self._claim = claim
        self._care = care
        self._sleep = sleep
        self.uri = location.uri(layout.name)
        self._handle = self._opened_or_made()
        _refuse_other(self.uri, pa.schema(self._handle.schema().to_arrow()), layout.schema)
        self._is_sole = not self._written_by(self._claimed().writers[:-1])

    @property
    def version(self) -> int:
        """Version of the table."""
        return int(self._handle.version())

    def write(self, number: int, rows: pa.Table, *, adds: bool) -> None:
        """As `BatchWriter.write`.

        Rows of another writer may be there, too, such as those that were made of the same messages before a checkpoint
        was lost: then rows never just add.
        """
        if not len(rows):
            return
        rows = rows.cast(self._layout.schema)
        before = self.version
        attempt(partial(self._commit, number, rows, adds=adds), partial(self._is_there, number), self.uri, self._sleep)
        if self._care is not None:
            self._care.after_commit(before, self.version)

    def _is_there(self, number: int) -> bool:
        """Whether a batch is written. Raises TableError where another one writes, or has written a later batch."""
        self._reloaded_owners().refuse_others(self._claim.writer, self.uri)
        stored = self._handle.transaction_version(_application(self._claim.writer))
        if stored is None:
            return False
        _refuse_later(self.uri, stored, number)
        return bool(stored == number)

    def _commit(self, number: int, rows: pa.Table, *, adds: bool) -> None:
        properties = CommitProperties(
            app_transactions=[Transaction(_application(self._claim.writer), number)], max_commit_retries=_RACES
        )
        if not self._layout.key or (adds and self._is_sole):
            write_deltalake(self._handle, rows, mode="append", commit_properties=properties)
            return
        columns = {name: f"s.`{name}`" for name in rows.column_names}
        merge = self._handle.merge(
            rows, self._match(rows), source_alias="s", target_alias="t", commit_properties=properties
        )
        merge.when_matched_update(columns, predicate=self._guard()).when_not_matched_insert(columns).execute()

    def _guard(self) -> str | None:
        """Which rows take the place of those with the same key; None for all.

        Rows of this writer alone come in their order. One that reads all messages again does not put the older row of a
        bar in the place of the newer one; where bars were sent to another partition since, the last one written counts.
        """
        layout = self._layout
        if self._is_sole or not layout.order:
            return None
        newer = f"s.`{layout.order}` >= t.`{layout.order}`"
        return f"s.`{layout.lane}` <> t.`{layout.lane}` OR {newer}" if layout.lane else newer

    def _owners(self) -> Owners:
        return Owners.of(self._handle.metadata().description, self.uri)

    def _written_by(self, writers: Iterable[str]) -> bool:
        return any(self._handle.transaction_version(_application(each)) is not None for each in writers)

    def _claimed(self) -> Owners:
        """Take the table, unless it is this writer's already."""
        found, me = self._owners(), self._claim.writer
        if self._layout.bound:
            found.refuse_other_job(self._claim, self.uri)
        if found.writers[-1] == me:
            return found
        if me in found.writers:
            if self._written_by(found.writers[found.writers.index(me) + 1 :]):
                found.refuse_others(me, self.uri)
        else:
            self._claim.refuse_missing(self.uri)
            if self._layout.bound and self._claim.lost and self._written_by(found.writers):
                raise TableError(
                    f"the topic holds its first {self._claim.lost:,} messages no longer: rows without them would take "
                    f"the place of those in {self.uri}",
                    hint=ANEW,
                )
        taken = found.with_last(me)

        def is_taken() -> bool:
            there = self._reloaded_owners()
            if there not in (found, taken):  # to be the last one would hide the rows of the other from this writer
                raise Overtaken(f"another job has just begun to write to {self.uri}", hint=ANEW)
            return there == taken

        change = partial(self._handle.alter.set_table_description, taken.description)
        attempt(change, is_taken, self.uri, self._sleep)
        return taken

    def _reloaded_owners(self) -> Owners:
        self._handle.update_incremental()
        return self._owners()

    def _match(self, rows: pa.Table) -> str:
        """The condition of equal keys, with the bounds by which delta-rs leaves out files."""
        layout = self._layout
        names = dict.fromkeys((*((layout.partition,) if layout.partition else ()), *layout.key))
        terms = [f"t.`{name}` = s.`{name}`" for name in names]
        if layout.partition is not None:
            found = pc.min_max(rows[layout.partition]).as_py()
            terms += [
                f"t.`{layout.partition}` >= date '{found['min']}'",
                f"t.`{layout.partition}` <= date '{found['max']}'",
            ]
        if layout.time:
            found = {side: each.astimezone(UTC) for side, each in pc.min_max(rows[layout.time]).as_py().items()}
            low, high = (f"timestamp '{found[side]:%Y-%m-%dT%H:%M:%S.%fZ}'" for side in ("min", "max"))
            terms += [f"t.`{layout.time}` >= {low}", f"t.`{layout.time}` <= {high}"]
        return " AND ".join(terms)

    def _opened_or_made(self) -> DeltaTable:
        options = self._location.storage_options()
        with translated("read the table", self.uri):
            try:
                return DeltaTable(self.uri, storage_options=options)
            except TableNotFoundError:
                self._claim.refuse_missing(self.uri)
        folder = self._location.folder
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            return DeltaTable.create(
                self.uri,
                self._layout.schema,
                partition_by=[self._layout.partition] if self._layout.partition else None,
                name=self._layout.name,
                description=Owners.first(self._claim).description,
                configuration={"delta.checkpointInterval": "100"},
                storage_options=options,
            )
        except FAILURES as error:
            # The answer may have been lost, or another one has made it.
            with suppress(*FAILURES):
                return DeltaTable(self.uri, storage_options=options)
            raise translation(error, "make the table", self.uri) from error


class _Manifest(msgspec.Struct):
    """The writer and the key of a table, and the number and rows of each batch that has any."""

    writer: str
    key: tuple[str, ...]
    batches: list[tuple[int, int]]


class ParquetBatches:
    """A table of Parquet files, one a batch; its manifest names them.

    A file is written as a whole, and then named by the manifest, which takes the place of the former one as a whole.
    `files` reads it: the folder may also hold a file that is not named yet.

    Parameters
    ----------
    layout
        The table.
    location
        Folder of the tables.
    claim
        Who writes. A table has one writer.

    Raises
    ------
    TableError
        The place cannot be used, or the table is another writer's, or has other columns, or is not there any more.
    """

    def __init__(self, layout: Layout, location: Location, claim: Claim) -> None:
        self._layout = layout
        self._objects = Objects(location, layout.name)
        self.uri = self._objects.uri
        found = _manifest(self._objects)
        if found is None or (found.writer != claim.writer and not found.batches):
            claim.refuse_missing(self.uri)
            found = _Manifest(claim.writer, layout.key, [])
            self._objects.write(MANIFEST, msgspec.json.encode(found))
        self._manifest = found
        if self._manifest.writer != claim.writer:
            raise TableError(
                f"{self.uri} was written with another checkpoint",
                hint="go on with that, or name another --to or --table",
            )
        if self._manifest.batches:
            first = pq.read_schema(pa.BufferReader(self._objects.read(_file(self._manifest.batches[0][0]))))
            _refuse_other(self.uri, first, layout.schema)

    def write(self, number: int, rows: pa.Table, *, adds: bool) -> None:  # noqa: ARG002 - as the protocol has it
        """As `BatchWriter.write`."""
        batches = self._manifest.batches
        if not len(rows):
            return
        if batches:
            _refuse_later(self.uri, batches[-1][0], number)
            if batches[-1][0] == number:
                return
        sink = pa.BufferOutputStream()
        pq.write_table(rows.cast(self._layout.schema), sink)
        self._objects.write(_file(number), sink.getvalue().to_pybytes())
        found = msgspec.structs.replace(self._manifest, batches=[*batches, (number, len(rows))])
        self._objects.write(MANIFEST, msgspec.json.encode(found))
        self._manifest = found


def parquet_rows(name: str, location: Location) -> pa.Table:
    """The rows of a table that `ParquetBatches` has written, of those with one key the last.

    Raises TableError if there is none, or it cannot be read.
    """
    objects = Objects(location, name)
    manifest = _manifest(objects)
    if manifest is None or not manifest.batches:
        raise TableError(f"{objects.uri} holds no table", hint=f"a table has a {MANIFEST}")
    found = pa.concat_tables(
        [pq.read_table(pa.BufferReader(objects.read(_file(number)))) for number, _ in manifest.batches]
    )
    if not manifest.key:
        return found
    numbered = found.append_column("row", pa.array(range(len(found)), pa.int64()))
    last = numbered.group_by(list(manifest.key)).aggregate([("row", "max")])["row_max"]
    return found.take(last.take(pc.sort_indices(last)))


def _manifest(objects: Objects) -> _Manifest | None:
    if MANIFEST not in objects.names():
        return None
    try:
        return msgspec.json.decode(objects.read(MANIFEST), type=_Manifest)
    except msgspec.MsgspecError as error:
        raise TableError(f"{objects.uri}/{MANIFEST} is damaged: {error}") from error


def _application(writer: str) -> str:
    """Name of the application transaction whose version is the number of a writer's last batch."""
    return f"stockstream/{writer}"


def _refuse_later(uri: str, stored: int, number: int) -> None:
    """Raise TableError if a table holds a later batch: only the last one can come again."""
    if stored > number:
        raise TableError(
            f"{uri} holds batch {stored} of this checkpoint already, which is at batch {number}: an older copy of it",
            hint="bring the newest checkpoint back, or start anew with another --checkpoint",
        )


def _file(number: int) -> str:
    return f"batch-{number:09}.parquet"


def _refuse_other(uri: str, there: pa.Schema, wanted: pa.Schema) -> None:
    """Raise TableError if a table has other columns."""
    if there.names != wanted.names:
        lacking, more = (sorted(set(a) - set(b)) for a, b in ((wanted.names, there.names), (there.names, wanted.names)))
        told = [f"it has no {', '.join(lacking)}"] if lacking else []
        told += [f"it has {', '.join(more)}"] if more else []
        raise TableError(
            f"{uri} is another table: {' and '.join(told) or 'its columns are in another order'}",
            hint="name another with --table",
        )
    for name in wanted.names:
        if there.field(name).type != wanted.field(name).type and not pa.types.is_list(wanted.field(name).type):
            told_type = f"its column {name} is of type {there.field(name).type}, not {wanted.field(name).type}"
            raise TableError(f"{uri} is another table: {told_type}", hint="name another with --table")
