"""Prometheus metrics of a job of Spark."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stockstream.cli.metrics import counter, gauge

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from stockstream.spark.progress import BatchProgress


class JobMetrics:
    """Metrics of a job, as of its last batch."""

    def __init__(self, job: str, topic: str) -> None:
        self._labels = {"job": job, "topic": topic}
        self._latest: tuple[BatchProgress, float] | None = None
        self._rows = 0
        self._late = 0

    def update(self, progress: BatchProgress) -> None:
        """Take the progress of a batch that is done."""
        self._rows += progress.rows
        self._late += progress.late
        self._latest = progress, time.time()

    def collect(self) -> Iterator[Metric]:
        """The present metrics; none before the first batch."""
        if self._latest is None:
            return
        progress, at = self._latest
        names, row = list(self._labels), list(self._labels.values())
        yield counter("stockstream_spark_rows", "Messages read since the start.", names, row, self._rows)
        yield counter("stockstream_spark_late", "Rows that came too late.", names, row, self._late)
        for name, text, value in (
            ("batch", "Number of the last batch.", progress.number),
            ("batch_seconds", "Time that it took.", progress.seconds),
            ("rows_per_second", "Its messages per second.", progress.rate),
            ("state_rows", "Rows of the job's states.", progress.state_rows),
            ("state_bytes", "Memory of the job's states.", progress.state_bytes),
            ("behind", "Messages of the topic that were not read yet.", progress.behind),
        ):
            yield gauge(f"stockstream_spark_{name}", text, names, [(row, value)])
        yield gauge("stockstream_updated_timestamp_seconds", "Time of this sample.", names, [(row, at)])
