"""The usual way of matplotlib to refresh a chart of the same bars."""

from __future__ import annotations

from typing import Any

import numpy as np

from stockstream.present.ticks import local
from stockstream.views.frame import Frame


class Replot:
    """The same figure, cleared and plotted again for each change, with whole collections rather than single bars."""

    def __init__(self, figure: Any) -> None:
        self._figure = figure
        self._price, self._volume = figure.subplots(2, sharex=True, height_ratios=(3, 1))
        figure.subplots_adjust(left=0.07, right=0.985, top=0.86, bottom=0.08, hspace=0.05)

    def draw(self, frame: Frame) -> None:
        """Clear, plot, label, draw."""
        price, volume = self._price, self._volume
        price.clear()
        volume.clear()
        x = np.arange(len(frame))
        price.fill_between(x, frame["lower"], frame["upper"], alpha=0.1, color="tab:green", label="bands")
        for name in ("lower", "upper"):
            price.plot(x, frame[name], color="tab:green", linewidth=1)
        price.plot(x, frame["middle"], color="tab:green", linestyle="--", label="middle")
        rising = frame["close"] >= frame["open"]
        for kind, color in ((rising, "tab:blue"), (~rising, "tab:orange")):
            price.vlines(x[kind], frame["low"][kind], frame["high"][kind], colors=color, linewidth=0.7)
            price.vlines(x[kind], frame["open"][kind], frame["close"][kind], colors=color, linewidth=1.4)
            volume.vlines(x[kind], 0, frame["volume"][kind], colors=color, linewidth=1.4)
        places = x[:: max(1, len(x) // 8)]
        clock = local(frame.instants[places], "America/New_York")
        volume.set_xticks(places, [f"{instant.astype('M8[m]').item():%H:%M}" for instant in clock])
        price.set_ylabel("price")
        volume.set_ylabel("volume")
        price.grid(visible=True)
        volume.grid(visible=True)
        price.legend(loc="upper left")
        price.set_title(f"BENCH 1m - Bollinger Bands (20, 2)   close {frame['close'][-1]:,.2f}")
        self._figure.suptitle(f"connected, last {frame.instants[-1]}", fontsize=9)
        self._figure.canvas.draw()
        self._figure.canvas.flush_events()
