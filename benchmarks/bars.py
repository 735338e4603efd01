"""A model of one synthetic series, for the drawing benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from stockstream.consumers.registry import VIEWS
from stockstream.indicators.bollinger import Bollinger
from stockstream.views.fold import Fold, Identity
from stockstream.views.frame import Frame
from stockstream.views.status import Status


class Source:
    """A model of one series that grows on request, up to a number of bars; with ``quiet`` it has no news."""

    view = VIEWS["bollinger"]
    parameters: Mapping[str, Any] = {"period": 20, "width": 2.0}
    finished = False
    quiet = False

    def __init__(self, bars: int, more: int = 100) -> None:
        rows = bars + more
        random = np.random.default_rng(1)
        close = 100 * np.exp(np.cumsum(random.normal(0, 0.001, rows)))
        open_ = np.concatenate(([100.0], close[:-1]))
        spread = np.abs(random.normal(0, 0.05, (2, rows)))
        points = Bollinger(20, 2.0).batch({"close": close})
        minutes = np.arange(rows) // 390 * 1440 + np.arange(rows) % 390
        self._columns: dict[str, NDArray[Any]] = {
            "time": np.datetime64("2026-01-05T14:30", "us") + minutes.astype("m8[m]"),
            "open": open_,
            "high": np.maximum(open_, close) + spread[0],
            "low": np.minimum(open_, close) - spread[1],
            "close": close,
            "volume": random.lognormal(8, 0.4, rows),
            **points,
            "final": np.ones(rows, dtype=bool),
        }
        self._rows = bars

    def save(self, path: Path) -> None:
        """Write all bars and bands as NumPy's arrays, with the names that other libraries expect."""
        of = self._columns
        np.savez(
            path, time=of["time"], Open=of["open"], High=of["high"], Low=of["low"], Close=of["close"],
            Volume=of["volume"], lower=of["lower"], middle=of["middle"], upper=of["upper"],
        )  # fmt: skip

    def grow(self) -> None:
        """One more bar, which is forming."""
        if self._rows:
            self._columns["final"][self._rows - 1] = True
        self._rows += 1
        self._columns["final"][self._rows - 1] = False

    def form(self) -> None:
        """The forming bar's price moves within its range."""
        last = self._rows - 1
        self._columns["close"][last] = (self._columns["high"][last] + self._columns["low"][last]) / 2

    @property
    def fold(self) -> Fold[Any]:
        """Itself."""
        return cast("Fold[Any]", self)

    def keys(self) -> list[str]:
        """One series."""
        return ["BENCH"]

    def frame(self, key: str) -> Frame:  # noqa: ARG002 - there is one
        """The bars so far."""
        return Frame("time", {name: column[: self._rows] for name, column in self._columns.items()})

    def identity(self, key: str) -> Identity:
        """What it is."""
        return Identity(f"{key} 1m", "America/New_York")

    def missing(self) -> list[str]:
        """Nothing."""
        return []

    def tick(self) -> bool:
        """Messages from outside."""
        return not self.quiet

    def listen(self, arrived: Callable[[], None]) -> None:
        """It announces nothing: the window looks for it."""

    def status(self) -> Status:
        """All is well."""
        return Status(connected=True, since=datetime.now(UTC), caught_up=True, lag=0)
