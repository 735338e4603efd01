"""Following of a query: what it reads of Spark's progress, and what it tells of batches before a failure or an end."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from stockstream.spark.following import Following
from tests.spark.tables import Quiet


class Query:
    """A query whose batches are done now and then, and which counts how often all recent progress is read."""

    def __init__(self, looks: int, every: int, first: int = 0) -> None:
        self._looks = looks
        self._every = every
        self._first = first
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
            self._do()
        return self.looks == self._looks

    def _do(self) -> None:
        number = self._first + len(self._done)
        self._done.append({"batchId": number, "numInputRows": 10, "timestamp": str(self.looks)})

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
    """A query that fails in its first beat, after some batches."""

    def __init__(self, reason: str, batches: int) -> None:
        super().__init__(1, 2)
        self._reason = reason
        self._batches = batches

    def awaitTermination(self, seconds: float) -> bool:  # noqa: N802 - Spark's own
        super().awaitTermination(seconds)
        for _ in range(self._batches):
            self._do()
        raise RuntimeError(self._reason)


WORKER = "[STREAM_FAILED] terminated with exception: Python worker failed to connect back. SQLSTATE: XXKST"


def test_a_query_whose_worker_did_not_come_in_time_is_started_again() -> None:
    starts, observer = iter([*(Failing(WORKER, 0) for _ in range(3)), Query(4, 1)]), Quiet()
    following = Following(Counter(), observer, lambda: False)
    following.all(lambda: next(starts))
    assert following.batches == 4
    assert observer.restarted == ["Python worker failed to connect back"] * 3
    for told, seen in ((WORKER, 4), ("offset out of range", 1)):
        others = [Failing(told, 0) for _ in range(9)]
        with pytest.raises(RuntimeError, match=re.escape(told)):
            Following(Counter(), Quiet(), lambda: False).all(others.pop)
        assert len(others) == 9 - seen


def test_batches_of_the_last_beat_before_a_failure_are_told() -> None:
    starts, observer, late = iter([Failing(WORKER, 2), Query(2, 1, first=2)]), Quiet(), Counter({1: 3})
    following = Following(late, observer, lambda: False)
    following.all(lambda: next(starts))
    assert [(each.number, each.late) for each in observer.batches] == [(0, 0), (1, 3), (2, 0), (3, 0)]
    assert (following.batches, following.messages) == (4, 40)
    assert not late
    assert observer.restarted == ["Python worker failed to connect back"]


class Gone(Failing):
    """A query whose Java has ended: it says nothing more."""

    @property
    def recentProgress(self) -> list[dict[str, Any]]:  # noqa: N802
        raise ConnectionRefusedError


def test_a_failure_is_raised_as_it_was_if_nothing_more_can_be_read() -> None:
    with pytest.raises(RuntimeError, match="an answer from Java is missing"):
        Following(Counter(), Quiet(), lambda: False).all(lambda: Gone("an answer from Java is missing", 0))


class Stopping(Query):
    """A query that does a last batch while it is stopped."""

    def stop(self) -> None:
        if not self._done:
            self._do()


def test_a_batch_that_is_done_while_the_query_is_stopped_is_told() -> None:
    observer = Quiet()
    Following(Counter(), observer, lambda: True).all(lambda: Stopping(9, 1))
    assert [each.number for each in observer.batches] == [0]
