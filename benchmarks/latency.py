"""Time from sending a record to its picture on the canvas, in a real window at 20 records a second, on Tk and on Qt.

Each record is a new bar that carries when it was sent. Once the window has painted, all bars that are new in it count.
Beside the window stands a bare consumer of the same records. The window's processor time is given at this rate and
without any records.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmarks.stamped import SYMBOL, Bare, history, quantiles, send
from benchmarks.window import display
from stockstream.charts.window import toolkits
from stockstream.cli.displays import MatplotlibDisplays
from stockstream.cli.main import tune
from stockstream.consumers.live import Live
from stockstream.consumers.registry import VIEWS
from stockstream.kafka.publisher import Publisher
from stockstream.present.frame_times import FrameTimes
from stockstream.present.options import WindowOptions
from stockstream.records import Bar
from stockstream.topics import STOCKS, Topic
from stockstream.views.fold import Selection

RATE: Final = 20
SECONDS: Final = 20.0
IDLE_FOR: Final = 10.0
P50, P99 = 25.0, 60.0
"""Aims in milliseconds, on Tk."""

_HISTORY: Final = 5_000


def _topic(toolkit: str) -> Topic[Bar]:
    return replace(STOCKS, name=f"latency-{toolkit}")


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:  # noqa: ARG001 - as for every benchmark
    """Measure each installed toolkit, in a window of a separate process."""
    with display() as environment:
        for toolkit, name in toolkits.BACKENDS.items():
            yield _measured(bootstrap_servers, toolkit, name, environment)


def _measured(bootstrap_servers: str, toolkit: str, name: str, environment: Mapping[str, str]) -> str:
    topic, connection = _topic(toolkit), {"bootstrap.servers": bootstrap_servers}
    command = [sys.executable, "-m", "benchmarks.latency", bootstrap_servers, toolkit]
    with (
        Publisher(topic, connection) as publisher,
        subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as child,
        Bare(topic, bootstrap_servers) as bare,
    ):
        history(publisher, _HISTORY)
        assert child.stdout is not None
        assert child.stderr is not None
        ready = child.stdout.readline()
        if ready:
            send(publisher, _HISTORY, rate=RATE, seconds=SECONDS)
        output, errors = child.communicate(timeout=60)
    if not ready or child.returncode:
        reason = (errors.strip().splitlines()[-1:] or [f"ended with {child.returncode}"])[0]
        return f"sent to painted, {name}: not measured ({reason})"
    found = json.loads(output)
    p50, p99, most = quantiles(found["times"], 0.5, 0.99, 1.0)
    own50, own99 = quantiles(bare.times, 0.5, 0.99)
    verdict = "reached" if p50 <= P50 and p99 <= P99 else "missed"
    return (
        f"sent to painted, {RATE} records a second, {_HISTORY:,} bars with Bollinger Bands, {name}: p50 {p50:.0f} ms,"
        f" p99 {p99:.0f} ms, longest {most:.0f} ms (aim {P50:.0f} and {P99:.0f}: {verdict})\n"
        f"    a bare consumer receives them after {own50:.0f} and {own99:.0f} ms; {len(found['times'])} records;"
        f" the window takes {found['busy']:.1%} of a core, {found['idle']:.2%} without records"
    )


# The child: a window, which says when it is ready and ends after the last record.


class Painted(FrameTimes):
    """Notes when the bars of each frame were painted, in milliseconds after they were sent."""

    def __init__(self, live: Live[Any]) -> None:
        super().__init__()
        self._live = live
        self._seen = 0
        self.canvas: Any = None
        self.times: list[float] = []

    def add(self, seconds: float) -> None:
        """A frame is drawn: Qt has painted it, Tk does when it is idle."""
        super().add(seconds)
        if hasattr(self.canvas, "get_tk_widget"):
            self.canvas.get_tk_widget().update_idletasks()
        now = time.time() * 1000
        sent = self._live.fold.frame(SYMBOL)["volume"] if self._live.settled else ()
        self.times += [now - each for each in sent[self._seen :] if each]
        self._seen = len(sent)


class Phases:
    """Rests for a while once the history is drawn, says that it is ready, and ends after the last record."""

    def __init__(self, live: Live[Any]) -> None:
        self._live = live
        self._began: tuple[float, float] | None = None
        self.shares: dict[str, float] = {}

    def refresh(self) -> None:
        """As `Observer.refresh`."""
        if self._live.taken < _HISTORY:
            return
        now = time.monotonic(), time.process_time()
        if self._began is None:
            self._began = now[0] + 2, now[1]
        elif not self.shares:
            passed = now[0] - self._began[0]
            if passed <= 0:
                self._began = self._began[0], now[1]
            elif passed >= IDLE_FOR:
                self._note("idle", now)
                print("ready", flush=True)

    def finish(self) -> None:
        """As `Observer.finish`."""
        self._note("busy", (time.monotonic(), time.process_time()))

    def _note(self, name: str, now: tuple[float, float]) -> None:
        assert self._began is not None
        self.shares[name] = (now[1] - self._began[1]) / (now[0] - self._began[0])
        self._began = now

    def ended(self) -> bool:
        """Whether the last record is drawn."""
        return self._live.taken >= _HISTORY + RATE * SECONDS


def window(bootstrap_servers: str, toolkit: str) -> dict[str, Any]:
    """Show a window until the last record is painted; returns what was measured."""
    view = VIEWS["bollinger"]
    usual: dict[str, Any] = {parameter.name: parameter.default for parameter in view.parameters}
    tune()
    with Live(
        replace(view, topic=_topic(toolkit)),
        Selection((SYMBOL,)),
        usual,
        {"bootstrap.servers": bootstrap_servers},
        None,
    ) as live:
        phases, painted = Phases(live), Painted(live)
        live.observers.append(phases)
        live.ending = phases.ended
        shown: Any = MatplotlibDisplays().window(live, WindowOptions(backend=toolkit), None, painted)
        painted.canvas = shown.figure.canvas
        shown.show()
    return {"times": painted.times, **phases.shares}


if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())
    print(json.dumps(window(*sys.argv[1:3])))
