"""Live view: takes new records, folds them, saves its state, and reports its status."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Generic, Protocol, Self, TypeAlias, TypeVar
from urllib.parse import quote

from stockstream.connection import Connection
from stockstream.consumers.choice import Choice
from stockstream.consumers.guarded_fold import GuardedFold
from stockstream.consumers.inventory import Absence, Inventory, Names, instead, wanted
from stockstream.consumers.state_keeper import StateKeeper
from stockstream.errors import BrokerError, StateError
from stockstream.kafka.batch import Batch, Origin
from stockstream.kafka.client import instant
from stockstream.kafka.subscriber import Subscriber
from stockstream.views.beginning import Begin
from stockstream.views.checkpoint import Saved
from stockstream.views.fold import Fold, Parameters, Selection
from stockstream.views.status import Status
from stockstream.views.view import View

R = TypeVar("R")

LOG: Final = logging.getLogger("stockstream.live")

_SAVE_EVERY: Final = 10.0
_SAVE_SHARE: Final = 50
_SAVE_AT_LATEST: Final = 15.0
"""Maximum seconds between two saves: a kill costs little reading, and saving costs little time."""

_RATE_OVER: Final = 5.0
_LONGEST_NAME: Final = 100

_AT_WORK: Final = 0.04
_BREATH: Final = 0.002
"""Seconds that a tick works while history is read, and pauses between two batches. A few hundred records are still in
the processor's cache; those of a whole interval of the window's timer are not."""


class Observer(Protocol):
    """Output of a live view: a table, a picture, a report, alerts."""

    def refresh(self) -> None:
        """Update the output if it is due; called after each tick."""

    def finish(self) -> None:
        """Update the output for the last time."""


class Companion(Protocol):
    """What a live view reads beside its topic: alerts, headlines."""

    @property
    def settled(self) -> bool:
        """Whether all is read that was there at the start."""

    def tick(self) -> bool:
        """Take what is new, without blocking; returns whether anything shown has changed."""


class Live(Generic[R]):
    """Runs one view: passes records from a subscriber to its fold, and saves its state. It is the model of windows.

    All work is done in `tick`, on the caller's thread; only reading has a separate thread. Leaving the block finishes
    the observers, except after an error, and saves the state.

    Parameters
    ----------
    view
        The view to run.
    selection
        The records that the user selected.
    parameters
        The view's parameters by name.
    connection
        librdkafka's properties.
    states
        Folder of the saved states; None to save none and read everything again.
    begin
        Reads what to begin with in place of a saved state; None for the topic's first record.

    Attributes
    ----------
    taken
        Number of records since the start.
    settled
        Whether all records are read that the topic held when the reading began.
    changes
        Number of ticks since the start that changed anything shown.
    companions
        What is read beside the topic; who adds one opens and closes it.
    observers
        Outputs, in the order in which they are updated.
    ending
        Decides when to end; None for never.
    """

    def __init__(
        self,
        view: View[R],
        selection: Selection,
        parameters: Parameters,
        connection: Connection,
        states: Path | None,
        begin: Begin | None = None,
    ) -> None:
        self.view = view
        self._begin = begin
        self.selection = selection
        self._connection = connection
        self.parameters = parameters
        self._make: Callable[[], Fold[R]] = lambda: view.fold(selection, parameters)
        self.fold = self._make()
        self._guarded = GuardedFold()
        self._name = folder_name(selection) if view.keyed else "all"
        self._states = states
        self._subscriber = Subscriber(
            view.topic,
            view.record,
            connection,
            group=f"stockstream-{view.name}-{self._name}",
            keys=selection.keys or None if view.keyed else None,
            gather=view.gather,
            ordered=view.topic.corrected,
        )
        self._stack = ExitStack()
        self._inventory: Inventory | None = None
        self._inventory_stack = ExitStack()
        self._absent: tuple[Sequence[str], Absence] | None = None
        self._keeper: StateKeeper | None = None
        self._origin: Origin | None = None
        self._positions: dict[int, int] = {}
        self._received: datetime | None = None
        self.taken = 0
        self.settled = False
        self.changes = 0
        self.companions: list[Companion] = []
        self.observers: list[Observer] = []
        self.ending: Callable[[], bool] | None = None
        self._unsaved = False
        self._save_at = 0.0
        self._arrivals: deque[tuple[float, int]] = deque()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._subscriber)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                for observer in self.observers:
                    observer.finish()
        finally:
            self.close()

    def close(self) -> None:
        """Save the state and stop reading."""
        try:
            if self._keeper is not None:
                self._keeper.wait()
                self._save()
        finally:
            self._close_keeper()
            self._inventory_stack.close()
            self._stack.close()

    def tick(self) -> bool:
        """Process new records; returns whether anything shown may have changed. Takes 40 ms while history is read.

        Raises `SeriesError` if a symbol has several series, and errors of the subscriber and the observers.
        """
        changed = self._advance()
        for companion in self.companions:
            changed |= companion.tick()
        self.changes += changed
        for observer in self.observers:
            observer.refresh()
        return changed

    def listen(self, arrived: Callable[[], None]) -> None:
        """Have a function called, on the reading thread, when there is something new for `tick`."""
        self._subscriber.listen(arrived)

    @property
    def finished(self) -> bool:
        """Whether it is time to end. Raises what `ending` does."""
        return self.ending is not None and self.ending()

    def _advance(self) -> bool:
        changed = self._restart() | self._take()
        ends = time.monotonic() + _AT_WORK
        while self._behind() and time.monotonic() < ends:
            time.sleep(_BREATH)
            changed |= self._take()
        if not self.settled and self.caught_up:
            self.settled = True
            changed = True
            for key in self.fold.keys():
                ambiguity = self.fold.identity(key).ambiguity
                if ambiguity is not None:
                    raise ambiguity
        if self._unsaved and time.monotonic() >= self._save_at:
            self._save()
        return changed | self._check_missing()

    def _take(self) -> bool:
        batch = self._subscriber.arrived()
        if batch.positions:
            self._positions.update(batch.positions)
            self._subscriber.commit(self._positions)
        if not len(batch):
            return False
        self._note(batch)
        return self._guarded.apply(self.fold, batch.records)

    def _check_missing(self) -> bool:
        """Find alternatives to missing keys, as long as any are missing; returns whether they have changed."""
        missing = self.fold.missing() if self.settled else []
        if not missing:
            self._inventory_stack.close()
            self._inventory = self._absent = None
            return False
        if self._inventory is None and self.view.keyed:
            inventory = Inventory(self.view.topic, self._connection)
            self._inventory = self._inventory_stack.enter_context(inventory)
        news = self._inventory is not None and self._inventory.look()
        certain = self._inventory is None or self._inventory.complete
        if news or self._absent is None or self._absent[0] != missing or self._absent[1].certain != certain:
            self._absent = missing, self._absence(missing, certain=certain)
            news = True
        return news

    def _absence(self, missing: Sequence[str], *, certain: bool) -> Absence:
        what = wanted(self.view.key_name, missing, self.selection)
        names: Names = self._inventory.names if self._inventory else {name: set() for name in self.fold.known()}
        there = instead(self.view.key_name, missing, self.selection, names) if names or certain else ""
        return Absence(what, there, certain)

    @property
    def absent(self) -> Absence | None:
        """Requested keys that are missing, once all records are read that the topic held at the start."""
        return self._absent[1] if self._absent else None

    def _behind(self) -> bool:
        """Whether history is being read: the records that the topic held when the reading began."""
        status = self._subscriber.connection_status()
        unread = bool(status.target) and not status.reached(self._positions)
        return unread and not self.settled and status.connected

    def _note(self, batch: Batch[R]) -> None:
        self._unsaved = True
        self.taken += len(batch)
        self._arrivals.append((time.monotonic(), len(batch)))
        sent = instant(batch.sent)
        self._received = max(self._received or sent, sent)

    def _restart(self) -> bool:
        """Start from the checkpoint, or from nothing, when the topic was found or replaced; returns whether it did."""
        origin = self._subscriber.origin
        if origin is None or origin == self._origin:
            return False
        self._origin = origin
        self.fold = self._make()
        self._positions = {}
        self._received = None
        self.settled = False
        self._close_keeper()
        reading = b""
        if self._states is not None:
            folder = self._states / origin.cluster / self.view.name / self._name
            self._keeper = StateKeeper(folder, origin.topic_id, Choice(self.selection, dict(self.parameters)))
            if not origin.merged and self._begin is None:
                reading = self._restore(self._keeper)
        if self._begin is not None:
            beginning = self._begin(origin.topic_id)
            self._guarded.apply(self.fold, beginning.batches)
            self._positions = dict(beginning.positions)
        self._subscriber.begin(self._positions, reading)
        return True

    def _close_keeper(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def _restore(self, keeper: StateKeeper) -> bytes:
        """Restore the saved state; returns the subscriber's part of it."""
        saved = keeper.load()
        if saved is None:
            return b""
        try:
            self.fold.restore({name: page for name, page in saved.pages.items() if page is not None})
        except StateError as error:
            # A state of another version is not needed: the topic holds all its records.
            keeper.refuse(error)
            self.fold = self._make()
            return b""
        self._positions = dict(saved.positions)
        self._received = saved.received
        return saved.reading

    def _save(self) -> None:
        if self._keeper is None or not self._unsaved:
            return
        started = time.monotonic()
        if self._keeper.ready:
            changed = not self._keeper.whole
            pages, reading = self.fold.pages(changed=changed), self._subscriber.reading()
            self._keeper.save(Saved(dict(self._positions), self._received, pages, reading, changed))
            self._unsaved = False
        took = time.monotonic() - started
        self._save_at = time.monotonic() + min(max(_SAVE_EVERY, _SAVE_SHARE * took), _SAVE_AT_LATEST)

    @property
    def caught_up(self) -> bool:
        """Whether all records are read that the topic held when the reading began."""
        return self._subscriber.connection_status().reached(self._positions)

    def status(self) -> Status:
        """The present status of the view."""
        status = self._subscriber.connection_status()
        waiting = status.waiting or self.absent
        counts = {"unreadable": status.dead, "skipped": status.skipped, "set aside": self._guarded.failed}
        return Status(
            connected=status.connected,
            since=status.since,
            waiting=None if waiting is None else str(waiting),
            lag=status.lag(self._positions),
            taken=self.taken,
            rate=self._rate(),
            latest=self.fold.latest(),
            received=self._received,
            caught_up=self.settled,
            note=self._keeper.note if self._keeper is not None else "",
            counts={**self.fold.counts(), **{name: count for name, count in counts.items() if count}},
        )

    def absence(self) -> BrokerError:
        """The error if the broker or the topic did not appear in time."""
        return self._subscriber.connection_status().absence(self._connection)

    def _rate(self) -> float:
        now = time.monotonic()
        while self._arrivals and now - self._arrivals[0][0] > _RATE_OVER:
            self._arrivals.popleft()
        return sum(count for _, count in self._arrivals) / _RATE_OVER


AnyLive: TypeAlias = Live[Any]
"""One of some record, as `stockstream.views.view.AnyView`."""


def folder_name(selection: Selection) -> str:
    """Folder name for a selection: the same for the same selection, and valid for any symbol."""
    symbols = "+".join(sorted(quote(key, safe="") for key in selection.keys)) or "all"
    made = selection.resample and f"in-{selection.resample}"
    name = "@".join(part for part in (symbols, selection.interval, selection.feed, made) if part)
    return name if len(name) <= _LONGEST_NAME else sha256(name.encode()).hexdigest()[:16]
