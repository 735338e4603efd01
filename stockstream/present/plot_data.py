"""Plot data: the title of one picture, and all data to be drawn, as one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stockstream.names import harmless
from stockstream.present.formats import moment
from stockstream.present.model import Model
from stockstream.present.price_levels import LevelLine
from stockstream.present.row_notes import NONE, RowNotes
from stockstream.records import Alert
from stockstream.views.frame import Frame
from stockstream.views.gaps import gaps
from stockstream.views.marks import Groups

_PERIODS: Final = ((365, "{year}"), (28, "{month} {year}"), (7, "week of {day} {month} {year}"))
"""Name of a row that covers at least this number of days."""

_ENOUGH: Final = 6
"""Number of rows whose shortest distance gives the length of a row's period."""


@dataclass(frozen=True)
class Group:
    """One of several keys in a picture, with its total over the frame."""

    key: str
    label: str
    total: float


@dataclass(frozen=True)
class PlotData:
    """The data of one picture.

    ``frame`` holds the columns of one key or, if a view shows all its keys together, a column for each key, named by
    `group_column`. ``key`` is empty in the second case and while there is no data. ``empty`` is the
    message if there are no rows. ``source`` is where the newest bar comes from. ``levels`` are the watched price
    levels; ``notes`` the alerts and headlines at rows,
    ``newest`` the newest alerts of all keys, the last one first.
    """

    title: str
    key: str
    frame: Frame
    zone: str | None = None
    simulated: bool = False
    measure: str | None = None
    source: str = ""
    groups: tuple[Group, ...] = ()
    empty: str = ""
    levels: tuple[LevelLine, ...] = ()
    notes: RowNotes = NONE
    newest: tuple[Alert, ...] = ()

    @property
    def daily(self) -> bool:
        """Whether rows cover days or more, rather than an instant."""
        last = self.frame.instants[-2:]
        return self.zone is None and bool(np.all(last == last.astype("M8[D]")))

    @property
    def days(self) -> int:
        """Number of days that a row covers, from the newest rows; 0 for less than a day."""
        if not self.daily:
            return 0
        last = self.frame.instants[-_ENOUGH:].astype("M8[D]").astype(np.int64)
        return int(np.diff(last).min()) if len(last) > 1 else 1

    def moment(self, row: int, *, named: bool = True) -> str:
        """The time of a row: an instant or a period.

        An instant has its year if that differs from the newest row's, and its zone if ``named``.
        """
        instants = self.frame.instants
        if self.daily:
            text = moment(instants[row], None, daily=True)
            words = dict(zip(("weekday", "day", "month", "year"), text.split(), strict=True))
            days = self.days
            return next((form.format(**words) for least, form in _PERIODS if days >= least), text)
        year = instants[row].astype("M8[Y]") != instants[-1].astype("M8[Y]")
        return moment(instants[row], self.zone, daily=False, year=bool(year), named=named)


_NOTHING = Frame("time", {"time": np.empty(0, "M8[us]")})


def group_column(column: str, key: str) -> str:
    """Column name of a key."""
    return f"{column} {key}"


def plot_data(
    model: Model, key: str | None, *, start: np.datetime64 | None = None, end: np.datetime64 | None = None
) -> PlotData:
    """The plot data of a key of a model (None if it has no data yet), from ``start`` up to ``end``."""
    view, fold = model.view, model.fold
    title = view.title.format(**model.parameters)
    keys = fold.keys()
    if view.layout == "all" and keys:
        frames = {each: fold.frame(each).between(start, end) for each in keys}
        identities = {each: fold.identity(each) for each in keys}
        columns = [mark.column for panel in view.panels for mark in panel.marks if isinstance(mark, Groups)]
        groups = tuple(
            Group(each, identities[each].title, sum(float(np.nansum(frame[name])) for name in columns))
            for each, frame in frames.items()
        )
        simulated = any(each.simulated for each in identities.values())
        return PlotData(
            title, "", beside_each_other(frames, columns), identities[keys[0]].zone, simulated, groups=groups
        )
    if key is None or key not in keys:
        return PlotData(title if key is None else harmless(f"{key} - {title}"), "", _NOTHING)
    frame = fold.frame(key).between(start, end)
    identity = fold.identity(key)
    shown = harmless(f"{identity.title} - {title}")
    return PlotData(shown, key, frame, identity.zone, identity.simulated, identity.measure, identity.source)


def beside_each_other(frames: Mapping[str, Frame], columns: list[str]) -> Frame:
    """One frame over the rows of all keys; NaN where a key has no row."""
    index = next(iter(frames.values())).index
    instants = np.unique(np.concatenate([frame.instants for frame in frames.values()]))
    together: dict[str, Any] = {index: instants}
    for key, frame in frames.items():
        places = np.searchsorted(instants, frame.instants)
        for name in columns:
            column = np.full(len(instants), np.nan)
            column[places] = frame[name]
            together[group_column(name, key)] = column
    together["gap"] = gaps(instants, "1d", None)
    return Frame(index, together)


def next_key(keys: list[str], key: str | None, step: int) -> str | None:
    """The key ``step`` positions further in the list, cyclic; the first if there is none yet."""
    if not keys:
        return key
    return keys[(keys.index(key) + step) % len(keys)] if key in keys else keys[0]
