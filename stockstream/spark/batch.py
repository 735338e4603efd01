"""A batch of a running job: its rows, and by the log of the checkpoint its watermark and its messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import pyarrow as pa

from stockstream.errors import StateError
from stockstream.spark.checkpoint import SPARK, Files
from stockstream.spark.decoding import Reading
from stockstream.spark.messages import Offsets, messages_between

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_VERSION: Final = "v1"


class _Metadata(msgspec.Struct, rename="camel"):
    batch_watermark_ms: int


class _Entry(NamedTuple):
    """What Spark's log says of a batch: the watermark at its start, and the offsets at its end by partition."""

    watermark: int
    ends: Offsets


@dataclass(frozen=True)
class Batch:
    """A batch that Spark has computed, and that is written now.

    Attributes
    ----------
    number
        Its number, counted over all runs with a checkpoint.
    rows
        Its rows.
    reading
        What they were made of.
    files
        Those of the checkpoint.
    spark
        The session.
    """

    number: int
    rows: pa.Table
    reading: Reading
    files: Files
    spark: SparkSession

    def watermark(self) -> int:
        """Milliseconds since 1970: rows of windows that ended by then came too late for this batch. 0 for none.

        It is the watermark of the batch before: Spark closes windows with the new one after it has taken the rows.

        Raises
        ------
        StateError
            The log of the checkpoint has another form.
        TableError
            It cannot be read.
        """
        return self._entry(self.number - 1).watermark if self.number else 0

    def messages(self) -> DataFrame:
        """The messages of the batch, read again; raises as `watermark`."""
        begins = self._entry(self.number - 1).ends if self.number else {}
        connection = dict(self.reading.connection)
        return messages_between(self.spark, self.reading.topic, connection, begins, self._entry(self.number).ends)

    def _entry(self, number: int) -> _Entry:
        name = f"{SPARK}/offsets/{number}"
        try:
            version, metadata, offsets = self.files.read(name).decode().splitlines()
            if version != _VERSION:
                raise ValueError(f"its version is {version}, not {_VERSION}")
            watermark = msgspec.json.decode(metadata, type=_Metadata).batch_watermark_ms
            ends = msgspec.json.decode(offsets, type=dict[str, Offsets])[self.reading.topic]
        except (ValueError, KeyError, msgspec.MsgspecError) as error:
            raise StateError(f"{self.files.uri}/{name} cannot be read: {error}") from error
        return _Entry(watermark, ends)
