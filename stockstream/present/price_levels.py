"""Watched price levels: the levels of each key, and the detection of crossings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from stockstream.present.formats import PERCENT, PLAIN, Unit, moment
from stockstream.present.memory import Memory
from stockstream.records import NUMBERS
from stockstream.views.frame import Frame
from stockstream.views.marks import Candles, Columns, Line, Mark, Panel
from stockstream.views.view import View

_SECTION: Final = "alerts"


class Level(msgspec.Struct, frozen=True, order=True):
    """A value in a panel; ``panel`` is what `names` calls it."""

    panel: str
    value: float


@dataclass(frozen=True)
class Crossing:
    """A column of a key's frame was at a level or on one side of it and now is on the other, in the row at
    ``instant``."""

    key: str
    level: Level
    column: str
    rising: bool
    value: float
    instant: np.datetime64
    unit: Unit = PLAIN

    def told(self, *, zone: str | None, simulated: bool) -> str:
        """In a sentence: ``AAPL: close rose through 101.50 to 101.62 (Tue 3 Mar 2026 10:45 EST)``."""
        level, value = (f"{self.unit.of(number):,.10g}{self.unit.suffix}" for number in (self.level.value, self.value))
        way = "rose" if self.rising else "fell"
        when = moment(self.instant, zone, daily=zone is None and self.instant == self.instant.astype("M8[D]"))
        what = self.column.replace("_", " ")
        return f"{'SIMULATED ' if simulated else ''}{self.key}: {what} {way} through {level} to {value} ({when})"


def names(panels: Sequence[Panel]) -> list[str]:
    """What to call panels so that a level finds its own again: by title or axis, the second of a name with its number.

    >>> names([Panel((), "price"), Panel((), "", title="Aroon (25)"), Panel((), "", title="Aroon (25)")])
    ['price', 'Aroon (25)', 'Aroon (25) 2']
    """
    called: list[str] = []
    plain = [panel.title or panel.ylabel for panel in panels]
    for place, name in enumerate(plain):
        count = plain[: place + 1].count(name)
        called.append(name if count == 1 else f"{name} {count}")
    return called


def watched(panel: Panel) -> tuple[str, ...]:
    """The columns whose crossing of a level in the panel is told: the close where there are prices, else its lines."""
    marks: dict[type[Mark], list[str]] = {Line: [], Columns: []}
    for mark in panel.marks:
        if isinstance(mark, Candles):
            return ("close",)
        if isinstance(mark, Line | Columns):
            marks[type(mark)].append(mark.column)
    return tuple(marks[Line] or marks[Columns])


@dataclass
class _Armed:
    """Whether a rise through a level is to be told, and whether a fall is.

    Either is once it was told of only when the value has been beyond the level again by as much as the dead band.
    """

    rise: bool
    fall: bool

    def crossed(self, value: float, level: float, band: float) -> bool | None:
        """Take the next value: True for a rise through the level that is to be told, False for a fall."""
        rose, fell = self.rise and value > level, self.fall and value < level
        self.rise = (self.rise and not rose) or value <= level - band
        self.fall = (self.fall and not fell) or value >= level + band
        return True if rose else False if fell else None


@dataclass
class _Watch:
    """How far a key was looked at: its last row, what was told of that already, and what is to be told."""

    instant: np.datetime64
    values: dict[str, float]
    told: set[tuple[Level, str, bool]] = field(default_factory=set)
    armed: dict[tuple[Level, str], _Armed] = field(default_factory=dict)


class Alerts:
    """The levels of a window.

    A value crosses above where it was at the level or below and is above now. A crossing is told once: a bar that is
    forming may cross a level to and fro, and is told of once for each way. Columns are looked at from when they are
    first checked; what was before is history.

    Parameters
    ----------
    view
        The window's view.
    memory
        Where levels that the user has set are kept.
    fixed
        Levels of the prices from the settings, by key. One that is taken away comes back when the window is opened
        anew. Where the view shows no prices there are none.
    band
        The dead band in percent of a level: a crossing is told again only when the value has been so far on the other
        side, so that whipping around the level is one.
    """

    def __init__(
        self,
        view: View[Any],
        memory: Memory,
        fixed: Mapping[str, Sequence[float]] | None = None,
        *,
        band: float = 0.0,
    ) -> None:
        self.names = names(view.panels)
        self._columns = {name: watched(panel) for name, panel in zip(self.names, view.panels, strict=True)}
        priced = [name for name in self.names if self._columns[name] == ("close",)]
        self._fixed = {
            key: {Level(name, float(value)) for name in priced[:1] for value in values}
            for key, values in (fixed or {}).items()
        }
        self._units = {
            name: PERCENT if panel.percent else PLAIN for name, panel in zip(self.names, view.panels, strict=True)
        }
        self._band = band / 100
        self._memory = memory
        self._own = memory.get(_SECTION, dict[str, list[Level]], {})
        self._watches: dict[str, _Watch] = {}

    def levels(self, key: str) -> list[Level]:
        """The levels of a key."""
        return sorted({*self._own.get(key, ()), *self._fixed.get(key, ())})

    def places(self, key: str) -> list[tuple[int, float]]:
        """The levels of a key that belong to a panel of the view: the panel's place, and the value."""
        return [(self.names.index(each.panel), each.value) for each in self.levels(key) if each.panel in self.names]

    def watched(self, panel: int) -> bool:
        """Whether anything in the panel at a place can cross a level."""
        return bool(self._columns[self.names[panel]])

    def keys(self) -> list[str]:
        """The keys that have levels."""
        return [key for key in {**self._own, **self._fixed} if self.levels(key)]

    def add(self, key: str, level: Level) -> None:
        """Watch a level of a key."""
        if not self.levels(key):
            self._watches.pop(key, None)  # what it was since the last level of the key is history
        self._own.setdefault(key, []).append(level)
        self._memory.put(_SECTION, self._own)

    def remove(self, key: str, level: Level) -> bool:
        """Watch a level no longer; True where it is one of the settings, which comes back with the next start."""
        if key in self._watches:
            armed = self._watches[key].armed
            self._watches[key].armed = {(each, name): way for (each, name), way in armed.items() if each != level}
        own = [each for each in self._own.get(key, ()) if each != level]
        if own != self._own.get(key, []):
            self._own[key] = own
            self._memory.put(_SECTION, {key: levels for key, levels in self._own.items() if levels})
        fixed = self._fixed.get(key, set())
        was = level in fixed
        fixed.discard(level)
        return was

    def check(self, key: str, frame: Frame) -> list[Crossing]:
        """What a key's columns have crossed since they were last checked."""
        if not len(frame):
            return []
        levels = self.levels(key)
        columns = {column for level in levels for column in self._columns.get(level.panel, ()) if column in frame}
        watch = self._watches.get(key)
        crossings = [] if watch is None else list(self._crossed(key, frame, levels, watch))
        told = watch.told if watch is not None and watch.instant == frame.instants[-1] else set()
        told |= {(each.level, each.column, each.rising) for each in crossings if each.instant == frame.instants[-1]}
        values = {column: _last(frame[column]) for column in columns}
        known = {column: value for column, value in values.items() if value is not None}
        self._watches[key] = _Watch(frame.instants[-1], known, told, {} if watch is None else watch.armed)
        return crossings

    def _crossed(self, key: str, frame: Frame, levels: list[Level], watch: _Watch) -> Iterator[Crossing]:
        start = int(np.searchsorted(frame.instants, watch.instant))
        for level in levels:
            for column in self._columns.get(level.panel, ()):
                if column not in frame or column not in watch.values:
                    continue
                values = frame[column][start:]
                known = np.isfinite(values)
                if column in NUMBERS:
                    known &= frame.sure(column)[start:]
                before, band = watch.values[column], self._band * abs(level.value)
                fresh = _Armed(before <= level.value, before >= level.value)
                armed = watch.armed.setdefault((level, column), fresh)
                for row in (start + np.flatnonzero(known)).tolist():
                    value = float(frame[column][row])
                    rising = armed.crossed(value, level.value, band)
                    instant = frame.instants[row]
                    told = instant == watch.instant and (level, column, rising) in watch.told
                    if rising is not None and not told:
                        unit = self._units.get(level.panel, PLAIN)
                        yield Crossing(key, level, column, rising, value, instant, unit)


def _last(values: NDArray[np.float64]) -> float | None:
    """The last value that is known; None where there is none."""
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else None
