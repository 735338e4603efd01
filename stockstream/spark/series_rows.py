"""Rows of one series in a table of indicators: those of a window's frame, of which each batch of bars changes some.

A window's own `History` computes, so that corrections, late and forming bars, doubts and the bars that are kept are
treated as there. Its bars, and the states of its indicators before them, are the state between two batches.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from stockstream import plugins
from stockstream.errors import StateError
from stockstream.indicators.arrays import Column
from stockstream.indicators.base import AnyIndicator
from stockstream.indicators.compose.together import column
from stockstream.records import Series
from stockstream.views.bar_batch import BarBatch
from stockstream.views.bars import BarPage, Bars
from stockstream.views.frame import Frame
from stockstream.views.history import History, Leaving, Makers, Outdated, most_kept
from stockstream.views.series import Head

_VERSION: Final = 2
_NONE: Final = np.empty(0, np.intp)

Columns = dict[str, Column]
"""Columns of rows, each of shape (rows,)."""


@dataclass(frozen=True)
class NamedIndicator:
    """An indicator that a job computes.

    Attributes
    ----------
    label
        The prefix of its columns, as in a chart.
    kind
        The indicator.
    parameters
        Those of the indicator.
    """

    label: str
    kind: type[AnyIndicator]
    parameters: Mapping[str, Any]

    def make(self) -> AnyIndicator:
        """Make it. Raises ValueError for parameters that it refuses."""
        return self.kind(**self.parameters)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its fields, as in a chart."""
        return tuple(column(self.label, self.kind, field) for field in self.kind.fields)

    def __reduce__(self) -> tuple[Callable[..., NamedIndicator], tuple[object, ...]]:
        """How it is sent to Spark's workers: one of the user's own files with all of these, which workers lack."""
        kind = self.kind
        if not plugins.is_of_file(kind):
            return type(self), (self.label, kind, self.parameters)
        return _of_file, (
            self.label,
            plugins.sources(kind.__module__),
            kind.__module__,
            kind.__qualname__,
            self.parameters,
        )

    def __str__(self) -> str:
        values = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.label}: {self.kind.name}({values})"


def _of_file(
    label: str, sources: Mapping[str, plugins.Source], module: str, name: str, parameters: Mapping[str, Any]
) -> NamedIndicator:
    # Pickling the class with its code would fail: msgspec, which makes an indicator's points, does not allow it.
    plugins.run_sources(sources)
    return NamedIndicator(label, attrgetter(name)(sys.modules[module]), parameters)


class Change(NamedTuple):
    """What a batch of bars has changed.

    Attributes
    ----------
    columns
        The new and the changed rows, in the order of time.
    again
        Whether a row replaces one that was given before, shape (rows,).
    outdated
        Indexes in the batch of the bars that are older than all that is kept.
    refused
        Times in microseconds since 1970 of bars that an indicator refused for the first time, with its label.
    late, corrections
        Number of bars that arrived after newer ones, and of final ones that arrived again with other values.
    """

    columns: Columns
    again: NDArray[np.bool_]
    outdated: NDArray[np.intp]
    refused: set[tuple[int, str]]
    late: int
    corrections: int


class Pages(Protocol):
    """Keeps bars of one series that are not needed while others only follow them, by the number of the first one."""

    def read(self, first: int, /) -> bytes:
        """Those that were written. Raises StateError."""

    def write(self, first: int, content: bytes, /) -> None:
        """Write some, in place of former ones."""

    def remove(self, first: int, /) -> None:
        """Remove some."""


class _Saved(msgspec.Struct):
    """A saved state.

    Attributes
    ----------
    version
        Of this form.
    head
        All but the bars; ``dropped`` are those before the first of them.
    held
        Number of bars.
    bases
        The indicators' states before the first of the bars, where older ones were dropped.
    ends
        Their states after the last one; None if that is forming.
    written
        The numbers of the first of those bars that are in `Pages`.
    tail
        The bars behind them, as a list of `BarPage`.
    tail_held
        Number of the latter.
    """

    version: int
    head: Head
    held: int
    bases: dict[str, dict[str, Any]]
    ends: dict[str, dict[str, Any]] | None
    written: list[int]
    tail: list[msgspec.Raw]
    tail_held: int


_TAIL: Final = 128
"""Bars at which the tail of a state goes to its pages."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Saved).decode
_decode_pages: Final = msgspec.msgpack.Decoder(list[BarPage]).decode


class SeriesRows:
    """The rows of one series.

    Bars that only follow those of the state, as nearly always, are computed from the indicators' states after these;
    for others the bars of the state are read and computed again.

    Parameters
    ----------
    series
        The series.
    makers
        Factories of the indicators by label.
    names
        The columns of a row, of those that a frame has.
    keep
        Number of newest bars that can be corrected.
    pages
        Keeps its bars.
    saved
        The state after former bars; None if there were none.

    Raises
    ------
    StateError
        The state cannot be used.
    """

    def __init__(
        self,
        series: Series,
        makers: Makers,
        names: tuple[str, ...],
        keep: int,
        pages: Pages,
        saved: bytes | None = None,
    ) -> None:
        self._series = series
        self._makers = makers
        self._names = names
        self._keep = keep
        self._pages = pages
        self._saved = None if saved is None else self._decoded(saved)

    def _decoded(self, saved: bytes) -> _Saved:
        try:
            state = _decode(saved)
        except msgspec.MsgspecError as error:
            raise StateError(f"the state of {self._series} cannot be read: {error}") from error
        if state.version != _VERSION:
            raise StateError(f"the state of {self._series} has version {state.version}, not {_VERSION}")
        return state

    def take(self, batch: BarBatch) -> Change:
        """Merge a batch of bars; returns what it has changed."""
        saved = self._saved
        if saved is not None and saved.ends is not None and self._follows(batch, saved):
            return self._appended(batch, saved, saved.ends)
        return self._merged(batch, saved)

    def saved(self) -> bytes:
        """The state, to go on from."""
        return _encode(self._saved)

    def _follows(self, batch: BarBatch, saved: _Saved) -> bool:
        """Whether bars only follow those of a state, none is forming, and none of the state is dropped for them."""
        newest = np.datetime64(saved.head.newest.time.replace(tzinfo=None), "us")
        return (
            saved.held + len(batch) < most_kept(self._keep)
            and bool(batch.instants[0] > newest)
            and batch.ascending
            and (batch.finals is None or all(batch.finals))
        )

    def _appended(self, batch: BarBatch, saved: _Saved, ends: Mapping[str, Mapping[str, Any]]) -> Change:
        """Take bars that only follow those of a state."""
        head, bars = saved.head, Bars()
        bars.dropped = head.dropped + saved.held
        history = History(self._makers, bars, head.corrections, head.late, bases=ends, older=head.older)
        history.merge(batch)
        columns = self._rows(history.columns())
        self._saved = self._written(
            _Saved(
                _VERSION,
                self._head(history, head.dropped),
                saved.held + len(batch),
                saved.bases,
                history.ends(),
                saved.written,
                [*saved.tail, *_pages(history)],
                saved.tail_held + len(batch),
            )
        )
        return Change(columns, np.zeros(len(batch), dtype=bool), _NONE, _refusals(history), 0, 0)

    def _merged(self, batch: BarBatch, saved: _Saved | None) -> Change:
        """Take any bars."""
        left: list[Columns] = []
        outdated: list[NDArray[np.intp]] = []
        refused: set[tuple[int, str]] = set()

        def leave(frame: Frame) -> None:
            left.append(self._rows(frame))
            refused.update(_refusals(history))

        history = self._restored(saved, leave, outdated.append)
        before = self._rows(history.columns()) if len(history.series) else None
        known = _refusals(history)
        late, corrections = history.late, history.corrections
        history.merge(batch)
        left.append(self._rows(history.columns()))
        refused |= _refusals(history)
        after = {name: np.concatenate([each[name] for each in left]) for name in self._names}
        changed, again = _compared(before, after)
        held = len(history.series)
        bases = {name: dict(base) for name, base in history.bases.items()}
        head = self._head(history, history.series.dropped)
        for first in () if saved is None else saved.written:
            self._pages.remove(first)
        self._saved = self._written(_Saved(_VERSION, head, held, bases, history.ends(), [], _pages(history), held))
        return Change(
            {name: values[changed] for name, values in after.items()},
            again[changed],
            np.concatenate(outdated) if outdated else _NONE,
            refused - known,
            history.late - late,
            history.corrections - corrections,
        )

    def _restored(self, saved: _Saved | None, leave: Leaving, outdated: Outdated) -> History:
        """The history with the bars of a state."""
        hooks: dict[str, Any] = {"keep": self._keep, "leaving": leave, "outdated": outdated}
        if saved is None:
            return History(self._makers, **hooks)
        try:
            parts = [*map(self._pages.read, saved.written), _encode(saved.tail)]
            pages = [page for part in parts for page in _decode_pages(part)]
        except msgspec.MsgspecError as error:
            raise StateError(f"the state of {self._series} cannot be read: {error}") from error
        head = saved.head
        bars = Bars.load(head.newest, head.dropped, pages)
        return History(
            self._makers, bars, head.corrections, head.late, None, bases=saved.bases, older=head.older, **hooks
        )

    def _head(self, history: History, dropped: int) -> Head:
        newest = history.series.newest
        assert newest is not None
        return Head(self._series, newest, dropped, history.corrections, history.late, history.older)

    def _written(self, state: _Saved) -> _Saved:
        """A state whose tail is not long: the bars of a long one are written to the pages."""
        if state.tail_held <= _TAIL:
            return state
        first = state.head.dropped + state.held - state.tail_held
        self._pages.write(first, _encode(state.tail))
        return msgspec.structs.replace(state, written=[*state.written, first], tail=[], tail_held=0)

    def _rows(self, columns: Mapping[str, Column] | Frame) -> Columns:
        """The columns of the rows, which later bars do not change."""
        return {name: np.array(columns[name]) for name in self._names}


def _pages(history: History) -> list[msgspec.Raw]:
    """The bars of a history."""
    return [msgspec.Raw(_encode(page)) for _, page in history.series.pages(changed=False) if page is not None]


def _refusals(history: History) -> set[tuple[int, str]]:
    return {(time, name) for name, times in history.refusals().items() for time in times}


def _compared(before: Columns | None, after: Columns) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows are new or changed, to the bit, and which of them were there before, each of shape (rows,)."""
    count = len(after["time"])
    again = np.zeros(count, dtype=bool)
    if before is None:
        return np.ones(count, dtype=bool), again
    places = after["time"].searchsorted(before["time"])
    again[places] = True
    changed = ~again
    for name, values in after.items():
        changed[places] |= _bits(values[places]) != _bits(before[name])
    return changed, again


def _bits(values: Column) -> Column:
    return values.view(np.int64) if values.dtype.itemsize == np.int64().itemsize else values
