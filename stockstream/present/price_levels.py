"""Watched price levels: the levels of each key, and the detection of crossings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from stockstream.present.formats import PERCENT, PLAIN, Unit, ValueFormat, moment
from stockstream.present.level_desk import LevelDesk
from stockstream.present.memory import Memory
from stockstream.records import NUMBERS
from stockstream.views.frame import Frame
from stockstream.views.marks import Candles, Columns, Line, Mark, Panel
from stockstream.views.view import AnyView

_SECTION: Final = "alerts"
_HANDED: Final = "handed"
"""Sections of the memory: the levels, and those of them that another process has, too."""


class Level(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """A value in a panel; ``panel`` is a name given by `names`. One of ``once`` ends with its first crossing."""

    panel: str
    value: float
    once: bool = False

    @property
    def place(self) -> tuple[str, float]:
        """Where it is: two levels are never at one place."""
        return self.panel, self.value


class LevelLine(NamedTuple):
    """A level as it is drawn: the number of its panel, its value, and whether it ends with its first crossing."""

    panel: int
    value: float
    once: bool = False


@dataclass(frozen=True)
class Target:
    """What the user points at: a value in a panel, by number, and the level that is near if there is one."""

    panel: int
    value: float
    near: float | None
    format_value: ValueFormat


@dataclass(frozen=True)
class Crossing:
    """A column of a key's frame crossed a level in the row at ``instant``."""

    key: str
    level: Level
    column: str
    rising: bool
    value: float
    instant: np.datetime64
    unit: Unit = PLAIN

    def sentence(self, *, zone: str | None, simulated: bool) -> str:
        """The crossing as a sentence: ``AAPL: close rose through 101.50 to 101.62 (Tue 3 Mar 2026 10:45 EST)``."""
        level, value = (f"{self.unit.of(number):,.10g}{self.unit.suffix}" for number in (self.level.value, self.value))
        way = "rose" if self.rising else "fell"
        when = moment(self.instant, zone, daily=zone is None and self.instant == self.instant.astype("M8[D]"))
        what = self.column.replace("_", " ")
        ends = "; this level has ended" if self.level.once else ""
        return f"{'SIMULATED ' if simulated else ''}{self.key}: {what} {way} through {level} to {value} ({when}){ends}"


def names(panels: Sequence[Panel]) -> list[str]:
    """Names of panels under which levels are saved: title or axis label, with a number if a name is repeated.

    >>> names([Panel((), "price"), Panel((), "", title="Aroon (25)"), Panel((), "", title="Aroon (25)")])
    ['price', 'Aroon (25)', 'Aroon (25) 2']
    """
    called: list[str] = []
    plain = [panel.title or panel.ylabel for panel in panels]
    for index, name in enumerate(plain):
        count = plain[: index + 1].count(name)
        called.append(name if count == 1 else f"{name} {count}")
    return called


def watched(panel: Panel) -> tuple[str, ...]:
    """Columns that are compared with levels in the panel: the close in a panel of prices, otherwise its lines."""
    marks: dict[type[Mark], list[str]] = {Line: [], Columns: []}
    for mark in panel.marks:
        if isinstance(mark, Candles):
            return ("close",)
        if isinstance(mark, Line | Columns):
            marks[type(mark)].append(mark.column)
    return tuple(marks[Line] or marks[Columns])


@dataclass
class Armed:
    """Whether a rise through a level is to be reported, and whether a fall is.

    After a report, each is armed again when the value has been on the other side by at least the dead band.
    """

    rise: bool
    fall: bool

    def crossed(self, value: float, level: float, band: float) -> bool | None:
        """Take the next value: True for a rise to report, False for a fall, otherwise None."""
        rose, fell = self.rise and value > level, self.fall and value < level
        self.rise = (self.rise and not rose) or value <= level - band
        self.fall = (self.fall and not fell) or value >= level + band
        return True if rose else False if fell else None


@dataclass
class _Watch:
    """Progress of a key: the last row checked, the crossings reported in it, and what is armed."""

    instant: np.datetime64
    values: dict[str, float]
    reported: set[tuple[Level, str, bool]] = field(default_factory=set)
    armed: dict[tuple[Level, str], Armed] = field(default_factory=dict)


class Alerts:
    """Price levels of a window, and the detection of crossings.

    A value crosses a level upwards if it was at or below it before and is above it now. Each crossing is reported once;
    a forming bar that crosses a level repeatedly is reported once for each direction. Only values after the first check
    can cross.

    Parameters
    ----------
    view
        The window's view.
    memory
        Where the user's levels are saved.
    fixed
        Price levels from the settings, by key. If the user removes one, it returns when the window is opened again.
        Ignored if the view shows no prices.
    band
        Dead band in percent of a level: a crossing is reported again only after the value was on the other side by at
        least that much.
    """

    def __init__(
        self,
        view: AnyView,
        memory: Memory,
        fixed: Mapping[str, Sequence[float]] | None = None,
        *,
        band: float = 0.0,
    ) -> None:
        self.names = names(view.panels)
        self._columns = {name: watched(panel) for name, panel in zip(self.names, view.panels, strict=True)}
        self._priced = next((name for name in self.names if self._columns[name] == ("close",)), None)
        self._fixed = {
            key: {Level(self._priced, float(value)) for value in values if self._priced is not None}
            for key, values in (fixed or {}).items()
        }
        self._units = {
            name: PERCENT if panel.percent else PLAIN for name, panel in zip(self.names, view.panels, strict=True)
        }
        self._band = band / 100
        self._memory = memory
        self._own = memory.get(_SECTION, dict[str, list[Level]], {})
        self._handed = memory.get(_HANDED, dict[str, list[Level]], {})
        self._watches: dict[str, _Watch] = {}

    def levels(self, key: str) -> list[Level]:
        """The levels of a key."""
        own = {level.place: level for level in self._own.get(key, ())}
        return sorted({**{level.place: level for level in self._fixed.get(key, ())}, **own}.values())

    def lines(self, key: str) -> tuple[LevelLine, ...]:
        """Levels of a key that belong to a panel of the view."""
        known = (each for each in self.levels(key) if each.panel in self.names)
        return tuple(LevelLine(self.names.index(each.panel), each.value, each.once) for each in known)

    def at(self, key: str, panel: int, value: float) -> Level | None:
        """The level of a key at a place, the panel by number."""
        place = self.names[panel], value
        return next((level for level in self.levels(key) if level.place == place), None)

    def watched(self, panel: int) -> bool:
        """Whether a panel, by number, has columns that can cross a level."""
        return bool(self._columns[self.names[panel]])

    def keys(self) -> list[str]:
        """Keys that have levels."""
        return [key for key in {**self._own, **self._fixed} if self.levels(key)]

    def add(self, key: str, level: Level) -> None:
        """Add a level of a key."""
        if not self.levels(key):
            self._watches.pop(key, None)  # values since the last level of the key was removed do not count
        others = [each for each in self._own.get(key, ()) if each.place != level.place]
        self._own[key] = [*others, level]
        self._memory.put(_SECTION, self._own)

    def remove(self, key: str, level: Level, *, fixed: bool = True) -> bool:
        """Remove a level; returns whether it is from the settings, so that it returns at the next start.

        Without ``fixed`` one of the settings stays.
        """
        if key in self._watches:
            armed = self._watches[key].armed
            self._watches[key].armed = {
                (each, name): way for (each, name), way in armed.items() if each.place != level.place
            }
        own = [each for each in self._own.get(key, ()) if each.place != level.place]
        if own != self._own.get(key, []):
            self._own[key] = own
            self._memory.put(_SECTION, {key: levels for key, levels in self._own.items() if levels})
        configured = self._fixed.get(key, set())
        gone = {each for each in configured if fixed and each.place == level.place}
        configured -= gone
        return bool(gone)

    def exchange(self, key: str, desk: LevelDesk) -> bool:
        """Hand on the levels of prices of a key that the user set; returns whether others have changed them."""
        if self._priced is None:
            return False
        name = self._priced
        own = {each.value: each.once for each in self._own.get(key, ()) if each.panel == name}
        agreed = {each.value: each.once for each in self._handed.get(key, ())}
        merged = desk.merge(key, own, agreed)
        if merged.agreed != agreed:
            self._handed[key] = [Level(name, value, once) for value, once in merged.agreed.items()]
            self._memory.put(_HANDED, {key: levels for key, levels in self._handed.items() if levels})
        for value in own.keys() - merged.own.keys():
            self.remove(key, Level(name, value), fixed=False)
        changed = {value: once for value, once in merged.own.items() if own.get(value) != once}
        for value, once in changed.items():
            self.add(key, Level(name, value, once))
        return bool(changed) or own.keys() != merged.own.keys()

    def exchanged(self) -> set[str]:
        """Keys with levels that the user set, or that another process has, too: of others there is nothing to hand."""
        return {key for levels in (self._own, self._handed) for key, those in levels.items() if those}

    def hands(self, panel: int) -> bool:
        """Whether levels in a panel, by number, are handed on: those of prices."""
        return self.names[panel] == self._priced

    def _told(self, key: str) -> set[tuple[str, float]]:
        """Places of the levels of which a process of alerts tells: of the settings, and those that were handed."""
        own = {each.place for each in self._own.get(key, ())}
        fixed = {each.place for each in self._fixed.get(key, ())}
        return {each.place for each in self._handed.get(key, ())} | (fixed - own)

    def begin(self, key: str, frame: Frame) -> None:
        """Compare the levels of a key from these rows on, where none were compared yet."""
        if key not in self._watches:
            self.check(key, frame)

    def check(self, key: str, frame: Frame, *, told: bool = False) -> list[Crossing]:
        """Crossings of a key's columns since the last check; a level of once that was crossed is removed.

        With ``told`` those of levels of the settings, and of handed ones, are left out: another process tells of them,
        and ends them.
        """
        if not len(frame):
            return []
        levels = self.levels(key)
        columns = {column for level in levels for column in self._columns.get(level.panel, ()) if column in frame}
        watch = self._watches.get(key)
        crossings = [] if watch is None else list(self._crossed(key, frame, levels, watch))
        if told:
            elsewhere = self._told(key)
            crossings = [each for each in crossings if each.level.place not in elsewhere]
        for level in {each.level for each in crossings if each.level.once}:
            first = next(each for each in crossings if each.level == level)
            crossings = [each for each in crossings if each.level != level or each is first]
            self.remove(key, level)
        reported = watch.reported if watch is not None and watch.instant == frame.instants[-1] else set()
        reported |= {(each.level, each.column, each.rising) for each in crossings if each.instant == frame.instants[-1]}
        values = {column: _last(frame[column]) for column in columns}
        known = {column: value for column, value in values.items() if value is not None}
        self._watches[key] = _Watch(frame.instants[-1], known, reported, {} if watch is None else watch.armed)
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
                fresh = Armed(before <= level.value, before >= level.value)
                armed = watch.armed.setdefault((level, column), fresh)
                for row in (start + np.flatnonzero(known)).tolist():
                    value = float(frame[column][row])
                    rising = armed.crossed(value, level.value, band)
                    instant = frame.instants[row]
                    reported = instant == watch.instant and (level, column, rising) in watch.reported
                    if rising is not None and not reported:
                        unit = self._units.get(level.panel, PLAIN)
                        yield Crossing(key, level, column, rising, value, instant, unit)


def _last(values: NDArray[np.float64]) -> float | None:
    """Last known value; None if there is none."""
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else None
