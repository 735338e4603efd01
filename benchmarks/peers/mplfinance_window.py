"""Candles, bands and volume by mplfinance, drawn again for each new bar; run in its own environment."""

from __future__ import annotations

import json
import logging
import sys
import time

import matplotlib.pyplot as plt
import mplfinance as mpf
import numpy as np
import pandas as pd


def frames(path: str, bars: int, count: int) -> list[float]:
    """The seconds of each frame: the caller's axes are cleared, as in the guide to animation, plotted and painted."""
    logging.disable()  # of fonts that it does not find
    columns = dict(np.load(path))
    table = pd.DataFrame(columns, index=pd.DatetimeIndex(columns.pop("time")))
    plt.switch_backend("TkAgg")
    figure = plt.figure(figsize=(10, 6), dpi=100)
    price, volume = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    plt.show(block=False)
    taken = []
    for step in range(count + 1):
        shown = table.iloc[step : step + bars]
        started = time.perf_counter()
        price.clear()
        volume.clear()
        lines = [mpf.make_addplot(shown[["lower", "middle", "upper"]], ax=price)]
        mpf.plot(
            shown[["Open", "High", "Low", "Close", "Volume"]],
            type="candle", ax=price, volume=volume, addplot=lines, warn_too_much_data=10**6,
        )  # fmt: skip
        figure.canvas.draw()
        figure.canvas.flush_events()
        taken.append(time.perf_counter() - started)
    return taken[1:]


if __name__ == "__main__":
    print(json.dumps(frames(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
