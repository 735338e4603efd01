"""A job that waits looks at Spark's newest progress alone: of a day, the recent ones are read a few times only."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from stockstream.spark.following import Following
from tests.spark.tables import Quiet


class Query:
    """A query whose batches are done now and then, and which counts how often all recent progress is read."""

    def __init__(self, looks: int, every: int) -> None:
        self._looks = looks
        self._every = every
        self._done: list[dict[str, Any]] = []
        self.reads = 0
        self.looks = 0

    def stop(self) -> None:
        """Nothing runs."""

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
    following = Following(Counter({3: 2}), observer, lambda: False)
    following.one(query)
    assert (following.batches, following.messages) == (10, 100)
    assert [each.late for each in observer.batches] == [0, 0, 0, 2, 0, 0, 0, 0, 0, 0]
    assert [each.number for each in observer.batches] == list(range(10))
    assert query.reads == 10


class Failing(Query):
    """A query that fails after a batch, unless it has none to do."""

    def __init__(self, reason: str, batches: int) -> None:
        super().__init__(batches + 1, 1)
        self._reason = reason

    def awaitTermination(self, seconds: float) -> bool:  # noqa: N802 - Spark's own
        if super().awaitTermination(seconds):
            raise RuntimeError(self._reason)
        return False


def test_a_query_whose_worker_did_not_come_in_time_is_started_again() -> None:
    reason = "[STREAM_FAILED] terminated with exception: Python worker failed to connect back. SQLSTATE: XXKST"
    starts, observer = iter([*(Failing(reason, 0) for _ in range(3)), Query(4, 1)]), Quiet()
    following = Following(Counter(), observer, lambda: False)
    following.all(lambda: next(starts))
    assert following.batches == 4
    assert observer.restarted == ["Python worker failed to connect back"] * 3
    for told, seen in ((reason, 4), ("offset out of range", 1)):
        others = [Failing(told, 0) for _ in range(9)]
        with pytest.raises(RuntimeError, match=re.escape(told)):
            Following(Counter(), Quiet(), lambda: False).all(others.pop)
        assert len(others) == 9 - seen
