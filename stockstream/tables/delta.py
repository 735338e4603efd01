"""Writing of a Delta table: rows and the positions in Kafka after them in one commit, each row once."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Protocol
from uuid import uuid4

import pyarrow as pa
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import TableNotFoundError

from stockstream.errors import Overtaken, TableError
from stockstream.tables.access import refuse_unreadable
from stockstream.tables.attempts import FIRST_PAUSE, TRIES, Sleep, attempt
from stockstream.tables.claim import Claim
from stockstream.tables.location import Location
from stockstream.tables.panics import panics_logged
from stockstream.tables.refusals import FAILURES, is_passing, plain, translated, translation
from stockstream.tables.schema import DATE, AnyTable

LOG: Final = logging.getLogger(__name__)

_RACES: Final = 100
"""Commits of other writers that a commit may lose against before it fails."""

_WRITER: Final = "stockstream.writer"
"""What the log says of a commit: who made it."""

_CONFIGURATION: Final = {"delta.checkpointInterval": "100"}


class Described(Protocol):
    """A table as far as its files go."""

    @property
    def name(self) -> str:
        """Its name, and that of its folder."""

    @property
    def schema(self) -> pa.Schema:
        """Its columns."""


def opened(table: Described, location: Location) -> DeltaTable | None:
    """The table as it is now; None if it does not exist. Raises TableError."""
    uri = location.uri(table.name)
    with translated("read the table", uri):
        try:
            return DeltaTable(uri, storage_options=location.storage_options())
        except TableNotFoundError:
            refuse_unreadable(location, table.name)
            return None


def application(topic: str, topic_id: str, partition: int) -> str:
    """Name of the application transaction whose version is the next offset of a partition to be stored.

    It belongs to the topic's id, so that a topic that was made anew is stored from its start.
    """
    return f"stockstream/{topic}/{topic_id}/{partition}"


def introduce(table: AnyTable, location: Location, claim: Claim, *, sleep: Sleep = time.sleep) -> None:
    """Note in a table, which is made if it is missing, that a writer of batches begins; one that has begun is known.

    ``sleep`` waits between two attempts. Raises TableError if the table cannot be read or written, or does not know a
    writer that has begun.
    """
    name = f"stockstream/{claim.writer}"
    uri = location.uri(table.name)

    def is_known() -> bool:
        there = opened(table, location)
        return there is not None and there.transaction_version(name) is not None

    def note() -> None:
        claim.refuse_missing(uri)
        handle = opened(table, location) or _made(table, location)
        nothing = pa.schema(handle.schema().to_arrow()).empty_table()
        known = CommitProperties(app_transactions=[Transaction(name, 0)], max_commit_retries=_RACES)
        write_deltalake(handle, nothing, mode="append", commit_properties=known)

    attempt(note, is_known, uri, sleep)


def _made(table: AnyTable, location: Location) -> DeltaTable:
    """Make a table. Raises TableError."""
    try:
        if location.folder is not None:
            location.folder.mkdir(parents=True, exist_ok=True)
        return DeltaTable.create(
            location.uri(table.name),
            table.schema,
            partition_by=[DATE],
            name=table.name,
            configuration=_CONFIGURATION,
            storage_options=location.storage_options(),
        )
    except FAILURES as error:
        # Another process may have made it in the meantime, or the answer to us was lost.
        with suppress(TableError):
            if (there := opened(table, location)) is not None:
                return there
        raise translation(error, "make the table", location.uri(table.name)) from error


def file_properties(table: Described) -> WriterProperties:
    """How the files of a table are encoded: whole numbers as differences, in two thirds of a dictionary's bytes."""
    differences = ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED")
    return WriterProperties(
        compression="SNAPPY",  # without it there would be none
        column_properties={field.name: differences for field in table.schema if pa.types.is_integer(field.type)},
    )


class DeltaWriter:
    """Appends the records of a topic to its table, which is created if it is missing.

    The position of each partition is read from the handle that also commits. A writer that was overtaken, such as a
    process that hung while another one took its place, is refused: its handle does not know the other's commits.

    Parameters
    ----------
    table
        The table.
    location
        Folder of the tables.
    topic_id
        Id of the topic.
    sleep
        Waits between two tries.

    Raises
    ------
    TableError
        The table cannot be read or made, or has columns of other types.
    """

    def __init__(self, table: AnyTable, location: Location, topic_id: str, *, sleep: Sleep = time.sleep) -> None:
        self._table = table
        self._location = location
        self._topic_id = topic_id
        self._sleep = sleep
        self._positions: dict[int, int | None] = {}
        self.uri = location.uri(table.name)
        self._name = uuid4().hex
        self._handle = opened(table, location) or _made(table, location)
        self._known = self._handle.version()
        self._differs = self._compared()

    @property
    def version(self) -> int:
        """Version of the table, as far as this writer knows it."""
        return self._handle.version()

    def position(self, partition: int) -> int | None:
        """The next offset of a partition to be stored; None if nothing of it was stored yet."""
        if partition not in self._positions:
            self._positions[partition] = self._stored(partition)
        return self._positions[partition]

    def append(self, rows: pa.Table, ends: Mapping[int, int]) -> None:
        """Append rows that begin at the positions, and commit the positions after them.

        The same call can be repeated after any failure, or an interruption: what is committed is not committed again.

        Parameters
        ----------
        rows
            The rows, with the columns of the table.
        ends
            The offset after the last row of each partition that has any.

        Raises
        ------
        Overtaken
            Another process has stored rows of these partitions.
        TableError
            The table cannot be written; nothing of these rows was.
        """
        with panics_logged(self._location):
            self._append(rows, ends)
        self._positions |= ends
        self._known = self._handle.version()

    def _append(self, rows: pa.Table, ends: Mapping[int, int]) -> None:
        pause = FIRST_PAUSE
        for number in range(1, TRIES + 1):
            try:
                if not self._is_committed(ends):
                    self._commit(rows, ends)
                break
            except FAILURES as error:
                # The commit may have succeeded all the same: its answer can get lost, or what follows it can fail.
                LOG.warning("%s: a commit failed: %s", self.uri, plain(error))
                if number == TRIES or not is_passing(error):
                    with suppress(*FAILURES):
                        if self._reloaded() and self._is_committed(ends):
                            break
                    raise translation(error, "write to the table", self.uri) from error
                self._sleep(pause)
                pause *= 2
                self._reloaded()

    def confirm(self, ends: Mapping[int, int]) -> None:
        """Read the log again, and raise Overtaken if another process has stored rows of these partitions."""
        self._reloaded()
        with translated("read the log of", self.uri):
            self._is_committed(ends)

    def _commit(self, rows: pa.Table, ends: Mapping[int, int]) -> None:
        transactions = [
            Transaction(application(self._table.topic.name, self._topic_id, number), end)
            for number, end in ends.items()
        ]
        write_deltalake(
            self._handle,
            rows,
            mode="append",
            schema_mode="merge" if self._differs else None,
            writer_properties=file_properties(self._table),
            commit_properties=CommitProperties(
                custom_metadata={_WRITER: self._name}, app_transactions=transactions, max_commit_retries=_RACES
            ),
        )

    def _is_committed(self, ends: Mapping[int, int]) -> bool:
        """Whether this writer has stored these rows already. Raises Overtaken if another one has, or others are.

        Raises `FAILURES` if it cannot be read.
        """
        # delta-rs takes a version below the present one from a handle that knows it: what it holds is compared first.
        stored = {number: self._stored(number) for number in ends}
        if stored == {number: self.position(number) for number in ends}:
            return False
        if stored == dict(ends) and self._is_among_new_commits():
            return True
        raise Overtaken(
            f"another process stores {self._table.topic.name} in {self.uri}",
            hint="one of them is enough; several can share the partitions by --partitions",
        )

    def _is_among_new_commits(self) -> bool:
        """Whether this writer made one of the commits that it does not know of: of two in step both have the ends."""
        commits = self._handle.history(max(1, self._handle.version() - self._known))
        return any(commit.get(_WRITER) == self._name for commit in commits)

    def _stored(self, partition: int) -> int | None:
        return self._handle.transaction_version(application(self._table.topic.name, self._topic_id, partition))

    def _reloaded(self) -> bool:
        """Read the table's state again; returns whether it could be read."""
        with suppress(*FAILURES):
            self._handle = DeltaTable(self.uri, storage_options=self._location.storage_options())
            return True
        return False

    def _compared(self) -> bool:
        """Whether the table lacks columns of ours, or has others. Raises TableError if one is of another type."""
        with translated("read the table", self.uri):
            there = pa.schema(self._handle.schema().to_arrow())
        if self._handle.metadata().partition_columns != [DATE]:
            raise TableError(
                f"{self.uri} is another table: it is not partitioned by {DATE}", hint="name another folder"
            )
        for field in self._table.schema:
            if field.name in there.names and not _same_type(there.field(field.name).type, field.type):
                told = f"its column {field.name} is of type {there.field(field.name).type}, not {field.type}"
                raise TableError(f"{self.uri} is another table: {told}", hint="name another folder")
        return set(there.names) != set(self._table.schema.names)


def _same_type(one: pa.DataType, other: pa.DataType) -> bool:
    if pa.types.is_list(one) and pa.types.is_list(other):
        return _same_type(one.value_type, other.value_type)
    return bool(one == other)
