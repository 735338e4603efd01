"""Following of a query: each of its batches is told, and it is started again after what passes."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from stockstream.spark.progress import BatchProgress, batch_progress

if TYPE_CHECKING:
    from pyspark.sql.streaming import StreamingQuery

_BEAT: Final = 0.2
_STARTS: Final = 4
"""Starts of a query, of which none but the last one has done a batch."""

_PASSING: Final = re.compile(r"Python worker (?:failed to connect back|exited unexpectedly)")
"""A worker has not come within the ten seconds that Spark gives it, beside much other work, or was killed."""


class Observer(Protocol):
    """Is told what a run does."""

    def batch(self, progress: BatchProgress, /) -> None:
        """Take the progress of a batch that is done."""

    def waits(self, text: str, /) -> None:
        """Take what is waited for; called often."""

    def restarts(self, text: str, /) -> None:
        """Take why the query is started again."""


class Following:
    """Follows a query until its end.

    Parameters
    ----------
    late
        Rows that came too late, by batch; taken out as batches are told.
    observer
        Is told.
    stopped
        Whether to end.

    Attributes
    ----------
    batches, messages
        How many were done.
    """

    def __init__(self, late: Counter[int], observer: Observer, stopped: Callable[[], bool]) -> None:
        self._late = late
        self._observer = observer
        self._stopped = stopped
        self._last = -1
        self.batches = 0
        self.messages = 0

    def all(self, start: Callable[[], StreamingQuery]) -> None:
        """Start the query, and again from its checkpoint if it fails by what passes; raises what it fails by else."""
        starts, before = 0, -1
        while True:
            starts = starts + 1 if self._last == before else 1
            before = self._last
            query = start()
            try:
                self.one(query)
                return
            except Exception as error:
                reason = _PASSING.search(str(error))
                if reason is None or starts == _STARTS:
                    raise
                self._observer.restarts(reason[0])
            finally:
                query.stop()

    def one(self, query: StreamingQuery) -> None:
        """Tell each batch until the query ends. Raises what it fails by, once the batches before are told."""
        newest: object = None
        ended = False
        while not ended:
            try:
                ended = self._ended(query)
            except Exception as error:
                try:
                    self._tell(query)
                except Exception as other:  # Java has ended: what it failed by before says more
                    raise error from other
                raise
            before, newest = newest, query.lastProgress
            if newest != before:  # each look at the recent ones reads all of them anew
                self._tell(query)

    def _ended(self, query: StreamingQuery) -> bool:
        """Whether the query ends within a beat, or is stopped, so that no batch is done after the last look."""
        if self._stopped():
            query.stop()
            return True
        return bool(query.awaitTermination(_BEAT))

    def _tell(self, query: StreamingQuery) -> None:
        """Tell the batches that are done since the last look."""
        for found in query.recentProgress:
            progress = batch_progress(_plain(found))
            if progress.number > self._last and progress.rows:
                self._last = progress.number
                self.batches += 1
                self.messages += progress.rows
                self._observer.batch(dataclasses.replace(progress, late=self._late.pop(self._last, 0)))


def _plain(found: Any) -> Mapping[str, Any]:
    result: Mapping[str, Any] = json.loads(found.json) if hasattr(found, "json") else found
    return result
