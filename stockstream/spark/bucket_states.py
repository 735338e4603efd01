"""States of the series of a bucket: one value of Spark's holds all, as a call to Spark takes longer than a series.

Bars that are not needed while others only follow them are in a map of Spark's, so that a batch neither reads nor writes
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import pyarrow as pa

from stockstream.errors import StateError
from stockstream.records import Series
from stockstream.spark.schema import struct

if TYPE_CHECKING:
    from pyspark.sql.streaming import StatefulProcessorHandle

_BINARY: Final = pa.schema([pa.field("content", pa.binary())])
_PAGE: Final = pa.schema([*(pa.field(name, pa.string()) for name in Series._fields), pa.field("first", pa.int64())])

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[tuple[Series, msgspec.Raw]]).decode


class BucketStates:
    """The states of a task's buckets, of which one is open at a time.

    Parameters
    ----------
    handle
        Spark's states.
    """

    def __init__(self, handle: StatefulProcessorHandle) -> None:
        self._value = handle.getValueState("series", struct(_BINARY))
        self._map = handle.getMapState("pages", struct(_PAGE), struct(_BINARY))
        self._states: dict[Series, bytes | msgspec.Raw] = {}

    def open(self) -> None:
        """Read the states of the bucket whose rows are handled now. Raises StateError."""
        found = self._value.get()
        try:
            self._states = {} if found is None else dict(_decode(found[0]))
        except msgspec.MsgspecError as error:
            raise StateError(f"the states of a bucket cannot be read: {error}") from error

    def get(self, series: Series) -> bytes | None:
        """The state of a series; None if there is none."""
        found = self._states.get(series)
        return None if found is None else bytes(found)

    def put(self, series: Series, content: bytes) -> None:
        """Change it."""
        self._states[series] = content

    def pages(self, series: Series) -> StoredPages:
        """The bars of a series."""
        return StoredPages(self._map, series)

    def save(self) -> None:
        """Write the states of the bucket."""
        pairs = [(series, msgspec.Raw(content)) for series, content in self._states.items()]
        self._value.update((_encode(pairs),))


class StoredPages:
    """Bars of a series in a map of Spark's."""

    def __init__(self, states: Any, series: Series) -> None:
        self._map = states
        self._series = series

    def read(self, first: int) -> bytes:
        """As `series_rows.Pages.read`."""
        found = self._map.getValue((*self._series, first))
        if found is None:
            raise StateError(f"the state of {self._series} lacks its bars from {first:,} on")
        return bytes(found[0])

    def write(self, first: int, content: bytes) -> None:
        """As `series_rows.Pages.write`."""
        self._map.updateValue((*self._series, first), (content,))

    def remove(self, first: int) -> None:
        """As `series_rows.Pages.remove`."""
        self._map.removeKey((*self._series, first))
