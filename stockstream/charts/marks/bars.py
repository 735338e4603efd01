"""Artists of upright bars: candles, columns, groups of columns, and gaps, aligned to whole pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from numpy.typing import NDArray

from stockstream.charts.marks.lines import DrawnMark, FrameSlice, Layer, Scale
from stockstream.charts.marks.shapes import EMPTY, Numbers, boxes, polyline, segments
from stockstream.charts.theme import Theme
from stockstream.indicators.arrays import Column
from stockstream.present import decimation
from stockstream.views.frame import Frame
from stockstream.views.marks import Candles, Columns, Groups

_OPEN_BODY: Final = 3
"""Minimum width in pixels of a hollow body; a narrower body differs from its wick by the wick's paler hue."""

_LEAST: Final = 2.0
"""Minimum length in pixels of the stroke of a candle without a body."""

_DOUBTFUL: Final = 8
"""Index of the first artist of doubtful rows; before it are wick and body of the four kinds of candles."""

_WITHOUT_OPEN: Final = 10
"""Index of the first artist of candles with an unknown open."""

_PRICES: Final = ("open", "high", "low", "close")
_DASHES: Final = (0, (2.0, 2.0))


def _trend(rows: FrameSlice, size: int) -> NDArray[np.bool_]:
    """Whether each bucket closes at its open or above; also if its open is unknown."""
    return np.asarray(~(decimation.lasts(rows["close"], size) < decimation.firsts(rows["open"], size)))


def _flag(rows: FrameSlice, name: str, size: int, *, otherwise: bool) -> NDArray[np.bool_]:
    """A boolean column for each bucket, from its last row; ``otherwise`` if the frame has none."""
    if name in rows.frame:
        return np.asarray(decimation.lasts(rows[name], size), dtype=bool)
    return np.full(-(-len(rows) // size), otherwise)


class DrawnCandles(DrawnMark):
    """`Candles`: filled if the close is below the open, otherwise hollow; dashed while forming.

    A row without an open is a stroke from low to high with a tick to the right at the close. A row with a doubtful
    price is only a grey stroke from low to high, which may be anywhere, and a mark at the panel's upper edge.
    """

    columns = ("high", "low")

    def __init__(self, mark: Candles, axes: Axes, theme: Theme) -> None:
        super().__init__(axes)
        del mark
        self._theme = theme
        for dashes in ("-", _DASHES):
            for color, fill in ((theme.up, theme.background), (theme.down, theme.down)):
                inside = fill if dashes == "-" else theme.pale(fill, 0.35)
                self.crisp(fill=False, edgecolor=color)
                self.crisp(facecolor=inside, edgecolor=color, linestyle=dashes)
        self.crisp(fill=False, edgecolor=theme.doubtful)
        self.pixels(fill=False, edgecolor=theme.alarm)
        for _ in ("stick", "tick"):
            self.crisp(fill=False, edgecolor=theme.quiet)

    def place(self, layer: Layer, rows: FrameSlice, scale: Scale) -> None:
        """Move the candles; a bucket of several rows is a single candle."""
        size = scale.bucket
        x = scale.pixels(decimation.centers(len(rows), rows.first, size))
        doubtful = ~rows.frame.sure(*_PRICES)
        trusted = {name: np.where(doubtful, np.nan, rows[name]) for name in _PRICES}
        opens, closes = decimation.firsts(trusted["open"], size), decimation.lasts(trusted["close"], size)
        high, low = decimation.highest(trusted["high"], size), decimation.lowest(trusted["low"], size)
        rising = closes >= opens
        final = _flag(rows, "final", size, otherwise=True)
        known = np.isfinite(opens)
        half = scale.width // 2
        if not half:
            high = self._seen(low, high)
        bottom, top = np.minimum(opens, closes), np.maximum(opens, closes)
        kinds = (rising & final, ~rising & final, rising & ~final, ~rising & ~final)
        for number, kind in enumerate(kinds):
            kind &= known
            wick, body = 2 * number, 2 * number + 1
            color = self._theme.down if number % 2 else self._theme.up
            self.patch(layer, wick).set_edgecolor(self._theme.pale(color, 1.0 if half else 0.5))
            stick = segments(x[kind], low[kind], high[kind])
            box = boxes(x[kind] - half, x[kind] + half, bottom[kind], top[kind])
            self.set(layer, wick, stick, width=scale.hairline)
            self.set(layer, body, box, width=scale.hairline)
        blunt = ~known & np.isfinite(closes)
        stick = segments(x[blunt], low[blunt], high[blunt])
        tick = boxes(x[blunt], x[blunt] + half, closes[blunt], closes[blunt])
        self.set(layer, _WITHOUT_OPEN, stick, width=scale.hairline)
        self.set(layer, _WITHOUT_OPEN + 1, tick, width=scale.hairline)
        self._place_doubtful(layer, rows, doubtful, scale)

    def _seen(self, low: Numbers, high: Numbers) -> Numbers:
        """Upper ends of strokes that can be seen: a price that does not move has no height, and here no width."""
        across = np.zeros(len(low))
        to = self._axes.transData
        bottom, top = (to.transform(np.column_stack((across, ends)))[:, 1] for ends in (low, high))
        least = to.inverted().transform(np.column_stack((across, bottom + _LEAST)))[:, 1]
        return np.where(top < bottom + _LEAST, least, high)

    def _place_doubtful(self, layer: Layer, rows: FrameSlice, doubtful: NDArray[np.bool_], scale: Scale) -> None:
        indexes = np.flatnonzero(doubtful)
        x = scale.pixels((rows.first + indexes).astype(np.float64))
        stick = segments(x, rows["low"][indexes], rows["high"][indexes])
        self.set(layer, _DOUBTFUL, stick, width=scale.hairline)
        unit = self._axes.figure.dpi / 100
        top = np.full(len(x), self._axes.bbox.y1)
        self.set(layer, _DOUBTFUL + 1, segments(x, top - 7 * unit, top), width=2 * scale.hairline)


class DrawnColumns(DrawnMark):
    """`Columns`: from zero to the value, in a pale colour of up or down, paler while forming."""

    def __init__(self, mark: Columns, axes: Axes, theme: Theme) -> None:
        super().__init__(axes)
        self.columns = (mark.column,)
        self._signed = mark.signed
        for share in (0.55, 0.3):
            for color in (theme.up, theme.down):
                self.crisp(facecolor=theme.pale(color, share), edgecolor="none")

    def place(self, layer: Layer, rows: FrameSlice, scale: Scale) -> None:
        """Move the columns; a bucket of several rows shows the value farthest from zero."""
        size = scale.bucket
        x = scale.pixels(decimation.centers(len(rows), rows.first, size))
        values = decimation.farthest(rows[self.columns[0]], size)
        known = np.isfinite(values)
        prices = "open" in rows.frame and "close" in rows.frame
        rising = _trend(rows, size) if prices and not self._signed else values >= 0
        final = _flag(rows, "final", size, otherwise=True)
        half = scale.width // 2
        for number, kind in enumerate((rising & final, ~rising & final, rising & ~final, ~rising & ~final)):
            kind &= known
            self.set(layer, number, _upright(x[kind] - half, x[kind] + half + 1, values[kind]))


class DrawnGroups(DrawnMark):
    """`Groups`: columns of all keys side by side, or a line for each key if there are too many rows."""

    whole = True
    settles = False

    def __init__(self, mark: Groups, axes: Axes, theme: Theme, columns: Sequence[tuple[str, int]]) -> None:
        """``columns`` names the columns of the keys in the frame, in order, each with its palette index."""
        super().__init__(axes)
        self.columns = tuple(column for column, _ in columns)
        self._most = mark.columns_up_to
        for _, index in columns:
            color = theme.color(index)
            again = theme.again(index)
            fill, edge = (theme.pale(color, 0.35), color) if again else (color, "none")
            self.crisp(facecolor=fill, edgecolor=edge)
            self.stroke(color, 1.4, dashed=again)

    def place(self, layer: Layer, rows: FrameSlice, scale: Scale) -> None:
        """Move columns and lines; one kind is always empty."""
        in_columns = self.in_columns(scale)
        each = self._width(scale)
        gap = 1 if each > _OPEN_BODY else 0
        for number, name in enumerate(self.columns):
            values = rows[name]
            column, line = EMPTY, EMPTY
            if in_columns:
                known = np.isfinite(values)
                x = scale.pixels(rows.first + np.flatnonzero(known).astype(np.float64))
                left = x - each * len(self.columns) // 2 + each * number
                column = _upright(left, left + each - gap, values[known])
            else:
                line = polyline(*decimation.broken(rows.gaps, *decimation.extremes(values, rows.first, scale.bucket)))
            self.set(layer, 2 * number, column, width=scale.hairline)
            self.set(layer, 2 * number + 1, line)

    def in_columns(self, scale: Scale) -> bool:
        """Whether there is room for columns."""
        return scale.shown <= self._most

    def _width(self, scale: Scale) -> int:
        """Width of a column in pixels."""
        return max(1, int(scale.pitch * 0.8 / max(1, len(self.columns))))

    def column_at(self, pixel: tuple[float, float], row: int, frame: Frame, scale: Scale) -> tuple[str, float] | None:
        """Nearest column (or line) of a row to a position: its name and the pixel at its middle."""
        known = [name for name in self.columns if name in frame and np.isfinite(frame[name][row])]
        if not known:
            return None
        middle = scale.pixels(np.array([float(row)]))[0]
        if not self.in_columns(scale):
            up = self._axes.transData.transform([(row, frame[name][row]) for name in known])[:, 1]
            return known[int(np.abs(up - pixel[1]).argmin())], middle
        each = self._width(scale)
        left = middle - each * len(self.columns) // 2
        middles = [left + each * self.columns.index(name) + each // 2 for name in known]
        nearest = int(np.abs(np.array(middles) - pixel[0]).argmin())
        return known[nearest], middles[nearest]


class DrawnGaps(DrawnMark):
    """Gaps: a dotted line between the rows beside the gap, and two strokes across the axis."""

    def __init__(self, axes: Axes, theme: Theme) -> None:
        super().__init__(axes)
        self.pixels(fill=False, edgecolor=theme.quiet, linestyle=(0, (1.0, 3.0)))
        self.pixels(fill=False, edgecolor=theme.text)

    def place(self, layer: Layer, rows: FrameSlice, scale: Scale) -> None:
        """Move the lines and the strokes."""
        x = np.unique(scale.pixels(rows.gaps.astype(np.float64) - 0.5))
        low, high = (np.full(len(x), edge) for edge in (self._axes.bbox.y0, self._axes.bbox.y1))
        self.set(layer, 0, segments(x, low, high), width=scale.hairline)
        unit = self._axes.figure.dpi / 100
        beside = np.concatenate((x - 2 * unit, x + 2 * unit))
        low = np.concatenate((low, low))
        self.set(layer, 1, segments(beside, low, low + 7 * unit), width=scale.hairline)


def _upright(left: Numbers, right: Numbers, values: Column) -> Path:
    return boxes(left, right, np.minimum(values, 0.0), np.maximum(values, 0.0))
