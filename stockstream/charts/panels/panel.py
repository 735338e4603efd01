"""Panel of a scene: its axes, marks, vertical limits, and caption."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, Formatter, LogLocator, MaxNLocator, NullLocator

from stockstream.charts.marks.bars import DrawnCandles, DrawnColumns, DrawnGaps, DrawnGroups
from stockstream.charts.marks.dots import DrawnDots
from stockstream.charts.marks.lines import DrawnBand, DrawnLine, DrawnMark, Scale
from stockstream.charts.panels.axes_grid import AxesGrid
from stockstream.charts.text.caption import Caption
from stockstream.charts.text.legend import colored
from stockstream.charts.text.message import Message
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import Theme
from stockstream.present.axis_names import axis_name
from stockstream.present.formats import PERCENT, PLAIN, Unit, ValueFormat, number, rounded
from stockstream.present.legend import Legend, LegendEntry, side_by_side
from stockstream.present.limits import extent, fitting, fitting_log, thinned
from stockstream.present.plot_data import PlotData, group_column
from stockstream.present.remark import blank, remark
from stockstream.present.ticks import numbers
from stockstream.views import marks
from stockstream.views.frame import Frame

_SMALLEST = 7.0
"""Smallest size of a message in points."""

_SPANS = 8.0
"""Ratio of high to low up to which a logarithmic scale has evenly spaced ticks; beyond, they would crowd at its top."""


class Numbers(Formatter):
    """Labels of values by `numbers`, in a unit."""

    def __init__(self, unit: Unit = PLAIN) -> None:
        self._unit = unit

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Label of one value."""
        del pos
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Iterable[float]) -> list[str]:
        """Labels of all values, with the same number of decimals."""
        return [label + self._unit.suffix for label in numbers([self._unit.of(value) for value in values])]


class NumbersLog(Numbers):
    """The same on a logarithmic scale: if it spans several powers of ten, each value has its own decimals."""

    def format_ticks(self, values: Iterable[float]) -> list[str]:
        """Labels of all values."""
        several = list(values)
        if several and several[-1] > _SPANS * several[0]:
            return [numbers([value])[0] for value in several]
        return numbers(several)


class Round(MaxNLocator):
    """Ticks at round values, as many as have room."""

    def __init__(self) -> None:
        super().__init__("auto", steps=[1, 2, 2.5, 5, 10], min_n_ticks=2)


class RoundLog(Round):
    """Ticks at round values of a logarithmic scale: at 1, 2 and 5 of each power of ten if it spans several."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Ticks for limits, also beyond them."""
        if not 0 < vmin < vmax < _SPANS * vmin:
            return LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(vmin, vmax)
        return super().tick_values(vmin, vmax)


class DrawnPanel:
    """A panel's axes, without horizontal ticks, its marks and its caption.

    Parameters
    ----------
    panel
        The declaration.
    figure
        Where to draw.
    theme
        Colours.
    ruler
        Measures its texts.
    above
        The axes with which to share the horizontal axis.
    """

    def __init__(self, panel: marks.Panel, figure: Figure, theme: Theme, ruler: Ruler, above: Axes | None) -> None:
        self.spec = panel
        self._theme = theme
        self.axes = figure.add_axes((0.1, 0.1, 0.8, 0.8), sharex=above)
        self.axes_grid = AxesGrid(self.axes, theme, ruler)
        self.caption = Caption(figure, theme, ruler, panel.title)
        self.unit = PERCENT if panel.percent else PLAIN
        remark = self.axes.text(0.5, 0.5, "", transform=self.axes.transAxes, ha="center", color=theme.quiet)
        self.message = Message(remark, ruler, (theme.text_size, theme.small_size, _SMALLEST))
        self._legend = Legend(panel, first=above is None)
        self.priced = any(isinstance(mark, marks.Candles) for mark in panel.marks)
        self._log = False
        self._measure: str | None = None
        self.marks: list[DrawnMark] = []
        self._style()
        self.build(())

    def _style(self) -> None:
        axes, theme, panel = self.axes, self._theme, self.spec
        axes.set_autoscale_on(False)
        axes.set_axisbelow(True)
        axes.set_facecolor(theme.background)
        axes.tick_params(labelsize=theme.small_size)  # from which matplotlib derives the number of ticks
        for side, spine in axes.spines.items():
            # Beneath the marks, which are drawn over the whole axes.
            spine.set(zorder=0.5, color=theme.edge, linewidth=0.8, visible=side in ("bottom", "left"))
        self._name()
        self._number()
        axes.set_ylim(*(panel.limits or (0.0, 1.0)), auto=False)
        for mark in panel.marks:
            if isinstance(mark, marks.Guide):
                axes.axhline(mark.value, color=theme.edge, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.6)

    def set_axes(self, *, grid: bool, log: bool) -> None:
        """Switch the grid, and logarithmic or linear prices."""
        self.axes_grid.grid = grid
        self._log = log and self.priced
        self._scale(log=self._log)

    def _scale(self, *, log: bool) -> None:
        name = "log" if log else "linear"
        if name == self.axes.get_yscale():
            return
        low, high = self.axes.get_ylim()
        if low <= 0:
            self.axes.set_ylim(max(high, 1.0) / 1000, max(high, 1.0), auto=False)
        self.axes.set_yscale(name)
        self._name()
        self._number()

    def set_measure(self, measure: str | None) -> bool:
        """Say what the numbers are, where they are no prices; whether that changed the axis's name."""
        if measure == self._measure:
            return False
        self._measure = measure
        self._name()
        return True

    def _name(self) -> None:
        suffix = " (log)" if self.axes.get_yscale() == "log" else ""
        self.axes_grid.name = axis_name(self.spec.ylabel, self._measure) + suffix

    def _number(self) -> None:
        """Set ticks and labels of the vertical axis, which a change of scale resets."""
        axis = self.axes.yaxis
        log = self.axes.get_yscale() == "log"
        axis.set_major_formatter(NumbersLog() if log else Numbers(self.unit))
        axis.set_major_locator(RoundLog() if log else Round())
        axis.set_minor_locator(NullLocator())

    def set_position(self, bottom: float, top: float, points: float) -> None:
        """Occupy the figure from ``bottom`` to ``top`` (fractions of it), which is ``points`` high."""
        self.axes.set_position((0.1, bottom, 0.8, top - bottom))
        if self.spec.ticks is not None:
            low, high = self.axes.get_ylim()
            self.axes.yaxis.set_major_locator(FixedLocator(thinned(self.spec.ticks, points / (high - low))))

    def build(self, groups: Sequence[tuple[str, int]]) -> None:
        """Create the marks; ``groups`` are the keys shown together, each with its palette index."""
        for drawn in self.marks:
            drawn.remove()
        self.marks = [DrawnGaps(self.axes, self._theme)]
        for mark in self.spec.marks:
            match mark:
                case marks.Candles():
                    self.marks.append(DrawnCandles(mark, self.axes, self._theme))
                case marks.Line():
                    self.marks.append(DrawnLine(mark, self.axes, self._theme))
                case marks.Band():
                    self.marks.append(DrawnBand(mark, self.axes, self._theme))
                case marks.Columns():
                    self.marks.append(DrawnColumns(mark, self.axes, self._theme))
                case marks.Dots():
                    self.marks.append(DrawnDots(mark, self.axes, self._theme))
                case marks.Groups():
                    columns = [(group_column(mark.column, key), index) for key, index in groups]
                    self.marks.append(DrawnGroups(mark, self.axes, self._theme, columns))
                case marks.Guide():
                    pass

    def explain(
        self,
        plot_data: PlotData,
        row: int | None = None,
        *,
        groups: Sequence[LegendEntry] = (),
        column: str | None = None,
    ) -> None:
        """Set the caption: the legend, and the values of the last row, or temporarily those of another.

        ``groups`` are the legend entries of keys side by side; ``column`` restricts the values to one of them.
        """
        last = len(plot_data.frame) - 1
        shown = row if row is not None else last
        alone = shown if plot_data.key and shown >= 0 else None
        limits, format_value = self.axes.get_ylim(), self.formatter()
        entries = [*self._legend.entries(plot_data.frame, alone, format_value, limits), *groups]
        self.caption.explain(colored(entries, self._theme))
        passing = None if row is None else self._parts(plot_data, row, format_value, column)
        self.caption.read(self._parts(plot_data, last, format_value, None), passing)

    def _parts(self, plot_data: PlotData, row: int, format_value: ValueFormat, column: str | None) -> Sequence[str]:
        """Parts of a row's caption beside the legend."""
        if row < 0:
            return ()
        if plot_data.key:
            return self._legend.parts(plot_data, row, format_value)
        return side_by_side(self.spec, plot_data, row, column) if plot_data.groups else ()

    def format_value(self, value: float) -> str:
        """A value of the panel as text."""
        return self.formatter()(value)

    def formatter(self) -> ValueFormat:
        """Function that formats values of the panel at its present limits."""
        return partial(number, span=self._span, least=self._least, unit=self.unit)

    def rounded(self, value: float) -> float:
        """A value of the panel, rounded as it is shown."""
        return rounded(value, self._span, self._least, self.unit)

    @property
    def _span(self) -> float:
        low, high = self.axes.get_ylim()
        return abs(high - low)

    @property
    def _least(self) -> int:
        """Minimum number of decimals of values."""
        return 2 if self.priced else 0

    def in_columns(self, scale: Scale) -> bool:
        """Whether keys are shown side by side as columns, not as lines."""
        return any(isinstance(mark, DrawnGroups) and mark.in_columns(scale) for mark in self.marks)

    def column_at(self, place: tuple[float, float], row: int, frame: Frame, scale: Scale) -> tuple[str, float] | None:
        """The column of a row at a position: its name, and the pixel at its middle."""
        for mark in self.marks:
            if isinstance(mark, DrawnGroups):
                return mark.column_at(place, row, frame, scale)
        return None

    def remark(self, frame: Frame) -> bool:
        """Show why the panel is empty, if it is; returns whether the message changed."""
        columns = [name for drawn in self.marks for name in drawn.columns]
        if not self.message.say(remark(self.spec, columns, frame)):
            return False
        empty = blank(columns, frame)
        self.message.artist.set(y=0.5 if empty else 0.97, va="center" if empty else "top")
        self.axes_grid.numbered = not empty
        return True

    def fit(self, frame: Frame, *, refit: bool) -> bool:
        """Fit the limits to the rows in view; returns whether they changed. ``refit`` ignores the limits so far."""
        if self.spec.limits is not None:
            if self.axes.get_ylim() == self.spec.limits:
                return False
            self.axes.set_ylim(*self.spec.limits, auto=False)
            return True
        self._scale(log=self._log and self._above_zero(frame))
        extent = self._reach(frame)
        if extent is None:
            return False
        held = None if refit else self.axes.get_ylim()
        if self.axes.get_yscale() == "log":
            limits = fitting_log(held, *extent)
        else:
            limits = fitting(held, *extent, from_zero=self.spec.from_zero)
        if limits == self.axes.get_ylim():
            return False
        self.axes.set_ylim(*limits, auto=False)
        return True

    def _above_zero(self, frame: Frame) -> bool:
        """Whether all prices in view are positive, as a logarithmic scale needs: others would be invisible."""
        return "low" not in frame or not bool((frame["low"][frame.sure("low")] <= 0).any())

    def _reach(self, frame: Frame) -> tuple[float, float] | None:
        """Minimum and maximum of the values in view; doubtful rows count only if there are no others."""
        columns = [frame[name] for drawn in self.marks for name in drawn.columns if name in frame]
        if self.axes.get_yscale() == "log":
            columns = [np.where(column > 0, column, np.nan) for column in columns]
        sure = frame.sure("high", "low", "close")
        if sure.all():  # nearly always, and the copies take longer than all the rest
            return extent(columns)
        return extent([column[sure] for column in columns]) or extent(columns)
