"""The earliest time among rows, found by tasks of Spark while they work on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NEVER: Final = (1 << 63) - 1


class _Least:
    """The least of numbers; a task that runs twice changes nothing. It has the methods of Spark's AccumulatorParam."""

    def zero(self, value: int) -> int:  # noqa: ARG002 - Spark's own
        """Where a task begins."""
        return _NEVER

    def addInPlace(self, value1: int, value2: int) -> int:  # noqa: N802 - Spark's own
        """The least of two."""
        return min(value1, value2)


class Earliest:
    """The earliest time of a batch: tasks show times, and the driver takes it after they have ended.

    Parameters
    ----------
    spark
        The session.
    """

    def __init__(self, spark: SparkSession) -> None:
        self._least = spark.sparkContext.accumulator(_NEVER, _Least())

    def show(self, times: pa.Array) -> None:
        """See times of microseconds, in a task."""
        found = pc.min(times).cast(pa.int64()).as_py()
        if found is not None:
            self._least.add(found)

    def taken(self) -> int:
        """Milliseconds since 1970, in the driver; the next batch begins anew."""
        found: int = self._least.value
        self._least.value = _NEVER
        return found // 1_000
