"""Legend and values of a panel for one row: each mark with its value, and the readouts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from stockstream.present.formats import ValueFormat, decimals, worded
from stockstream.present.plot_data import Group, PlotData, group_column
from stockstream.views.frame import Frame
from stockstream.views.marks import Band, Dots, Groups, Line, Panel, Readout

_PRICES: Final = {"open": "O", "high": "H", "low": "L", "close": "C"}
_TO: Final = " to "
_RECENT: Final = 20
"""Number of closes from which the decimals of prices are derived."""


@dataclass(frozen=True)
class LegendEntry:
    """An entry of the legend: a label, a value that may change, and how the mark is drawn.

    ``color`` is an index of the palette; ``sample`` is the kind of the mark. A key is drawn as a line or a column, in
    another way if the palette repeats. The value has room for ``room`` characters. ``shorter`` are texts for narrow
    windows, the longest first.
    """

    label: str
    color: int
    sample: Literal["line", "band", "key", "column"]
    dashed: bool = False
    value: str = ""
    room: int = 0
    shorter: tuple[str, ...] = ()


class Legend:
    """The contents of a panel's caption.

    Parameters
    ----------
    spec
        The panel.
    first
        Whether it is the uppermost panel, which also shows the time and prices of the row.
    """

    def __init__(self, spec: Panel, *, first: bool) -> None:
        self._spec = spec
        self._first = first
        self._forms = {readout.column: readout.form for readout in spec.readouts}
        self._labelled = {mark.column for mark in spec.marks if isinstance(mark, Line) and mark.label}
        if first:
            self._labelled.add("close")

    def entries(
        self, frame: Frame, row: int | None, format_value: ValueFormat, limits: tuple[float, float]
    ) -> list[LegendEntry]:
        """Labelled marks, with their values in a row if one is given.

        ``format_value`` formats a value of the panel; ``limits`` of the panel determine the length.
        """
        entries = []
        for mark in self._spec.marks:
            if isinstance(mark, Line | Band) and mark.label:
                columns = [mark.column] if isinstance(mark, Line) else [mark.lower, mark.upper]
                value = ""
                if row is not None:
                    value = _TO.join(self._value(frame, column, row, format_value, limits) for column in columns)
                longest = max(len(worded(limit, self._forms.get(columns[0]), format_value)) for limit in limits)
                room = len(columns) * longest + len(_TO) * (len(columns) - 1) if value else 0
                if isinstance(mark, Line):
                    entries.append(LegendEntry(mark.label, mark.color, "line", mark.dashed, value, room))
                else:
                    entries.append(LegendEntry(mark.label, mark.color, "band", value=value, room=room))
            elif isinstance(mark, Dots) and mark.label:
                entries.append(LegendEntry(mark.label, mark.color, "column"))
        return entries

    def parts(self, plot_data: PlotData, row: int, format_value: ValueFormat) -> list[str]:
        """Further parts of a row's caption: its time, prices, and values that are not drawn."""
        frame = plot_data.frame
        parts = []
        if self._first:
            parts.append(_when(plot_data, row))
            form = f",.{decimals(frame['close'][-_RECENT:])}f" if "close" in frame else None
            for name, short in _PRICES.items():
                if name in frame:
                    parts.append(f"{short} {worded(float(frame[name][row]), form)}")
            if "volume" in frame:
                parts.append(f"V {_count(float(frame['volume'][row]))}")
        values = [readout for readout in self._spec.readouts if readout.column not in self._labelled]
        return parts + [self._readout(readout, frame, row, format_value) for readout in values]

    def _readout(self, readout: Readout, frame: Frame, row: int, format_value: ValueFormat) -> str:
        text = self._value(frame, readout.column, row, format_value)
        value = float(frame[readout.column][row]) if readout.column in frame else math.nan
        if readout.verdict is None or not math.isfinite(value):
            return f"{readout.label} {text}"
        verdict = readout.verdict
        return (verdict.below if value < verdict.limit else verdict.otherwise).format(text)

    def _value(
        self, frame: Frame, column: str, row: int, format_value: ValueFormat, limits: tuple[float, ...] = ()
    ) -> str:
        value = float(frame[column][row]) if column in frame else math.nan
        return worded(value, self._forms.get(column), format_value, limits)


def entries_of_keys(
    groups: Sequence[Group], places: Mapping[str, int], *, colors: int, lines: bool
) -> list[LegendEntry]:
    """Legend entries of several keys, each with its total; only names if there are more than ``colors``.

    ``places`` are their palette indexes; ``lines`` says that they are drawn as lines, not as columns.
    """
    many = len(groups) > colors
    entries = []
    for group in groups:
        label = group.key if many else f"{group.label} {group.total:,.0f}"
        shorter = (group.key,) if many else (f"{group.key} {group.total:,.0f}", group.key)
        entries.append(LegendEntry(label, places[group.key], "key" if lines else "column", shorter=shorter))
    return entries


def side_by_side(spec: Panel, plot_data: PlotData, row: int, column: str | None) -> list[str]:
    """Parts of the caption of a row with several keys: for one of its columns, or for all."""
    parts = [_when(plot_data, row)]
    for mark in spec.marks:
        if isinstance(mark, Groups):
            for group in plot_data.groups:
                name = group_column(mark.column, group.key)
                if column in (None, name) and name in plot_data.frame:
                    parts.append(f"{group.label} {_count(float(plot_data.frame[name][row]))}")
    return parts


def _when(plot_data: PlotData, row: int) -> str:
    """Time of the row, and whether it is forming, doubtful or after a gap."""
    frame = plot_data.frame
    doubts = {
        "forming": "final" in frame and not frame["final"][row],
        "doubtful": "doubtful" in frame and frame["doubtful"][row],
        "after a gap": "gap" in frame and frame["gap"][row],
    }
    said = ", ".join(word for word, so in doubts.items() if so)
    return plot_data.moment(row) + (f" ({said})" if said else "")


def _count(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:.4g}"
