"""A job that waits looks at Spark's newest progress alone: of a day, the recent ones are read a few times only."""

from __future__ import annotations

from collections import Counter
from typing import Any

from stockstream.spark.run import _followed
from tests.spark.tables import Quiet


class Query:
    """A query whose batches are done now and then, and which counts how often all recent progress is read."""

    def __init__(self, looks: int, every: int) -> None:
        self._looks = looks
        self._every = every
        self._done: list[dict[str, Any]] = []
        self.reads = 0
        self.looks = 0

    def awaitTermination(self, seconds: float) -> bool:  # noqa: N802 - Spark's own
        """The end of the next wait."""
        assert seconds
        self.looks += 1
        if self.looks % self._every == 0:
            number = len(self._done)
            self._done.append({"batchId": number, "numInputRows": 10, "timestamp": str(self.looks)})
        return self.looks == self._looks

    @property
    def lastProgress(self) -> dict[str, Any] | None:  # noqa: N802
        return dict(self._done[-1]) if self._done else None

    @property
    def recentProgress(self) -> list[dict[str, Any]]:  # noqa: N802
        self.reads += 1
        return self._done[-20:]


def test_all_recent_progress_is_read_only_when_there_is_new_one() -> None:
    query, observer = Query(1_000, 100), Quiet()
    assert _followed(query, Counter({3: 2}), observer, lambda: False) == (10, 100)
    assert [each.late for each in observer.batches] == [0, 0, 0, 2, 0, 0, 0, 0, 0, 0]
    assert [each.number for each in observer.batches] == list(range(10))
    assert query.reads == 10
