"""Storing of a topic: its records become rows of its table, each once, whatever ends the process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import pyarrow as pa

from stockstream.connection import Connection
from stockstream.errors import BrokerError, TableError
from stockstream.kafka.admin import Admin
from stockstream.kafka.batch import Batch, ConnectionStatus, Origin
from stockstream.kafka.subscriber import Subscriber
from stockstream.tables.access import refuse_unwritable
from stockstream.tables.columns import records_of, rows_of
from stockstream.tables.delta import DeltaWriter, opened
from stockstream.tables.location import Location
from stockstream.tables.maintenance import Maintenance
from stockstream.tables.raw import RawLines
from stockstream.tables.schema import Table

R = TypeVar("R")

LOG: Final = logging.getLogger(__name__)

_BEAT: Final = 0.05
_QUIET: Final = 2.0
"""Seconds after the start in which nothing is said about waiting: finding the topic takes its time."""


@dataclass(frozen=True)
class StoreOptions:
    """What a run of `Store` does.

    Attributes
    ----------
    once
        End when all records are stored that the topic held at the start.
    every
        Seconds after which rows that wait are committed.
    rows
        Number of rows that are committed earlier.
    partitions
        Partitions of the topic to store, None for all; other processes may store the others.
    compact_after
        Commits to the table after which small files are joined.
    keep_hours
        Hours for which replaced files are kept.
    raw
        Keep the messages as they were sent beside the table, too.
    seconds
        End after this time; None for never.
    patience
        Seconds that ``once`` waits for a broker or a topic that is not there, or that goes away.
    """

    once: bool = False
    every: float = 10.0
    rows: int = 200_000
    partitions: frozenset[int] | None = None
    compact_after: int = 100
    keep_hours: float = 168.0
    raw: bool = False
    seconds: float | None = None
    patience: float = 10.0


class Progress(NamedTuple):
    """Progress of a run.

    Attributes
    ----------
    rows
        Rows so far, with those that wait for their commit.
    total
        Their number while a former part of the topic is read.
    state
        The activity.
    committed
        Rows in the table.
    commits
        Commits so far.
    lag
        Messages of the topic whose rows are not committed; None while it is not known.
    dead, skipped
        Unreadable messages, and records that were deleted before they were read.
    """

    rows: int
    total: int | None
    state: str
    committed: int = 0
    commits: int = 0
    lag: int | None = None
    dead: int = 0
    skipped: int = 0


class Observer(Protocol):
    """Is told what a run does."""

    def progress(self, progress: Progress, /) -> None:
        """Take the progress; called often."""

    def warn(self, text: str, /) -> None:
        """Take what the user should know."""


class Summary(NamedTuple):
    """Result of a run: rows stored, commits, unreadable messages, and records deleted before they were read."""

    rows: int
    commits: int
    dead: int
    skipped: int


class Store(Generic[R]):
    """Reads a topic from the positions in its table, and appends its records there in batches.

    Parameters
    ----------
    table
        The table, which knows its topic.
    location
        Folder of the tables.
    connection
        librdkafka's properties.
    options
        What to do.
    observer
        Is told the progress.
    """

    def __init__(
        self, table: Table[R], location: Location, connection: Connection, options: StoreOptions, observer: Observer
    ) -> None:
        self._table = table
        self._location = location
        self._connection = connection
        self._options = options
        self._observer = observer
        self._care = Maintenance(table, location, after=options.compact_after, keep_hours=options.keep_hours)
        self._raw = RawLines(location, table.topic.name) if options.raw else None
        self._origin: Origin | None = None
        self._writer: DeltaWriter | None = None
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._waiting_since: float | None = None
        self._patience = Patience(options.patience)
        self._positions: dict[int, int] = {}
        self._begun_at: dict[int, int] = {}
        self._rows = 0
        self._commits = 0
        self._skipped = 0

    def run(self, stopped: Callable[[], bool]) -> Summary:
        """Store until ``stopped``, or until all is stored with ``once``; commits what was read before it returns.

        Raises
        ------
        BrokerError
            With ``once``: no broker or no topic in time; `AuthError`.
        TableError
            The table cannot be written, or another process stores the same; what was committed stays.
        """
        started = time.monotonic()
        opened(self._table, self._location)  # what is wrong with it is said before a broker is waited for
        refuse_unwritable(self._location, self._table.name)
        with Subscriber(
            self._table.topic,
            self._table.topic.record,
            self._connection,
            group=f"stockstream-store-{self._table.name}",
            gather=lambda records: [records_of(records, self._table)],  # goes on while a batch is written
            partitions=self._options.partitions,
            messages=True,
        ) as subscriber:
            while True:
                ends = stopped() or self._is_over(started)
                batch = subscriber.arrived()
                self._take(batch)
                status = subscriber.connection_status()
                done = self._options.once and self._writer is not None and status.reached(self._positions)
                if ends or done or self._is_due():
                    self._commit()
                if self._positions and not self._ends():
                    subscriber.commit(self._positions)
                if ends or done:
                    return Summary(self._rows, self._commits, status.dead, status.skipped)
                self._restart(subscriber)
                self._tell(status, time.monotonic() - started)
                if self._patience.ends(waits=status.waiting is not None) and self._options.once:
                    raise status.absence(self._connection)
                if not len(batch):
                    time.sleep(_BEAT)

    def _is_over(self, started: float) -> bool:
        seconds = self._options.seconds
        return seconds is not None and time.monotonic() - started >= seconds

    def _take(self, batch: Batch[R]) -> None:
        writer = self._writer
        if writer is None or self._origin is None:
            return
        for number, position in batch.positions.items():
            stored = writer.position(number)
            if stored is not None and position < stored:
                raise TableError(
                    f"{self._table.topic.name}/{number} ends at offset {position:,}, and {writer.uri} holds it up to "
                    f"{stored:,}: the broker has lost records",
                    hint="store to another folder with --to",
                )
            self._positions[number] = position
            self._begun_at.setdefault(number, position)
        if self._waiting_since is None and self._ends():
            self._waiting_since = time.monotonic()
        if len(batch):
            self._waiting.append(rows_of(batch, self._table, self._origin.topic_id))
            self._waiting_rows += len(batch)
            if self._raw is not None:
                self._raw.add(batch)

    def _is_due(self) -> bool:
        if self._waiting_since is None:
            return False
        age = time.monotonic() - self._waiting_since
        return self._waiting_rows >= self._options.rows or age >= self._options.every

    def _ends(self) -> dict[int, int]:
        """The positions that are not committed yet: behind rows that wait, or behind messages that are no records."""
        writer = self._writer
        if writer is None:
            return {}
        return {number: end for number, end in self._positions.items() if end > (writer.position(number) or 0)}

    def _commit(self) -> None:
        """Commit what waits. Where only unreadable messages arrived, the positions are committed alone."""
        writer, ends = self._writer, self._ends()
        if writer is None or not ends:
            return
        before = writer.version
        if self._raw is not None and self._origin is not None:
            writer.confirm(ends)
            self._raw.write(self._origin.topic_id, {number: writer.position(number) or 0 for number in ends}, ends)
        rows = pa.concat_tables(self._waiting or [self._table.schema.empty_table()])
        writer.append(rows.combine_chunks(), ends)  # small chunks take more of the writer's time
        if self._raw is not None:
            self._raw.committed(ends)
        self._rows += self._waiting_rows
        self._commits += 1
        self._waiting, self._waiting_rows, self._waiting_since = [], 0, None
        self._care.after_commit(before, writer.version)

    def _restart(self, subscriber: Subscriber[R]) -> None:
        """Begin to read a topic that was found, or made anew, from the positions in the table."""
        origin = subscriber.origin
        if origin is None or (self._origin is not None and origin[:2] == self._origin[:2]):
            return
        self._commit()  # rows of the former topic; nothing arrives before the call of begin
        writer = DeltaWriter(self._table, self._location, origin.topic_id)
        numbers = self._numbers()
        if numbers is None:
            return
        found = {number: writer.position(number) for number in numbers}
        if self._origin is not None:
            self._observer.warn(f"the topic {self._table.topic.name} was made anew, and is stored from its start")
        positions = {number: position or 0 for number, position in found.items()}
        if self._raw is not None and self._raw.begin(origin.topic_id, positions):
            name = self._table.topic.name
            told = f"raw lines begin here: the last records of {name} in {writer.uri} were stored without --raw"
            self._observer.warn(f"{told}; another folder (--to) takes all that the topic holds")
        self._writer, self._origin = writer, origin
        self._positions, self._begun_at = {}, {}
        subscriber.begin({number: position for number, position in found.items() if position is not None})

    def _numbers(self) -> Collection[int] | None:
        """The partitions to store; None if the topic has gone again. Raises TableError for a wrong choice."""
        try:
            count = Admin(self._connection).partitions(self._table.topic.name)
        except BrokerError as error:
            LOG.info("no partitions of %s yet: %s", self._table.topic.name, error)
            return None
        wanted = self._options.partitions
        if count and wanted is not None and max(wanted) >= count:
            held = "partition 0 alone" if count == 1 else f"partitions 0 to {count - 1}"
            raise TableError(f"the topic {self._table.topic.name} has {held}, not {max(wanted)}")
        return [number for number in range(count) if wanted is None or number in wanted] if count else None

    def _tell(self, status: ConnectionStatus, seconds: float) -> None:
        name, rows = self._table.topic.name, self._rows + self._waiting_rows
        if status.skipped > self._skipped:
            gone = status.skipped - self._skipped
            self._skipped = status.skipped
            self._observer.warn(f"{gone:,} records of {name} were deleted by its retention before they were stored")
        if status.waiting:
            if seconds < _QUIET:
                return
            total, state = None, f"{name}, waiting for {status.waiting}"
        elif status.reached(self._positions):
            total, state = None, f"{name}, live"
        else:
            total = sum(max(0, end - self._begun_at.get(number, end)) for number, end in status.target.items()) or None
            state = f"{name}, catching up"
        self._observer.progress(
            Progress(rows, total, state, self._rows, self._commits, self._lag(status), status.dead, status.skipped)
        )

    def _lag(self, status: ConnectionStatus) -> int | None:
        unread = status.lag(self._positions)
        return None if unread is None else unread + self._waiting_rows


class Patience:
    """Ends when something was waited for without a break for so long.

    Parameters
    ----------
    seconds
        How long.
    clock
        Gives the time in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since: float | None = None

    def ends(self, *, waits: bool) -> bool:
        """Whether it has ended, if now something is waited for or not; to be asked again and again."""
        if not waits:
            self._since = None
            return False
        now = self._clock()
        if self._since is None:
            self._since = now
        return now - self._since > self._seconds
