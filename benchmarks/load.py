"""A window and a dashboard under a lasting load: processor time, frames, memory, and whether anything is lost.

10,000 bars a second of one symbol into a chart with Bollinger Bands, and a bar a second of each of 2,000 symbols into
the dashboard, for ten minutes each unless ``--minutes`` says otherwise. The windows are real ones, on Xvfb if there is
no display.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.window import display
from stockstream.cli.displays import MatplotlibDisplays
from stockstream.cli.main import tune
from stockstream.config_sections import WindowSettings
from stockstream.consumers.live import Live
from stockstream.consumers.registry import VIEWS
from stockstream.kafka.publisher import Publisher
from stockstream.present.frame_times import FrameTimes
from stockstream.present.options import WindowOptions
from stockstream.records import Bar
from stockstream.topics import STOCKS
from stockstream.views.fold import Selection

GAP: Final = 0.3
"""Aim of the longest time between two frames, in seconds."""

_WARM_UP: Final = 10.0
_START: Final = datetime(2000, 1, 1, tzinfo=UTC)
_TURN: Final = 0.05
_LEFT: Final = 30.0

minutes = 10.0
"""How long each load lasts; set by the command line."""


@dataclass(frozen=True)
class Load:
    """A load: the view, the number of symbols, and bars a second in all."""

    view: str
    symbols: int
    rate: int
    share: float
    """Aim of the window's processor time, as a share of a core."""


LOADS: Final = {"chart": Load("bollinger", 1, 10_000, 0.35), "dashboard": Load("dashboard", 2_000, 2_000, 0.6)}


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:
    """Put each load on a window in a separate process."""
    with display() as environment:
        for name, load in LOADS.items():
            command = [sys.executable, "-m", "benchmarks.load", bootstrap_servers, name, str(60 * minutes)]
            done = subprocess.run(
                [*command, str(folder)], env={**os.environ, **environment}, capture_output=True, text=True, check=False
            )
            if done.returncode:
                reason = done.stderr.strip().splitlines()[-1:] or [f"ended with {done.returncode}"]
                yield f"{name} under load: not measured ({reason[0]})"
            else:
                yield _described(name, load, json.loads(done.stdout.splitlines()[-1]))


def _described(name: str, load: Load, found: dict[str, Any]) -> str:
    sizes = ", ".join(f"{minute:g} min {size / 1e6:.0f}" for minute, size in found["memory"])
    gap = found["gap"]
    verdict = "reached" if gap <= GAP else "missed"
    return (
        f"{name}, {load.rate:,} bars a second of {load.symbols:,} symbol{'s' * (load.symbols > 1)},"
        f" {found['seconds'] / 60:.1f} minutes: {found['share']:.0%} of a core (aim {load.share:.0%})\n"
        f"    longest gap between frames {gap:.2f} s (aim <= {GAP:g} s: {verdict}), 95th percentile of a frame"
        f" {1000 * found['p95']:.0f} ms, {found['frames']:,} frames\n"
        f"    {found['sent']:,} sent, {found['lost']:,} lost; resident MB at {sizes};"
        f" {found['bar']:.0f} bytes a retained bar ({found['retained']:,} retained)"
    )


# The child: a window, which starts the source.


class Frames(FrameTimes):
    """Frame times, and the longest time between the ends of two frames after the warm-up."""

    def __init__(self, begins: float) -> None:
        super().__init__()
        self._begins = begins
        self._last = 0.0
        self.all: list[float] = []
        self.gap = 0.0

    def add(self, seconds: float) -> None:
        """Add a frame."""
        super().add(seconds)
        now = time.monotonic()
        if now > self._begins:
            self.all.append(seconds)
            if self._last > self._begins:
                self.gap = max(self.gap, now - self._last)
        self._last = now


class Watch:
    """Notes the memory each half minute, and ends the window when the source has ended and all is read."""

    def __init__(self, live: Live[Any], source: subprocess.Popen[str]) -> None:
        self._live = live
        self._source = source
        self._process = psutil.Process()
        self._began = time.monotonic()
        self._ends: float | None = None
        self.memory: list[tuple[float, int]] = []
        self.empty = 0
        """Memory of the open window before the first bar."""
        self.sent = 0

    def refresh(self) -> None:
        """As `Observer.refresh`."""
        if not self._live.taken:
            self.empty = self._process.memory_info().rss
        passed = time.monotonic() - self._began
        if passed >= 30 * (len(self.memory) + 1):
            self.memory.append((round(passed / 60, 1), self._process.memory_info().rss))

    def finish(self) -> None:
        """As `Observer.finish`."""
        self.memory.append((round((time.monotonic() - self._began) / 60, 1), self._process.memory_info().rss))

    def ended(self) -> bool:
        """Whether the source has ended, and the window has all of it, or waits in vain."""
        if self._source.poll() is None:
            return False
        if self._ends is None:
            assert self._source.stdout is not None
            self.sent = int(self._source.stdout.read())
            self._ends = time.monotonic() + _LEFT
        return self._live.taken >= self.sent or time.monotonic() > self._ends


def source(bootstrap_servers: str, topic: str, load: Load, seconds: float) -> int:
    """Send a load evenly, all symbols in turn; returns the number of acknowledged bars."""
    at_once = int(load.rate * _TURN)
    with Publisher(replace(STOCKS, name=topic), {"bootstrap.servers": bootstrap_servers}) as publisher:
        began = time.monotonic()
        for number in count():
            minute, symbol = divmod(number, load.symbols)
            close = 100 + (minute * 7919 + symbol) % 1_000 / 100
            publisher.send(
                Bar(
                    symbol=f"S{symbol:04}", interval="1m", time=_START + minute * timedelta(minutes=1), open=close,
                    high=close + 0.1, low=close - 0.1, close=close, volume=1_000.0 + minute % 100, source="csv",
                )
            )  # fmt: skip
            if number % at_once == 0:
                while (passed := time.monotonic() - began) < number / load.rate:
                    publisher.poll(_TURN / 5)
                if passed > seconds:
                    break
        publisher.flush()
        return publisher.delivered


def window(bootstrap_servers: str, name: str, seconds: float, folder: Path) -> dict[str, Any]:
    """Show a window until the load has ended; returns what was measured."""
    load, topic = LOADS[name], f"load-{name}"
    command = [sys.executable, "-m", "benchmarks.load", bootstrap_servers, name, str(seconds)]
    kept = WindowSettings()
    keep = kept.dashboard_keep if load.view == "dashboard" else kept.keep
    selection = Selection(("S0000",) if load.symbols == 1 else (), keep=keep)
    view = VIEWS[load.view]
    usual: dict[str, Any] = {parameter.name: parameter.default for parameter in view.parameters}
    tune()
    process = psutil.Process()
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sending,
        Live(
            replace(view, topic=replace(STOCKS, name=topic)),
            selection,
            usual,
            {"bootstrap.servers": bootstrap_servers},
            folder,
        ) as live,
    ):
        watch = Watch(live, sending)
        live.observers.append(watch)
        live.ending = watch.ended
        frames = Frames(time.monotonic() + _WARM_UP)
        began, spent = time.monotonic(), sum(process.cpu_times()[:2])
        MatplotlibDisplays().window(live, WindowOptions(backend="tk"), None, frames).show()
        passed = time.monotonic() - began
        spent = sum(process.cpu_times()[:2]) - spent
        fold: Any = live.fold
        retained = sum(len(history.series) for history in fold._histories.values())  # noqa: SLF001
    memory = watch.memory
    return {
        "seconds": passed,
        "share": spent / passed,
        "gap": frames.gap,
        "p95": sorted(frames.all)[int(0.95 * len(frames.all))],
        "frames": len(frames.all),
        "sent": watch.sent,
        "lost": watch.sent - live.taken,
        "memory": memory,
        "retained": retained,
        "bar": (memory[-1][1] - watch.empty) / max(1, retained),
    }


if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())
    servers, kind, lasting, *rest = sys.argv[1:]
    if rest:
        print(json.dumps(window(servers, kind, float(lasting), Path(rest[0]))))
    else:
        print(source(servers, f"load-{kind}", LOADS[kind], float(lasting)))
