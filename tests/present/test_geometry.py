"""Positions of windows: sizes and positions as text, on the screen, and side by side."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockstream.present.geometry import Geometry, side_by_side

SCREENS = [Geometry(*size, 0, 0) for size in ((1366, 768), (1600, 1200), (1920, 1080), (3840, 1080), (1080, 1920))]

sizes = st.integers(10, 9_999)
places = st.integers(-9_999, 9_999)


@given(sizes, sizes, places, places)
def test_text_and_back(width: int, height: int, left: int, top: int) -> None:
    for geometry in (Geometry(width, height, left, top), Geometry(width, height)):
        assert Geometry.parse(str(geometry)) == geometry


@pytest.mark.parametrize("text", ["", "800", "800x", "800x500+1", "800x500-1-1", "1x1+0+0", "800x500+0+0+0", "axb+0+0"])
def test_what_is_not_a_geometry_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a size and place"):
        Geometry.parse(text)


@given(sizes, sizes, places, places)
def test_window_can_always_be_reached(width: int, height: int, left: int, top: int) -> None:
    screen = Geometry(1920, 1080, 100, 20)
    fitted = Geometry(width, height, left, top).within(screen)
    assert fitted.left is not None
    assert fitted.top is not None
    assert (fitted.width, fitted.height) == (min(width, 1920), min(height, 1080))
    assert 100 <= fitted.left <= 2020 - fitted.width
    assert 20 <= fitted.top <= 1100 - fitted.height


def test_window_that_is_on_the_screen_stays_and_one_off_it_is_moved_in() -> None:
    there = Geometry(800, 500, 300, 90)
    assert there.within(Geometry(1920, 1080, 0, 0)) == there
    assert replace(there, left=-300).within(Geometry(1920, 1080, 0, 0)) == replace(there, left=0)
    assert replace(there, left=5_000, top=5_000).within(Geometry(1920, 1080, 0, 0)) == replace(
        there, left=1120, top=580
    )


@pytest.mark.parametrize("screen", SCREENS, ids=str)
@pytest.mark.parametrize("count", range(1, 13))
def test_windows_are_on_the_screen_and_beside_each_other(count: int, screen: Geometry) -> None:
    placed = side_by_side(count, screen)
    assert len(set(placed)) == count
    for place in placed:
        assert place.left is not None
        assert place.top is not None
        assert place.width >= 600
        assert place.height >= 400
        assert place.left >= 0
        assert place.top >= 0
        assert place.left + place.width <= screen.width
        assert place.top + 32 + place.height <= screen.height
    if (screen.width // 620) * (screen.height // 440) >= 2 * count:
        assert not any(_overlap(one, other) for one, other in combinations(placed, 2))


def _overlap(one: Geometry, other: Geometry) -> bool:
    """Whether two windows with their frames cover each other."""
    assert one.left is not None
    assert one.top is not None
    assert other.left is not None
    assert other.top is not None
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) + 32 - max(one.top, other.top)
    return across > 0 and down > 0


def test_they_are_no_wider_than_they_are_seen_well() -> None:
    assert side_by_side(3, Geometry(3840, 1080, 0, 0))[0].height == pytest.approx(1272 * 0.6, abs=1)


def test_a_screen_has_a_corner_of_its_own() -> None:
    first = side_by_side(2, Geometry(1600, 900, 1920, 30))[0]
    assert (first.left, first.top) == (1920, 30)
