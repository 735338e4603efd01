"""Record post: records of alerts on their way to the topic, sent by whoever must not wait for a broker."""

from __future__ import annotations

import logging
import threading
import time
from queue import Empty, Queue, SimpleQueue
from types import TracebackType
from typing import Final, Self

from stockstream.connection import Connection
from stockstream.errors import StockstreamError
from stockstream.kafka.publisher import Publisher
from stockstream.records import Alert
from stockstream.topics import ALERTS

LOG: Final = logging.getLogger(__name__)

_LAST: Final = 2.0
"""Seconds in which the broker has to take the last records."""

_BEAT: Final = 0.02


def send_record(connection: Connection, record: Alert) -> None:
    """Send a record, and wait until the broker has it. Raises `stockstream.errors.BrokerError`."""
    with Publisher(ALERTS, connection) as publisher:
        publisher.send(record)


class RecordPost:
    """Sends records in order, on a thread of its own. Leaving the block waits for them for a moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: Queue[Alert] = Queue()
        self._failed: SimpleQueue[tuple[Alert, StockstreamError]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ends = time.monotonic() + _LAST
        while self._waiting.unfinished_tasks and time.monotonic() < ends:
            time.sleep(_BEAT)

    def send(self, record: Alert) -> None:
        """Send a record, without waiting."""
        if self._thread is None:  # most windows send none
            self._thread = threading.Thread(target=self._run, name="alert records", daemon=True)
            self._thread.start()
        self._waiting.put(record)

    def failures(self) -> list[tuple[Alert, StockstreamError]]:
        """The records that were not sent since the last call, and why."""
        found: list[tuple[Alert, StockstreamError]] = []
        while True:
            try:
                found.append(self._failed.get_nowait())
            except Empty:
                return found

    def _run(self) -> None:
        while True:
            record = self._waiting.get()
            try:
                send_record(self._connection, record)
            except StockstreamError as error:
                LOG.info("%s was not sent: %s", record.id, error)
                self._failed.put((record, error))
            except Exception as error:  # a thread that ends sends no other record, and is seen by nobody
                LOG.exception("%s was not sent", record.id)
                self._failed.put((record, StockstreamError(f"unexpected {type(error).__name__}: {error}")))
            finally:
                self._waiting.task_done()
