"""Memory of a retained bar: resident bytes of a fold, with its indicators' values and what drawing asks for.

Bars arrive in batches as from the reading thread, three times as many as are kept. After each batch the frame of a
series is computed, as for a window, and now and then the state is saved. The difference to the same process before the
first bar is divided by the retained bars: at the end, and at its highest, which includes the copies of a cut and of a
save.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psutil

from stockstream.cli.watch.heap import give_back_large_arrays
from stockstream.config_sections import WindowSettings
from stockstream.consumers.registry import STUDIES, VIEWS
from stockstream.indicators.catalog import Parameter
from stockstream.records import Bar
from stockstream.views.bar_batch import gather
from stockstream.views.dashboard import DashboardFold
from stockstream.views.fold import Selection
from stockstream.views.series import SeriesFold
from stockstream.views.study import Part, chart
from stockstream.views.view import AnyView

AIM: Final = 200
"""Bytes of a retained bar, with the default of ``window.keep``."""

_SYMBOLS: Final = {"chart": 1, "bollinger": 1, "dashboard": 20}
_STUDIES: Final = ("bollinger", "rsi", "macd", "volume")
_BATCH: Final = 2_000
_START: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SAVE_EVERY: Final = 20


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:  # noqa: ARG001 - as for every benchmark
    """Measure each fold in a process of its own."""
    for name in _SYMBOLS:
        command = [sys.executable, "-m", "benchmarks.memory", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines()[-1:] or [f"ended with {done.returncode}"])[0]
            yield f"memory, {name}: not measured ({reason})"
            continue
        found = json.loads(done.stdout)
        verdict = "reached" if found["bar"] <= AIM else "missed"
        yield (
            f"memory of a retained bar, {found['title']}: {found['bar']:.0f} bytes (aim <= {AIM}: {verdict}),"
            f" {found['most']:.0f} at the highest; {found['values']} values of indicators a bar,"
            f" {found['retained']:,} bars retained of {found['sent']:,}"
        )


# The child.


def _bars(first: int, symbols: int) -> list[Bar]:
    made = []
    for number in range(first, first + _BATCH):
        minute, symbol = divmod(number, symbols)
        close = 100 + (minute * 7919 + symbol) % 1_000 / 100
        made.append(
            Bar(
                symbol=f"S{symbol:04}", interval="1m", time=_START + minute * timedelta(minutes=1), open=close,
                high=close + 0.1, low=close - 0.1, close=close, volume=1_000.0 + minute % 100, source="csv",
            )
        )  # fmt: skip
    return made


def _fold(name: str, keep: int) -> SeriesFold:
    view: AnyView = VIEWS["dashboard"]
    if name != "dashboard":
        studies = _STUDIES if name == "chart" else (name,)
        view = chart([Part(STUDIES[each], _usual(STUDIES[each].parameters)) for each in studies])
    fold = view.fold(Selection(keep=keep), _usual(view.parameters))
    assert isinstance(fold, SeriesFold)
    return fold


def _usual(parameters: Iterable[Parameter[Any]]) -> dict[str, Any]:
    return {parameter.name: parameter.default for parameter in parameters}


def _feed(fold: SeriesFold, symbols: int, count: int) -> None:
    for turn, first in enumerate(range(0, count, _BATCH)):
        fold.apply(gather(_bars(first, symbols)))
        if isinstance(fold, DashboardFold):
            fold.refresh()
            fold.tables()
        else:
            fold.frame("S0000")
        if turn % _SAVE_EVERY == 0:
            for _ in fold.pages(changed=turn > 0).values():
                pass


def measure(name: str) -> dict[str, Any]:
    """Feed a fold; returns what a bar takes."""
    symbols, usual = _SYMBOLS[name], WindowSettings()
    keep = usual.dashboard_keep if name == "dashboard" else usual.keep
    assert keep is not None
    give_back_large_arrays()
    _feed(_fold(name, keep), symbols, 2 * _BATCH)  # what is loaded when it is needed
    process = psutil.Process()
    empty = process.memory_info().rss
    fold = _fold(name, keep)
    sent = 3 * keep * symbols
    _feed(fold, symbols, sent)
    retained = sum(len(history.series) for history in fold._histories.values())  # noqa: SLF001
    frame = fold.frame("S0000")
    return {
        "title": f"{name} of {symbols} symbol{'s' * (symbols > 1)}",
        "values": sum(name not in {"time", "open", "high", "low", "close", "volume"} for name in frame) - 3,
        "bar": (process.memory_info().rss - empty) / retained,
        "most": (_highest() - empty) / retained,
        "retained": retained,
        "sent": sent,
    }


def _highest() -> int:
    """The highest resident memory so far, in bytes; 0 where the system does not say so."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
