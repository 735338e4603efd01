"""Live view: takes new records, folds them, saves its state, and reports its status."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Generic, Protocol, Self, TypeVar
from urllib.parse import quote

from stockstream.consumers.inventory import Absence, Inventory, Names, instead, wanted
from stockstream.consumers.state_keeper import StateKeeper
from stockstream.errors import BrokerError, StateError
from stockstream.kafka.batch import Batch, Origin
from stockstream.kafka.client import instant, unreachable
from stockstream.kafka.subscriber import Subscriber
from stockstream.views.checkpoint import Saved
from stockstream.views.fold import Fold, Selection
from stockstream.views.status import Status
from stockstream.views.view import Parameters, View

R = TypeVar("R")

LOG: Final = logging.getLogger("stockstream.live")

_SAVE_EVERY: Final = 10.0
_SAVE_SHARE: Final = 50
_SAVE_AT_LATEST: Final = 15.0
"""Seconds between two saves: often enough that a kill costs little reading, seldom enough that it costs little time."""

_RATE_OVER: Final = 5.0
_LONGEST_NAME: Final = 100

_AT_WORK: Final = 0.04
_BREATH: Final = 0.002
"""While history is read, a tick works for so long, with so short a pause between two looks: a few hundred records that
are taken at once are still in the processor's cache, those of a whole beat of the window are not."""


class Observer(Protocol):
    """Goes along with a live view and makes something of it: a table, a picture, a report, an alert."""

    def refresh(self) -> None:
        """Bring it up to date, at most as often as is of use; called after each tick."""

    def finish(self) -> None:
        """Bring it up to date at once: this is the end."""


class Live(Generic[R]):
    """Runs one view: a subscriber feeds its fold, a checkpoint keeps it. It is the model of windows.

    Everything happens in `tick`, on the caller's thread; only the reading itself has one of its own. Leaving the
    block finishes the observers, unless by an error, and saves the state.

    Parameters
    ----------
    view
        What to run.
    selection
        What of it the user wants to see.
    parameters
        The view's parameters by name.
    connection
        librdkafka's properties.
    states
        The folder under which states are kept; None to keep none and read everything anew.

    Attributes
    ----------
    taken
        Records taken since the start.
    settled
        Whether all has been taken that the topic held when the reading began.
    changes
        Ticks since the start that changed what is shown.
    observers
        What goes along, in the order in which it is brought up to date.
    ending
        Says whether it is time to end; without it there is no end.
    """

    def __init__(
        self,
        view: View[R],
        selection: Selection,
        parameters: Parameters,
        connection: Mapping[str, Any],
        states: Path | None,
    ) -> None:
        self.view = view
        self.selection = selection
        self._connection = connection
        self.parameters = parameters
        self._make: Callable[[], Fold[R]] = lambda: view.fold(selection, **parameters)
        self.fold = self._make()
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
        """Save the state and end the reading."""
        try:
            if self._keeper is not None:
                self._keeper.wait()
                self._save()
        finally:
            self._close_keeper()
            self._inventory_stack.close()
            self._stack.close()

    def tick(self) -> bool:
        """Take what has arrived; True where anything shown may have changed. While history is read it takes 40 ms.

        Raises `SeriesError` where a symbol stands for several series, and whatever ended the reading or an observer.
        """
        changed = self._advance()
        self.changes += changed
        for observer in self.observers:
            observer.refresh()
        return changed

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
        return self.fold.apply(batch.records)

    def _check_missing(self) -> bool:
        """Find out what there is in place of what is missing, for as long as it is; True where that is news."""
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
        """What was asked for by name and is not there, once all has been read that the topic held at the start."""
        return self._absent[1] if self._absent else None

    def _behind(self) -> bool:
        """Whether it is reading what the topic held when the reading began."""
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
        """Start from the checkpoint, or anew, where the topic has been found, or is another one than before."""
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
            self._keeper = StateKeeper(folder, origin.topic_id)
            if not origin.merged:
                reading = self._restore(self._keeper)
        self._subscriber.begin(self._positions, reading)
        return True

    def _close_keeper(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def _restore(self, keeper: StateKeeper) -> bytes:
        """Take up what was saved; what the subscriber has to know of it."""
        saved = keeper.load()
        if saved is None:
            return b""
        try:
            self.fold.restore(saved.state)
        except StateError as error:
            # A state of another version is no loss: the topic holds all that went into it.
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
            state, reading = self.fold.state(), self._subscriber.reading()
            self._keeper.save(Saved(dict(self._positions), self._received, state, reading))
            self._unsaved = False
        took = time.monotonic() - started
        self._save_at = time.monotonic() + min(max(_SAVE_EVERY, _SAVE_SHARE * took), _SAVE_AT_LATEST)

    @property
    def caught_up(self) -> bool:
        """Whether all has been taken that the topic held when the reading began."""
        return self._subscriber.connection_status().reached(self._positions)

    def status(self) -> Status:
        """How the view stands now."""
        status = self._subscriber.connection_status()
        waiting = status.waiting
        if waiting is None and self._absent is not None:
            waiting = str(self._absent[1])
        counts = {"unreadable": status.dead, "skipped": status.skipped}
        return Status(
            connected=status.connected,
            since=status.since,
            waiting=waiting,
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
        """What to say where the broker or the topic did not come in time."""
        waiting = self._subscriber.connection_status().waiting or "the topic's end"
        if waiting.startswith("broker"):
            return unreachable(self._connection)
        return BrokerError(f"there is no {waiting}", hint="`stockstream produce` makes it with the first record")

    def _rate(self) -> float:
        now = time.monotonic()
        while self._arrivals and now - self._arrivals[0][0] > _RATE_OVER:
            self._arrivals.popleft()
        return sum(count for _, count in self._arrivals) / _RATE_OVER


def folder_name(selection: Selection) -> str:
    """A folder's name for what is read, the same for the same choice; safe for any symbol."""
    symbols = "+".join(sorted(quote(key, safe="") for key in selection.keys)) or "all"
    made = selection.resample and f"in-{selection.resample}"
    name = "@".join(part for part in (symbols, selection.interval, selection.feed, made) if part)
    return name if len(name) <= _LONGEST_NAME else sha256(name.encode()).hexdigest()[:16]
