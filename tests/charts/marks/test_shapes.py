"""Many shapes in one path."""

from __future__ import annotations

import numpy as np
from matplotlib.path import Path

from stockstream.charts.marks import shapes


def points(path: Path) -> list[list[float]]:
    found: list[list[float]] = np.asarray(path.vertices).tolist()
    return found


def codes(path: Path) -> list[int]:
    found: list[int] = np.asarray(path.codes).tolist()
    return found


def test_segments_and_boxes_hold_a_shape_a_row() -> None:
    x, low, high = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([5.0, 6.0])
    path = shapes.segments(x, low, high)
    assert points(path) == [[1, 3], [1, 5], [2, 4], [2, 6]]
    assert codes(path) == [Path.MOVETO, Path.LINETO] * 2
    path = shapes.boxes(x, x + 0.5, low, high)
    assert points(path)[:5] == [[1, 3], [1.5, 3], [1.5, 5], [1, 5], [1, 3]]
    assert codes(path) == [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * 2


def test_ribbon_is_broken_where_an_edge_is_missing() -> None:
    x = np.arange(6.0)
    lower = np.array([0, 0, np.nan, 0, 0, 0.0])
    upper = np.array([1, 1, 1, 1, np.nan, 1.0])
    path = shapes.ribbon(x, lower, upper)
    assert codes(path).count(int(Path.MOVETO)) == 3
    assert codes(path).count(int(Path.CLOSEPOLY)) == 3
    assert np.isfinite(points(path)).all()
    assert points(path)[:5] == [[0, 1], [1, 1], [1, 0], [0, 0], [0, 1]]


def test_no_rows_are_no_shape() -> None:
    none = np.empty(0)
    for path in (
        shapes.segments(none, none, none),
        shapes.boxes(none, none, none, none),
        shapes.polyline(none, none),
        shapes.ribbon(none, none, none),
        shapes.ribbon(np.arange(3.0), np.full(3, np.nan), np.ones(3)),
    ):
        assert path is shapes.EMPTY


def test_nothing_is_simplified_away() -> None:
    x = np.arange(1_000.0)
    for path in (shapes.polyline(x, x), shapes.segments(x, x, x + 1)):
        assert not path.should_simplify
