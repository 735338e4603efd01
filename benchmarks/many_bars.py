"""A chart with 100,000 bars: a frame with all of them in view, and a switch to another symbol, on Tk and on Qt.

The bars are those of a real fold with Bollinger Bands. Half of the frames add a bar, half correct the newest one. A
frame at 100,000 bars in view is compared with one at 5,000 in the same process, in turn; all of it counts: the bar
taken, the bands computed, the change painted. A switch is timed from the key to the painted picture of the other
symbol: the first one also computes its bands.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.measure import Comparison
from benchmarks.window import child_of, display, timed
from stockstream.charts.window import toolkits
from stockstream.charts.window.window import Window
from stockstream.cli.watch.heap import give_back_large_arrays
from stockstream.consumers.registry import VIEWS
from stockstream.present.options import WindowOptions
from stockstream.records import Candle
from stockstream.views.fold import Fold, Selection
from stockstream.views.status import Status

BARS: Final = {"few": 5_000, "many": 100_000}
GROWTH: Final = 1.5
SWITCH: Final = 150.0
"""Aims: a frame at 100,000 bars of one at 5,000, and milliseconds of a switch."""

STEPS: Final = 40
WARM_UP: Final = 5
SWITCHES: Final = 10
_SYMBOLS: Final = ("AAPL", "MSFT")
_START: Final = datetime(2020, 1, 1, tzinfo=UTC)


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison | str]:  # noqa: ARG001 - as for every benchmark
    """Measure each installed toolkit, in a separate process."""
    with display() as environment:
        for toolkit, name in toolkits.BACKENDS.items():
            times = child_of("benchmarks.many_bars", environment, toolkit)
            if isinstance(times, str):
                yield f"many bars, {name}: not measured ({times})"
                continue
            many, few = tuple(times["many"]), tuple(times["few"])
            what = f"a frame with {BARS['many']:,} bars in view, {name}"
            yield Comparison(what, f"{BARS['few']:,} bars", many, few, "time", GROWTH, "a change on the screen")
            for which in ("first", "again"):
                took = 1000 * statistics.median(times[which])
                verdict = f"aim {SWITCH:g}: {'reached' if took <= SWITCH else 'missed'}"
                yield f"    a switch to a symbol of {BARS['many']:,} bars, {which}: {took:.0f} ms ({verdict})"


# The child: one toolkit.


class Source:
    """A model of two symbols, whose first one grows on request."""

    view = VIEWS["bollinger"]
    parameters: Mapping[str, Any] = {"period": 20, "width": 2.0}
    finished = False

    def __init__(self, bars: int) -> None:
        self.fold: Fold[Any] = self.view.fold(Selection(_SYMBOLS), self.parameters)
        moves = np.random.default_rng(1).normal(0, 1e-3, bars + STEPS + WARM_UP + 1)
        self._closes = (100 * np.exp(np.cumsum(moves))).tolist()
        self._total = bars
        for symbol in _SYMBOLS:
            self.fold.apply([self._bar(symbol, number) for number in range(bars)])

    def _bar(self, symbol: str, number: int, more: float = 0.0) -> Candle:
        close = self._closes[number] + more
        return Candle(
            symbol=symbol, interval="1m", time=_START + timedelta(minutes=number), open=close, high=close + 0.2,
            low=close - 0.2, close=close, volume=1_000.0 + number % 100,
        )  # fmt: skip

    def grow(self) -> None:
        """One more bar of the first symbol."""
        self.fold.apply([self._bar(_SYMBOLS[0], self._total)])
        self._total += 1

    def correct(self) -> None:
        """The newest bar of the first symbol arrives with another close."""
        self.fold.apply([self._bar(_SYMBOLS[0], self._total - 1, 0.1)])

    def tick(self) -> bool:
        """News come on request."""
        return False

    def listen(self, arrived: Callable[[], None]) -> None:
        """It announces nothing."""

    def status(self) -> Status:
        """All is well."""
        return Status(connected=True, since=datetime.now(UTC), caught_up=True, lag=0)


class Shown:
    """A window with so many bars in view, or the usual number."""

    def __init__(self, toolkit: str, bars: int, rows: int) -> None:
        self.source = Source(bars)
        self.window = Window(self.source, WindowOptions(backend=toolkit, rows=rows))
        self._canvas: Any = self.window.scene.canvas
        self.window.viewer.say(datetime.now(UTC))

    def draw(self) -> None:
        """Bring the newest data on the screen."""
        self.window.viewer.refresh()
        self.window.scene.paint()
        self._canvas.flush_events()

    def switch(self) -> None:
        """What the key n does, until its picture is painted."""
        self.window.viewer.turn(1)
        self.draw()


def measure(toolkit: str) -> dict[str, list[float]]:
    """Time frames of both sizes in turn, then switches, with the heap of a window."""
    give_back_large_arrays()
    shown = {name: Shown(toolkit, bars, bars) for name, bars in BARS.items()}
    import matplotlib.pyplot as plt

    plt.show(block=False)
    times: dict[str, list[float]] = {name: [] for name in (*BARS, "first", "again")}
    for step in range(STEPS + WARM_UP):
        for name, each in shown.items():
            for change in (each.source.grow, each.source.correct):
                gc.collect()

                def frame(change: Callable[[], None] = change, each: Shown = each) -> None:
                    change()
                    each.draw()

                took = timed(frame)
                if step >= WARM_UP:
                    times[name].append(took)
    for _ in range(3):
        each = Shown(toolkit, BARS["many"], 500)
        plt.show(block=False)
        each.draw()
        times["first"].append(timed(each.switch))
        times["again"] += [timed(each.switch) for _ in range(SWITCHES)]
        plt.close(each.window.figure)
    return times


if __name__ == "__main__":
    gc.disable()
    print(json.dumps(measure(sys.argv[1])))
