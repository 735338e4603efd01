"""Running statements: on a thread of its own, so that Ctrl-C cancels one, with the result passed on in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event, Thread
from typing import Final, Protocol, TypeVar

import duckdb
import pyarrow as pa

from stockstream.names import cut
from stockstream.tables.sql import Database
from stockstream.tables.statements import StatementError, explained, statements

T = TypeVar("T")

_BATCH: Final = 10_000
_LOOK_EVERY: Final = 0.05
_TOLD: Final = 160


class Sink(Protocol):
    """Receives a result."""

    def begin(self, schema: pa.Schema) -> None:
        """The columns."""

    def take(self, batch: pa.RecordBatch) -> None:
        """The next rows."""

    def finish(self) -> None:
        """There are no more."""


def run(database: Database, text: str, sinks: Sequence[Sink]) -> None:
    """Run the statements of a text, each result going to all sinks.

    Raises
    ------
    StatementError
        A statement is wrong, or would do something other than read; in the second case none has run. Or a sink cannot
        have a value of the result, such as the date 'infinity'.
    KeyboardInterrupt
        After Ctrl-C, once the statement has ended.
    """
    for statement in statements(text):
        reader = _asked(database, text, partial(_begun, database, statement))
        try:
            with _written():
                for sink in sinks:
                    sink.begin(reader.schema)
            while (batch := _asked(database, text, partial(next, reader, None))) is not None:
                with _written():
                    for sink in sinks:
                        sink.take(batch)
            with _written():
                for sink in sinks:
                    sink.finish()
        finally:
            reader.close()  # DuckDB begins no other statement before


@contextmanager
def _written() -> Iterator[None]:
    """A block in which sinks write: a value that they cannot have is a mistake of the statement."""
    try:
        yield
    except (OverflowError, ValueError, pa.ArrowException) as error:
        told = " ".join(str(error).split())
        raise StatementError(
            f"the result cannot be written: {cut(told, _TOLD)}", hint="cast the column, as in time::VARCHAR"
        ) from error


def _begun(database: Database, statement: duckdb.Statement) -> pa.RecordBatchReader:
    try:
        # `execute` would copy all rows.
        relation = database.connection.sql(statement.query)
    except duckdb.Error as error:
        if "LINE " not in str(error):
            database.connection.execute(statement)  # which fails the same, and names the place
        raise
    return relation.to_arrow_reader(_BATCH)


def _asked(database: Database, text: str, work: Callable[[], T]) -> T:
    """The result of ``work``. Raises StatementError, and KeyboardInterrupt after Ctrl-C."""
    try:
        return _cancellable(database, work)
    except duckdb.Error as error:
        raise explained(str(error), text) from error
    except (pa.ArrowException, OSError) as error:  # while rows are read, DuckDB's errors arrive as Arrow's
        raise explained(str(error), text) from error


def _cancellable(database: Database, work: Callable[[], T]) -> T:
    """The result of ``work``, done on another thread: DuckDB does not return for a signal."""
    done: list[T] = []
    failed: list[BaseException] = []

    finished = Event()  # and not `join`: interrupted, that takes a running thread for an ended one

    def act() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - raised on the caller's thread
            failed.append(error)
        finally:
            finished.set()

    Thread(target=act, name="sql").start()
    try:
        while not finished.wait(_LOOK_EVERY):
            pass
    except KeyboardInterrupt:
        with database.cancelling():
            while not finished.is_set():
                with suppress(KeyboardInterrupt):  # pressed again
                    finished.wait(_LOOK_EVERY)
        raise
    if failed:
        raise failed[0]
    return done[0]
