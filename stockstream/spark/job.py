"""Job: what a stream of Spark computes of a topic's messages, and the tables that it writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pyarrow as pa

from stockstream.spark.batch import Batch
from stockstream.spark.decoding import Reading
from stockstream.tables.batches import BatchWriter, Layout
from stockstream.tables.location import Location

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Output(NamedTuple):
    """Rows of a table; ``adds`` if none of them takes the place of a former one."""

    table: str
    rows: pa.Table
    adds: bool = True


class Writers(Protocol):
    """Makes the writer of a table."""

    def __call__(self, layout: Layout, location: Location, writer: str, /) -> BatchWriter:
        """The writer. Raises TableError."""


class Job(Protocol):
    """A job; each is in a module of its own.

    Attributes
    ----------
    name
        As on the command line.
    topic
        The topic that it reads.
    mode
        Spark's output mode: ``update`` or ``append``.
    """

    name: str
    topic: str
    mode: str

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """The tables that it writes, the first of them the one that it is for."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """What its states depend on: a checkpoint belongs to one set of them."""

    def rows(self, messages: DataFrame, reading: Reading) -> DataFrame:
        """The stream of its rows."""

    def outputs(self, batch: Batch) -> Iterator[Output]:
        """The rows of a batch by table."""
