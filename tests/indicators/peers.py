"""Bars over which an indicator is compared with a peer's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from tests.indicators.inputs import BarColumns, changed, make_bars, walk


def on_walks(check: Callable[[BarColumns], object], *, start: float = 100.0) -> None:
    """Check walks as they are and rounded, which makes ties."""
    for seed in range(3):
        columns = make_bars(walk(4000, start=start, seed=seed), 0.5)
        check(columns)
        check(changed(columns, np.round))


@st.composite
def anything(
    draw: st.DrawFn, low: st.SearchStrategy[float], height: st.SearchStrategy[float], *, least: int = 0
) -> BarColumns:
    """So many bars, or more, of these lows and heights, closes anywhere between."""
    bars = draw(st.lists(st.tuples(low, height, st.floats(0, 1)), min_size=least, max_size=150))
    lows, heights, places = np.array(bars, dtype=np.float64).reshape(-1, 3).T
    highs = lows + heights
    return {"low": lows.copy(), "high": highs, "close": np.minimum(lows + heights * places, highs)}
