"""Progress of a job, a batch at a time, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NEVER = "1970-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class BatchProgress:
    """Progress of one batch.

    Attributes
    ----------
    number
        Its number, counted over all runs with a checkpoint.
    rows
        Messages that were read.
    seconds
        Time that it took.
    state_rows, state_bytes
        Size of the job's states after it; 0 if it has none.
    watermark
        Time before which windows are closed; empty if there is none.
    late
        Rows that came too late, and were set aside.
    behind
        Messages of the topic that are not read yet.
    """

    number: int
    rows: int
    seconds: float
    state_rows: int = 0
    state_bytes: int = 0
    watermark: str = ""
    late: int = 0
    behind: int = 0

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.rows / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        parts = [f"batch {self.number}: {self.rows:,} rows in {self.seconds:.1f} s ({self.rate:,.0f} rows/s)"]
        if self.state_rows:
            parts.append(f"state {self.state_rows:,} rows, {self.state_bytes / 1e6:,.1f} MB")
        if self.watermark:
            parts.append(f"watermark {self.watermark}")
        if self.late:
            parts.append(f"{self.late:,} late")
        if self.behind:
            parts.append(f"{self.behind:,} behind")
        return ", ".join(parts)


def batch_progress(found: Mapping[str, Any]) -> BatchProgress:
    """A batch's progress from what Spark says of it, as JSON, but for late rows: Spark counts those of a window as one.

    >>> print(batch_progress({"batchId": 3, "numInputRows": 40000, "batchDuration": 2000, "sources": []}))
    batch 3: 40,000 rows in 2.0 s (20,000 rows/s)
    """
    states = found.get("stateOperators", ())
    watermark = found.get("eventTime", {}).get("watermark", _NEVER)
    behind = sum(map(_behind, found.get("sources", ())))
    return BatchProgress(
        number=int(found["batchId"]),
        rows=int(found["numInputRows"]),
        seconds=float(found.get("batchDuration", 0)) / 1_000,
        state_rows=sum(int(state.get("numRowsTotal", 0)) for state in states),
        state_bytes=sum(int(state.get("memoryUsedBytes", 0)) for state in states),
        watermark="" if watermark == _NEVER else watermark,
        behind=behind,
    )


def _behind(source: Mapping[str, Any]) -> int:
    """Messages between a batch's end and the end of the topic at that time."""
    latest, end = source.get("latestOffset"), source.get("endOffset")
    if not isinstance(latest, Mapping) or not isinstance(end, Mapping):
        return 0
    return sum(
        max(0, offset - end.get(topic, {}).get(partition, 0))
        for topic, partitions in latest.items()
        for partition, offset in partitions.items()
    )
