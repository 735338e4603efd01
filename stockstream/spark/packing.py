"""Packing of rows for the states: a row of the stream holds many bars, as Arrow's bytes.

Spark hands rows to a stateful operator in Python one by one, which takes longer than the indicators do. Series are
spread over a fixed number of `buckets`, the keys of the operator, so that many series with few new bars are worked on
together; each series has a state of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stockstream.records import NUMBERS, Series
from stockstream.spark.buckets import BUCKETS, KEYS
from stockstream.spark.decoding import Batches, Reading, decoder
from stockstream.spark.schema import REASON
from stockstream.tables.schema import OFFSET, PARTITION, SENT

PACKED: Final = pa.schema([pa.field("bucket", pa.int32()), pa.field("rows", pa.binary())])
"""The columns of packed rows."""

_SERIES: Final = Series._fields
_NEEDED: Final = (
    *_SERIES, "time", *NUMBERS, "final", "flags", "tz", "currency", "unit", "source", PARTITION, OFFSET, SENT, REASON
)  # fmt: skip


def packer(reading: Reading, symbols: frozenset[str]) -> Callable[[Batches], Batches]:
    """A function that decodes messages, and packs the bars of each bucket."""
    decode = decoder(reading)

    def pack(batches: Batches) -> Batches:
        for batch in decode(batches):
            wanted = batch.select(list(_NEEDED))
            if symbols:
                there = pc.fill_null(pc.is_in(wanted["symbol"], pa.array(sorted(symbols))), False)  # noqa: FBT003
                wanted = wanted.filter(pc.or_(there, pc.is_valid(wanted[REASON])))
            if wanted.num_rows:
                yield from _packed(wanted)

    return pack


def _packed(batch: pa.RecordBatch) -> Batches:
    names = [pc.fill_null(batch[name], "") for name in _SERIES]
    found = pc.binary_join_element_wise(*names, "/").dictionary_encode()
    of_series = np.array([crc32(name.encode()) % BUCKETS for name in found.dictionary.to_pylist()], np.intp)
    buckets = KEYS[of_series][found.indices.to_numpy()]
    order = np.argsort(buckets, kind="stable")
    sorted_rows, keys = batch.take(pa.array(order)), buckets[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    parts = [
        bytes_of(sorted_rows.slice(start, end - start))
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(keys)], strict=True)
    ]
    yield pa.record_batch([pa.array(keys[starts]), pa.array(parts, pa.binary())], schema=PACKED)


def bytes_of(rows: pa.RecordBatch | pa.Table) -> bytes:
    """Rows as Arrow's bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write(rows)
    return bytes(sink.getvalue())


def table_of(content: bytes) -> pa.Table:
    """The rows of Arrow's bytes."""
    return pa.ipc.open_stream(content).read_all()


def unpack(batches: Batches) -> Batches:
    """Function for ``mapInArrow``: the rows that were packed."""
    for batch in batches:
        for content in batch.column("rows").to_pylist():
            yield from table_of(content).to_batches()
