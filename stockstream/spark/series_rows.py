"""Rows of one series in a table of indicators: those of a window's frame, of which each batch of bars changes some.

A window's own `History` computes, so that corrections, late and forming bars, doubts and the bars that are kept are
treated as there. Its bars, and the states of its indicators before them, are the state between two batches.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from stockstream import plugins
from stockstream.errors import StateError
from stockstream.indicators.arrays import Column
from stockstream.indicators.compose.together import column
from stockstream.records import Series
from stockstream.views.bar_batch import BarBatch
from stockstream.views.bars import BarPage, Bars
from stockstream.views.frame import Frame
from stockstream.views.history import History, Makers
from stockstream.views.indicator_series import AnyIndicator
from stockstream.views.series import Head

_VERSION: Final = 1

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


class _Saved(msgspec.Struct):
    """A saved state; ``bases`` are the indicators' states before the first of the bars."""

    version: int
    head: Head
    bases: dict[str, dict[str, Any]]
    pages: list[BarPage]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Saved).decode


class SeriesRows:
    """The rows of one series.

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
    saved
        The state after former bars; None if there were none.

    Raises
    ------
    StateError
        The state cannot be used.
    """

    def __init__(
        self, series: Series, makers: Makers, names: tuple[str, ...], keep: int, saved: bytes | None = None
    ) -> None:
        self._series = series
        self._names = names
        self._left: list[Columns] = []
        self._outdated: list[NDArray[np.intp]] = []
        self._refused: set[tuple[int, str]] = set()
        self._history = self._restored(makers, keep, saved)

    def _restored(self, makers: Makers, keep: int, saved: bytes | None) -> History:
        hooks: dict[str, Any] = {"keep": keep, "leaving": self._leave, "outdated": self._outdated.append}
        if saved is None:
            return History(makers, **hooks)
        try:
            state = _decode(saved)
        except msgspec.MsgspecError as error:
            raise StateError(f"the state of {self._series} cannot be read: {error}") from error
        if state.version != _VERSION:
            raise StateError(f"the state of {self._series} has version {state.version}, not {_VERSION}")
        head = state.head
        bars = Bars.load(head.newest, head.dropped, state.pages)
        return History(makers, bars, head.corrections, head.late, None, bases=state.bases, older=head.older, **hooks)

    def take(self, batch: BarBatch) -> Change:
        """Merge a batch of bars; returns what it has changed."""
        history = self._history
        before = self._rows(history.frame()) if len(history.series) else None
        known = self._refusals()
        late, corrections = history.late, history.corrections
        self._left.clear()
        self._outdated.clear()
        self._refused.clear()
        history.merge(batch)
        self._left.append(self._rows(history.frame()))
        self._refused |= self._refusals()
        after = {name: np.concatenate([each[name] for each in self._left]) for name in self._names}
        changed, again = _compared(before, after)
        return Change(
            {name: values[changed] for name, values in after.items()},
            again[changed],
            np.concatenate(self._outdated) if self._outdated else np.empty(0, np.intp),
            self._refused - known,
            history.late - late,
            history.corrections - corrections,
        )

    def saved(self) -> bytes:
        """The state, to go on from."""
        history = self._history
        bars = history.series
        assert bars.newest is not None
        head = Head(self._series, bars.newest, bars.dropped, history.corrections, history.late, history.older)
        pages = [page for _, page in bars.pages(changed=False) if page is not None]
        return _encode(_Saved(_VERSION, head, {name: dict(base) for name, base in history.bases.items()}, pages))

    def _leave(self, frame: Frame) -> None:
        self._left.append(self._rows(frame))
        self._refused |= self._refusals()

    def _refusals(self) -> set[tuple[int, str]]:
        return {(time, name) for name, times in self._history.refusals().items() for time in times}

    def _rows(self, frame: Frame) -> Columns:
        """The columns of a frame, which later bars do not change."""
        return {name: np.array(frame[name]) for name in self._names}


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
