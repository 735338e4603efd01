"""The largest symbols of a table, and how long their order is kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stockstream.views.frame import Frame
from stockstream.views.leaders import Ranking


def test_an_order_is_kept_for_a_while_though_values_change() -> None:
    now = [100.0]
    ranking = Ranking(keep=2.0, clock=lambda: now[0])

    def first(values: NDArray[np.float64], by: str = "volume") -> str:
        symbols = np.array([f"S{number:02}" for number in range(len(values))], dtype=object)
        table = Frame("symbol", {"symbol": symbols, "volume": values, "volatility": -values})
        return str(ranking.page(table, by, 0).shown["symbol"][0])

    rising = np.arange(30.0)
    assert first(rising) == "S29"
    now[0] = 101.9
    assert first(rising[::-1]) == "S29"
    assert first(rising, by="volatility") == "S00"
    assert first(np.arange(31.0)) == "S30"
    now[0] = 104.0
    assert first(np.arange(31.0)[::-1]) == "S00"
