"""Background thread for blocking calls of a source."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Background:
    """Runs jobs one after another on a daemon thread, which does not keep the process from ending.

    >>> with Background() as background:
    ...     background.submit(lambda: 6 * 7).result()
    42
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        # The executors of the standard library are joined at exit: Ctrl-C would wait for a request to time out.
        threading.Thread(target=self._work, daemon=True, name="background").start()

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Run a job after all earlier ones."""
        future: Future[T] = Future()
        self._jobs.put((future, job))
        return future

    def _work(self) -> None:
        while (task := self._jobs.get()) is not None:
            future, job = task
            try:
                future.set_result(job())
            except BaseException as error:  # noqa: BLE001 - raised again by result()
                future.set_exception(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._jobs.put(None)
