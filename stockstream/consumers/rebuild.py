"""Rebuilding of a saved state from the topic, and comparison with the former one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stockstream.connection import Connection
from stockstream.consumers.choice import Choice
from stockstream.errors import StateError
from stockstream.indicators.arrays import Column
from stockstream.kafka.batch import Messages
from stockstream.kafka.client import instant
from stockstream.kafka.decoding import Decoding
from stockstream.kafka.key_order import KeyOrder, OutOfOrder, restored_reading, saved_reading, sent_order
from stockstream.kafka.to_end import ToEnd
from stockstream.views.checkpoint import Checkpoint, Saved
from stockstream.views.fold import AnyFold
from stockstream.views.frame import Frame
from stockstream.views.view import AnyView

_MOST: Final = 5
"""Maximum number of keys whose differences are reported."""


class Rebuilt(NamedTuple):
    """Result of rebuilding a saved state.

    Attributes
    ----------
    records
        Number of records read from the topic.
    differences
        Differences of the saved state, in words; empty if there are none.
    unusable
        Reason why the saved state could not be compared; empty if it could.
    gone
        Number of records that the saved state counts and the topic no longer holds: if any, the state was kept.
    """

    records: int
    differences: tuple[str, ...]
    unusable: str = ""
    gone: int = 0

    @property
    def equal(self) -> bool:
        """Whether the saved state agrees with the topic."""
        return not (self.differences or self.unusable)


def rebuild(view: AnyView, folder: Path, topic_id: str, choice: Choice, connection: Connection) -> Rebuilt:
    """Read the topic up to the offsets of the saved state, compare, and save the new state in its place.

    Parameters
    ----------
    view
        The view.
    folder
        The folder of the saved state.
    topic_id
        The topic's id.
    choice
        The choice of the state's window.
    connection
        librdkafka's properties.

    Raises
    ------
    StateError
        A window uses the state, or it cannot be written.
    Unreachable, BrokerError
        The topic cannot be read.
    """
    checkpoint = Checkpoint(folder)
    try:
        if not checkpoint.writes:
            raise StateError(f"the state {folder} is in use by a window", hint="close the window first")
        saved = checkpoint.load(topic_id)
        former, unusable = (
            _former(view, choice, saved) if saved is not None else (None, checkpoint.note or "none saved")
        )
        reading = _Reading(view, choice, connection)
        reading.read(saved.positions if saved is not None and former is not None else None)
        gone = reading.gone if former is not None else 0
        differences = () if former is None else tuple(_differences(former, reading.fold))
        if not gone:
            before = restored_reading(saved.reading) if saved is not None else None
            order = saved_reading(reading.order if view.topic.corrected else None, before.skipped if before else 0)
            pages = reading.fold.pages()
            checkpoint.save(topic_id, Saved(reading.positions, reading.received, pages, order))
        return Rebuilt(reading.records, differences, unusable, gone)
    finally:
        checkpoint.close()


def _former(view: AnyView, choice: Choice, saved: Saved | None) -> tuple[AnyFold | None, str]:
    """The saved view, or None with the reason if it cannot be used."""
    if saved is None:
        return None, "none was saved"
    fold = view.fold(choice.selection, choice.parameters)
    try:
        fold.restore({name: page for name, page in saved.pages.items() if page is not None})
    except StateError as error:
        return None, error.message
    return fold, ""


class _Reading:
    """A view made from the topic."""

    def __init__(self, view: AnyView, choice: Choice, connection: Connection) -> None:
        self._view, self._choice, self._connection = view, choice, connection
        self._begin(merged=False)
        self.gone = 0

    def _begin(self, *, merged: bool) -> None:
        view, choice = self._view, self._choice
        keys = choice.selection.keys or None if view.keyed else None
        self.fold: AnyFold = view.fold(choice.selection, choice.parameters)
        self._decoding = Decoding(
            view.topic, view.record, self._connection, keys, Event(), ordered=view.topic.corrected
        )
        self.order = self._decoding.order = KeyOrder(merged=merged)
        self.records = 0
        self.received: datetime | None = None

    def read(self, ends: Mapping[int, int] | None) -> None:
        """Read each partition up to an offset; without offsets, up to the present ends."""
        with ToEnd(self._connection, self._view.topic.name) as reader:
            held = reader.bounds()
            self.positions = {number: end for number, (_, end) in held.items()} if ends is None else dict(ends)
            ranges = {
                number: (low, self.positions[number])
                for number, (low, _) in held.items()
                if low < self.positions.get(number, 0)
            }
            self.gone = sum(min(low, self.positions.get(number, 0)) for number, (low, _) in held.items())
            try:
                self._take(reader.messages(ranges))
            except OutOfOrder:
                self._begin(merged=True)
                self._take(sent_order(self._view.topic.name, ranges, reader.messages(ranges)))

    def _take(self, batches: Iterable[Messages]) -> None:
        for messages in batches:
            decoded = self._decoding.take(messages)
            if not decoded.records:
                continue
            self.records += len(decoded.records)
            sent = instant(decoded.messages[-1].timestamp()[1])
            self.received = max(self.received or sent, sent)
            self.fold.apply(self._view.gather(decoded.records) if self._view.gather else decoded.records)


def _differences(former: AnyFold, fresh: AnyFold) -> Iterator[str]:
    """The differences of a fold from another one, in words."""
    had, has = set(former.known()), set(fresh.known())
    for keys, words in ((had - has, "are not in the topic"), (has - had, "were missing")):
        if keys:
            yield f"{', '.join(sorted(keys)[:_MOST])}{' and others' if len(keys) > _MOST else ''} {words}"
    reported = 0
    for key in sorted(had & has):
        found = _of_frames(former.frame(key), fresh.frame(key))
        reported += bool(found)
        if found and reported <= _MOST:
            yield f"{key}: {found}"
    if reported > _MOST:
        yield f"and {reported - _MOST:,} more"
    was, now = former.counts(), fresh.counts()
    for name in sorted({*was, *now}):
        if was.get(name, 0) != now.get(name, 0):
            yield f"{was.get(name, 0):,} {name}, not {now.get(name, 0):,}"


def _of_frames(former: Frame, fresh: Frame) -> str:
    """The differences of two frames of a key, from the first time at which both hold rows."""
    index = fresh.index
    with suppress(IndexError):  # one without rows
        start = max(former.instants[0], fresh.instants[0])
        former, fresh = former.between(start, None), fresh.between(start, None)
    if not np.array_equal(former.instants, fresh.instants):
        lost = len(np.setdiff1d(fresh.instants, former.instants))
        more = len(np.setdiff1d(former.instants, fresh.instants))
        return f"{lost:,} of {len(fresh):,} rows were missing, {more:,} too many"
    differing = {name: ~_same(former[name], fresh[name]) for name in fresh if name not in (index, "gap")}
    columns = [name for name, rows in differing.items() if rows.any()]
    if not columns:
        return ""
    rows = np.logical_or.reduce([differing[name] for name in columns])
    first = str(fresh.instants[np.flatnonzero(rows)[0]]).removesuffix(".000000")
    return f"{int(rows.sum()):,} of {len(fresh):,} rows differ in {', '.join(columns)}, the first at {first}"


def _same(one: Column, other: Column) -> NDArray[np.bool_]:
    same = one == other
    return np.asarray(same | ((one != one) & (other != other)))
