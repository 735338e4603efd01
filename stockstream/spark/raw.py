"""Job ``raw``: the records of a topic as typed rows, in the same table as ``stockstream store`` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from stockstream.spark.batch import Batch
from stockstream.spark.decoding import Reading, decoder
from stockstream.spark.job import Output
from stockstream.spark.schema import rows as columns
from stockstream.spark.schema import struct
from stockstream.spark.set_aside import divided, set_aside
from stockstream.tables.batches import Layout
from stockstream.tables.claim import Claim
from stockstream.tables.delta import DeltaWriter, introduce
from stockstream.tables.location import Location
from stockstream.tables.maintenance import Maintenance
from stockstream.tables.schema import DATE, OF_TOPICS, OFFSET, PARTITION, TOPIC_ID, AnyTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class RawJob:
    """Job ``raw``; see the module.

    Parameters
    ----------
    topic
        The topic to read.
    """

    name = "raw"
    mode = "append"

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.table: AnyTable = OF_TOPICS[topic]
        self._layout = Layout(self.table.name, self.table.schema, DATE)
        self._aside = set_aside(self.table.name, self.table)

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """The table of the topic, and that of messages that are no records."""
        return self._layout, self._aside

    @property
    def parameters(self) -> Mapping[str, str]:
        """None but the topic."""
        return {}

    def rows(self, messages: DataFrame, reading: Reading) -> DataFrame:
        """As that of `Job`."""
        return messages.mapInArrow(decoder(reading), struct(columns(self.table)))

    def outputs(self, batch: Batch) -> Iterator[Output]:
        """As that of `Job`."""
        yield from divided(batch.rows, self._layout, self._aside, batch.reading.topic_id)


class StoredBatches:
    """Writes batches into the table of a topic as ``stockstream store`` does: rows and positions in one commit.

    So each record is there once, also if the checkpoint was lost, or `store` has written a part of them.

    Parameters
    ----------
    table
        The table.
    location
        Folder of the tables.
    claim
        Who writes: the table keeps its id, so that one that was made anew is found out.
    care
        Joins small files and deletes old ones after commits.

    Raises
    ------
    TableError
        The table cannot be read or made, or is not there any more.
    """

    def __init__(self, table: AnyTable, location: Location, claim: Claim, care: Maintenance) -> None:
        self._table = table
        self._location = location
        self._care = care
        self._writers: dict[str, DeltaWriter] = {}
        introduce(table, location, claim)

    def write(self, number: int, rows: pa.Table, *, adds: bool) -> None:  # noqa: ARG002 - as the protocol has it
        """As `BatchWriter.write`."""
        if not len(rows):
            return
        topic_id = rows[TOPIC_ID][0].as_py()
        writer = self._writers.get(topic_id)
        if writer is None:
            writer = self._writers[topic_id] = DeltaWriter(self._table, self._location, topic_id)
        found = rows.group_by(PARTITION).aggregate([(OFFSET, "max")])
        ends = dict(
            zip(found[PARTITION].to_pylist(), (1 + each for each in found[f"{OFFSET}_max"].to_pylist()), strict=True)
        )
        stored = {partition: writer.position(partition) or 0 for partition in ends}
        ends = {partition: end for partition, end in ends.items() if end > stored[partition]}
        if ends:
            first = pa.array([stored[each] for each in rows[PARTITION].to_pylist()], pa.int64())
            before = writer.version
            writer.append(rows.filter(pc.greater_equal(rows[OFFSET], first)), ends)
            self._care.after_commit(before, writer.version)
