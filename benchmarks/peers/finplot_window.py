"""Candles, bands and volume by finplot, updated for each new bar; run in its own environment."""

from __future__ import annotations

import json
import sys
import time

import finplot
import numpy as np
import pandas as pd
from PyQt6.QtWidgets import QApplication


def frames(path: str, bars: int, count: int) -> list[float]:
    """The seconds of each frame: every item is given its new data, as in its example of live data, and painted."""
    columns = dict(np.load(path))
    table = pd.DataFrame(columns, index=pd.DatetimeIndex(columns.pop("time")))
    price, volume = finplot.create_plot("BENCH", rows=2, init_zoom_periods=bars)
    candles = finplot.candlestick_ochl(_candles(table.iloc[:bars]), ax=price)
    lines = [finplot.plot(table[name].iloc[:bars], ax=price) for name in ("lower", "middle", "upper")]
    traded = finplot.volume_ocv(_volume(table.iloc[:bars]), ax=volume)
    finplot.show(qt_exec=False)
    window = price.vb.win
    window.resize(1000, 600)
    taken = []
    for step in range(count + 1):
        shown = table.iloc[step : step + bars]
        started = time.perf_counter()
        candles.update_data(_candles(shown))
        for line, name in zip(lines, ("lower", "middle", "upper"), strict=True):
            line.update_data(shown[name])
        traded.update_data(_volume(shown))
        window.viewport().repaint()  # at once, not when the loop of events next comes to it
        QApplication.processEvents()
        taken.append(time.perf_counter() - started)
    return taken[1:]


def _candles(table: pd.DataFrame) -> pd.DataFrame:
    return table[["Open", "Close", "High", "Low"]]


def _volume(table: pd.DataFrame) -> pd.DataFrame:
    return table[["Open", "Close", "Volume"]]


if __name__ == "__main__":
    print(json.dumps(frames(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
