"""Panel of a scene: its axes, marks, vertical limits, and caption."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, Formatter, LogLocator, MaxNLocator, NullLocator

from stockstream.charts.marks.bars import DrawnCandles, DrawnColumns, DrawnGaps, DrawnGroups
from stockstream.charts.marks.lines import DrawnBand, DrawnLine, DrawnMark, Scale
from stockstream.charts.panels.axes_grid import AxesGrid
from stockstream.charts.text.caption import Caption, Entry
from stockstream.charts.text.legend import Legend, side_by_side
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import Theme
from stockstream.present.formats import PERCENT, PLAIN, Tell, Unit, number, rounded
from stockstream.present.plot_data import PlotData, group_column
from stockstream.present.ticks import numbers
from stockstream.views import marks
from stockstream.views.frame import Frame

_PADDING = 0.0625
_LABEL = 10.5
"""Points from one label of the vertical axis to the next, at least."""

_SPANS = 8.0
"""How many times its low a logarithmic scale reaches before evenly spaced ticks crowd at its top."""

_SHRINK = 0.5
"""Limits stay while the values fill at least this share of them: each change costs a full draw."""


class Numbers(Formatter):
    """Labels of values by `numbers`, in a unit."""

    def __init__(self, unit: Unit = PLAIN) -> None:
        self._unit = unit

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One value by itself."""
        del pos
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Iterable[float]) -> list[str]:
        """All values together, so that they have the same decimals."""
        return [label + self._unit.suffix for label in numbers([self._unit.of(value) for value in values])]


class NumbersLog(Numbers):
    """The same on a logarithmic scale: where it spans several powers of ten each value has its own decimals."""

    def format_ticks(self, values: Iterable[float]) -> list[str]:
        """All values together."""
        several = list(values)
        if several and several[-1] > _SPANS * several[0]:
            return [numbers([value])[0] for value in several]
        return numbers(several)


class Round(MaxNLocator):
    """Ticks at round values, as many as there is room for."""

    def __init__(self) -> None:
        super().__init__("auto", steps=[1, 2, 2.5, 5, 10], min_n_ticks=2)


class RoundLog(Round):
    """Ticks at round values of a logarithmic scale: at 1, 2 and 5 of every power of ten where they span several."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """The ticks for limits, beyond them too."""
        if not 0 < vmin < vmax < _SPANS * vmin:
            return LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(vmin, vmax)
        return super().tick_values(vmin, vmax)


class DrawnPanel:
    """A panel's axes, without ticks across, its marks and its caption.

    Parameters
    ----------
    panel
        The declaration.
    figure
        Where to draw.
    theme
        How it looks.
    ruler
        Measures its words.
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
        self._remark = self.axes.text(
            0.5, 0.5, "", transform=self.axes.transAxes, ha="center", color=theme.quiet, fontsize=theme.text_size
        )
        self._legend = Legend(panel, theme, first=above is None)
        self.priced = any(isinstance(mark, marks.Candles) for mark in panel.marks)
        self._grid, self._empty, self._log = True, False, False
        self.marks: list[DrawnMark] = []
        self._dress()
        self.build(())

    def _dress(self) -> None:
        axes, theme, panel = self.axes, self._theme, self.spec
        axes.set_autoscale_on(False)
        axes.set_axisbelow(True)
        axes.set_facecolor(theme.background)
        axes.tick_params(labelsize=theme.small_size)  # by which matplotlib chooses how many there are
        for side, spine in axes.spines.items():
            # Beneath the marks, which are drawn over the whole axes.
            spine.set(zorder=0.5, color=theme.edge, linewidth=0.8, visible=side in ("bottom", "left"))
        self.axes_grid.name = panel.ylabel
        self._number()
        axes.set_ylim(*(panel.limits or (0.0, 1.0)), auto=False)
        for mark in panel.marks:
            if isinstance(mark, marks.Guide):
                axes.axhline(mark.value, color=theme.edge, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.6)

    def hush(self, *, empty: bool) -> None:
        """Hide what says nothing while there is nothing to see."""
        self._empty = empty
        self.axes_grid.grid = self._grid and not empty
        self.axes_grid.numbered = not empty

    def rule(self, *, grid: bool, log: bool) -> None:
        """Show a grid or none; have prices on a logarithmic scale or a linear one."""
        self._grid = grid
        self.axes_grid.grid = grid and not self._empty
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
        self.axes_grid.name = self.spec.ylabel + (" (log)" if name == "log" else "")
        self._number()

    def _number(self) -> None:
        """Number the vertical axis; a scale brings ways of its own to do so."""
        axis = self.axes.yaxis
        log = self.axes.get_yscale() == "log"
        axis.set_major_formatter(NumbersLog() if log else Numbers(self.unit))
        axis.set_major_locator(RoundLog() if log else Round())
        axis.set_minor_locator(NullLocator())

    def stand(self, bottom: float, top: float, tall: float) -> None:
        """Take the figure from ``bottom`` to ``top`` (fractions of it), which is ``tall`` points."""
        self.axes.set_position((0.1, bottom, 0.8, top - bottom))
        if self.spec.ticks is not None:
            low, high = self.axes.get_ylim()
            self.axes.yaxis.set_major_locator(FixedLocator(thinned(self.spec.ticks, tall / (high - low))))

    def build(self, groups: Sequence[tuple[str, int]]) -> None:
        """Make the marks; ``groups`` are the keys that are shown together, each with its colour's place."""
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
                case marks.Groups():
                    places = [(group_column(mark.column, key), place) for key, place in groups]
                    self.marks.append(DrawnGroups(mark, self.axes, self._theme, places))
                case marks.Guide():
                    pass

    def explain(
        self,
        plot_data: PlotData,
        row: int | None = None,
        *,
        groups: Sequence[Entry] = (),
        column: str | None = None,
    ) -> None:
        """Fill the caption: what the marks are, and the values of the last row, or for a while those of another.

        ``groups`` are the entries of keys that stand side by side, of which ``column`` is spoken of alone.
        """
        last = len(plot_data.frame) - 1
        shown = row if row is not None else last
        alone = shown if plot_data.key and shown >= 0 else None
        limits, tell = self.axes.get_ylim(), self.teller()
        self.caption.explain([*self._legend.entries(plot_data.frame, alone, tell, limits), *groups])
        passing = None if row is None else self._parts(plot_data, row, tell, column)
        self.caption.read(self._parts(plot_data, last, tell, None), passing)

    def _parts(self, plot_data: PlotData, row: int, tell: Tell, column: str | None) -> Sequence[str]:
        """What there is to say of a row beside the legend."""
        if row < 0:
            return ()
        if plot_data.key:
            return self._legend.parts(plot_data, row, tell)
        return side_by_side(self.spec, plot_data, row, column) if plot_data.groups else ()

    def tell(self, value: float) -> str:
        """A value of the panel in words."""
        return self.teller()(value)

    def teller(self) -> Tell:
        """What puts values of the panel into words while its limits are what they are."""
        return partial(number, span=self._span, least=self._least, unit=self.unit)

    def rounded(self, value: float) -> float:
        """A value of the panel as fine as it is told."""
        return rounded(value, self._span, self._least, self.unit)

    @property
    def _span(self) -> float:
        low, high = self.axes.get_ylim()
        return abs(high - low)

    @property
    def _least(self) -> int:
        """The decimals that values have in any case."""
        return 2 if self.priced else 0

    def in_columns(self, scale: Scale) -> bool:
        """Whether keys stand side by side as columns, not as lines."""
        return any(isinstance(mark, DrawnGroups) and mark.in_columns(scale) for mark in self.marks)

    def column_at(self, place: tuple[float, float], row: int, frame: Frame, scale: Scale) -> tuple[str, float] | None:
        """Of the columns side by side over a row the one at a place: its name, and the pixel at its middle."""
        for mark in self.marks:
            if isinstance(mark, DrawnGroups):
                return mark.column_at(place, row, frame, scale)
        return None

    def remark(self, frame: Frame) -> bool:
        """Say why there is nothing to see, where that is so; True where it says something else than before."""
        blank = not any(_any(frame, name, np.isfinite) for drawn in self.marks for name in drawn.columns)
        if not len(frame):
            text = ""
        elif lacking := [(what, name) for what, name in self.spec.needs if not _any(frame, name, _positive)]:
            text = ";  ".join(f"{what}: no {name} in these bars".removeprefix(": ") for what, name in lacking)
        else:
            text = self._absence(frame) if blank else ""
        if text == self._remark.get_text():
            return False
        self._remark.set_text(text)
        self._remark.set(y=0.5 if blank else 0.97, va="center" if blank else "top")
        self.axes_grid.numbered = not blank
        return True

    def _absence(self, frame: Frame) -> str:
        """Why no mark has a value."""
        reasons = dict.fromkeys(frame.reason(name) for drawn in self.marks for name in drawn.columns)
        if None in reasons:
            return "not enough bars yet"
        return f"undefined: {'; '.join(filter(None, reasons))}".removesuffix(": ") if reasons else ""

    def fit(self, frame: Frame, *, anew: bool) -> bool:
        """Let the limits follow the rows in view; True where they moved. ``anew`` forgets the limits so far."""
        if self.spec.limits is not None:
            if self.axes.get_ylim() == self.spec.limits:
                return False
            self.axes.set_ylim(*self.spec.limits, auto=False)
            return True
        self._scale(log=self._log and self._above_zero(frame))
        extent = self._reach(frame)
        if extent is None:
            return False
        held = None if anew else self.axes.get_ylim()
        if self.axes.get_yscale() == "log":
            limits = fitting_log(held, *extent)
        else:
            limits = fitting(held, *extent, from_zero=self.spec.from_zero)
        if limits == self.axes.get_ylim():
            return False
        self.axes.set_ylim(*limits, auto=False)
        return True

    def _above_zero(self, frame: Frame) -> bool:
        """Whether all prices in view are, which a logarithmic scale needs: one that is not would not be seen."""
        return "low" not in frame or not bool((frame["low"][frame.sure("low")] <= 0).any())

    def _reach(self, frame: Frame) -> tuple[float, float] | None:
        """The least and the greatest value in view; a doubtful row counts only where there is no other."""
        columns = [frame[name] for drawn in self.marks for name in drawn.columns if name in frame]
        if self.axes.get_yscale() == "log":
            columns = [np.where(column > 0, column, np.nan) for column in columns]
        sure = frame.sure("high", "low", "close")
        return _extent([column[sure] for column in columns]) or _extent(columns)


def thinned(ticks: Sequence[float], scale: float) -> Sequence[float]:
    """As many of the ticks, evenly chosen, as can be read at so many points for each unit.

    >>> thinned((0, 30, 50, 70, 100), 1.0), thinned((0, 30, 50, 70, 100), 0.5), thinned((0, 30, 50, 70, 100), 0.2)
    ((0, 30, 50, 70, 100), (0, 50, 100), (0, 100))
    """
    whole = len(ticks) - 1
    for step in (step for step in range(1, whole) if whole % step == 0):
        some = ticks[::step]
        if scale * min(after - before for before, after in pairwise(some)) >= _LABEL:
            return some
    return ticks[::whole] if whole > 0 else ticks


def _any(frame: Frame, name: str, test: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Whether any value of a column passes a test; mostly the newest does."""
    return name in frame and (bool(test(frame[name][-1:]).any()) or bool(test(frame[name]).any()))


def _positive(values: np.ndarray) -> np.ndarray:
    return np.asarray(values > 0)


def _extent(columns: Sequence[np.ndarray]) -> tuple[float, float] | None:
    known = [column[np.isfinite(column)] for column in columns]
    known = [column for column in known if len(column)]
    if not known:
        return None
    return min(float(column.min()) for column in known), max(float(column.max()) for column in known)


def fitting(
    held: tuple[float, float] | None, low: float, high: float, *, from_zero: bool = False
) -> tuple[float, float]:
    """Limits for values from ``low`` to ``high``: those held while they do, else new ones with room to grow.

    >>> fitting((0.0, 10.0), 1.0, 9.0), fitting((0.0, 10.0), 0.0, 100.0), fitting(None, 0.0, 10.0, from_zero=True)
    ((0.0, 10.0), (-6.25, 106.25), (0.0, 12.0))
    """
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    span = high - low
    if held is not None and held[0] <= low and high <= held[1] and span >= _SHRINK * (held[1] - held[0]):
        return held
    if span == 0:
        span = abs(high) * 0.02 or 1.0
    if from_zero:
        return (0.0 if low == 0 else low - 0.2 * span, 0.0 if high == 0 < -low else high + 0.2 * span)
    return low - _PADDING * span, high + _PADDING * span


def fitting_log(held: tuple[float, float] | None, low: float, high: float) -> tuple[float, float]:
    """The same for values above zero on a logarithmic scale.

    >>> fitting_log((1.0, 100.0), 2.0, 90.0), fitting_log(None, 10.0**-8, 10.0**8)
    ((1.0, 100.0), (1e-09, 1000000000.0))
    """
    powers = fitting(None if held is None else _powers(*held), *_powers(low, high))
    return held if held is not None and powers == _powers(*held) else (10 ** powers[0], 10 ** powers[1])


def _powers(low: float, high: float) -> tuple[float, float]:
    return math.log10(low), math.log10(high)
