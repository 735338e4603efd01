"""The axes of a panel: the same lines that matplotlib draws, and labels where they belong."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter
from numpy.typing import NDArray

from stockstream.charts.panels.axes_grid import AxesGrid
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import THEMES, light

PLACE = (0.203, 0.307, 0.711, 0.587)
ROWS, VALUES = (3, 17, 40, 61), (0.0, 2.5, 5.0, 7.5)


def axes_of(theme: str = "light") -> Axes:
    figure = Figure(figsize=(4, 3), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_axes(PLACE)
    axes.set(xlim=(1.3, 55.2), ylim=(-0.7, 6.1))
    axes.yaxis.set_major_locator(FixedLocator(VALUES))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    figure.set_facecolor(THEMES[theme].background)
    return axes


def ruled(**attributes: Any) -> AxesGrid:
    axes = axes_of()
    axes_grid = AxesGrid(axes, light(), Ruler(cast("Figure", axes.figure)))
    for name, value in {"rows": ROWS, "numbered": False, **attributes}.items():
        setattr(axes_grid, name, value)
    return axes_grid


def ink(artist: Any) -> NDArray[np.bool_]:
    """Which pixels are not white, shape (300, 400), the uppermost row first."""
    canvas = artist.figure.canvas
    canvas.draw()
    return np.asarray((np.asarray(canvas.buffer_rgba())[:, :, :3] < 250).any(axis=2))


def box(inked: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """The first and last column and row that are inked."""
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return int(columns[0]), int(columns[-1]), int(rows[0]), int(rows[-1])


def test_grid_is_matplotlibs_own_pixel_for_pixel() -> None:
    theirs = axes_of()
    theirs.xaxis.set_major_locator(FixedLocator(ROWS))
    theirs.grid(visible=True, color=light().grid, linewidth=0.8)
    theirs.tick_params(length=0, labelleft=False, labelbottom=False)
    inner = (slice(33, 207), slice(83, 365))  # at its very end a line may be a pixel longer
    np.testing.assert_array_equal(ink(ruled())[inner], ink(theirs)[inner])
    assert np.count_nonzero(ink(ruled()) ^ ink(theirs)) <= len(ROWS) + len(VALUES)
    assert not ink(ruled(grid=False)).any()


def test_values_in_view_are_labelled_at_their_height() -> None:
    axes_grid = ruled(grid=False, numbered=True)
    assert axes_grid.labels() == ["0", "2.5", "5"]
    found = ink(axes_grid)
    axes = axes_grid.figure.axes[0]
    for value in axes_grid.values():
        x, y = axes.transData.transform((1.3, value))
        left, right, top, bottom = box(found[round(300 - y) - 9 : round(300 - y) + 9])
        assert x - 11 <= right < x - 5
        assert left > x - 30
        assert (top + bottom) / 2 == pytest.approx(9, abs=1.5)


def test_rows_in_view_are_labelled_beneath_with_the_title_below_both_lines() -> None:
    labels = ("a", "b\nb", "c", "d")
    plain = ink(ruled(grid=False))
    assert not plain.any()
    titled = ink(ruled(grid=False, row_labels=labels, title="mmm"))
    lines = ink(ruled(grid=False, row_labels=labels))
    floor = 300 - 300 * PLACE[1]
    assert box(lines)[2] >= floor - 1
    assert box(titled)[3] > box(lines)[3] + 5
    one_line = ink(ruled(grid=False, row_labels=("a", "b", "c", "d"), title="mmm"))
    assert box(one_line)[3] < box(titled)[3]
    left, right, *_ = box(titled & ~lines)
    assert (left + right) / 2 == pytest.approx(400 * (PLACE[0] + PLACE[2] / 2), abs=1.5)
    # The last row is beyond the view: nothing stands right of the third one's label.
    axes = axes_of()
    assert box(lines)[1] < axes.transData.transform((40, 0))[0] + 6


def test_the_name_stands_upright_in_the_middle_and_reads_upwards() -> None:
    left, right, top, bottom = box(ink(ruled(grid=False, name="Lmm")))
    assert bottom - top > 2 * (right - left)
    assert (top + bottom) / 2 == pytest.approx(300 * (1 - PLACE[1] - PLACE[3] / 2), abs=1.5)
    letter = ink(ruled(grid=False, name="L"))
    left, right, top, bottom = box(letter)
    # An L on its back: its long stroke is the lower edge, its foot the right one.
    assert letter[bottom - 1 : bottom + 1, left : right + 1].any(axis=0).all()
    assert letter[top : bottom + 1, right - 1 : right + 1].any(axis=1).all()
    assert not letter[top : (top + bottom) // 2, left : left + 3].any()


def test_a_name_longer_than_the_panel_is_left_out() -> None:
    assert ink(ruled(grid=False, name="stochastic, %")).any()
    assert not ink(ruled(grid=False, name="stochastic, % of something that goes on")).any()
