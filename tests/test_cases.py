"""Files of users, each with its correct result: one test for each file of shared/cases, in agreement with its README.

The same kinds are tested on synthetic data in tests/producers/stock_csv, tests/views, tests/indicators and
test_codec.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from stockstream.codec import Unreadable
from stockstream.consumers.registry import VIEWS
from stockstream.present.plot_data import plot_data
from stockstream.present.price_change import price_change
from stockstream.producers.stock_csv import StockFiles
from stockstream.records import Bar
from stockstream.topics import STOCKS
from stockstream.views.fold import Selection
from tests.charts.fake_model import FakeModel
from tests.charts.stage import Stage
from tests.producers.stock_csv.helpers import NEW_YORK, day, examined, numbers, read

FOLDER: Final = Path(os.environ.get("SHARED_CASES") or Path(__file__).parents[2] / "shared" / "cases")


def shown(name: str, bars: Sequence[Bar]) -> tuple[Stage, Any]:
    """A window on the bars, drawn, and their frame."""
    view = VIEWS[name]
    parameters = {each.name: each.default for each in view.parameters}
    fold = view.fold(Selection(), parameters)
    fold.apply(bars)
    stage = Stage(FakeModel(view, fold, parameters), rows=len(bars))  # type: ignore[arg-type]
    stage.show()
    return stage, fold.frame(bars[0].symbol)


def said(stage: Stage) -> set[str]:
    """What the panels say in place of values."""
    return {panel.message.words for panel in stage.scene.panels} - {""}


def yfinance(path: Path) -> None:
    bars = read(path)
    assert {(bar.symbol, bar.interval) for bar in bars} == {("QQA", "1d")}
    assert (len(bars), bars[0].time, numbers(bars[0])) == (40, day(2025, 1, 2), (200.0, 200.08, 199.32, 199.65, 175954))


def commas_and_thousands(path: Path) -> None:
    bars = read(path, symbol="SIE.DE")
    assert {bar.symbol for bar in bars} == {"SIE.DE"}
    assert (len(bars), bars[0].time) == (40, day(2025, 1, 2))
    assert numbers(bars[0]) == (1200.0, 1201.2, 1199.77, 1200.7, 607337.0)


def nasdaq(path: Path) -> None:
    bars = read(path)
    last = max(bars, key=lambda bar: bar.time)
    assert (len(bars), last.time, last.close, last.volume) == (40, day(2025, 2, 26), 1200.34, 372202.0)


def duplicates(path: Path) -> None:
    (file,) = examined(path)
    assert len(list(StockFiles([file]))) == 100
    assert [(one.former, one.later, one.time) for one in file.repeats.conflicts] == [(53, 54, day(2022, 3, 14))]
    (bar,) = (bar for bar in read(path) if bar.time == day(2022, 3, 14))
    assert (bar.close, bar.volume) == (91.86, 777.0)


def flat(path: Path) -> None:
    bars = read(path)
    assert len(bars) == 80
    assert not any(bar.flags for bar in bars)
    _, frame = shown("bollinger", bars)
    assert (frame["upper"] - frame["lower"])[19:].tolist() == [0.0] * 61
    for name in ("stochastic", "cci"):
        assert "undefined: the price did not move" in said(shown(name, bars)[0])
    assert any("no volume" in text for text in said(shown("vwap", bars)[0]))
    for name in ("bollinger", "stochastic", "cci", "vwap", "rsi"):
        assert not any("not enough" in text for text in said(shown(name, bars)[0])), name


def negative(path: Path) -> None:
    bars = read(path)
    assert len(bars) == 18
    assert not any(bar.flags for bar in bars)
    for name, fields in {"bollinger": ("upper", "middle"), "aroon": ("up",), "rsi": ("rsi",), "volatility": ()}.items():
        view = VIEWS[name]
        fold = view.fold(Selection(), {"period": 3})
        fold.apply(bars)
        frame = fold.frame(bars[0].symbol)
        assert fold.counts().get("doubtful", 0) == 0
        assert not frame["doubtful"].any()
        for field in fields:
            assert np.isfinite(frame[field][3:]).all(), (name, field)
    at = [bar.close for bar in bars].index(-37.63)
    undefined = 3 + np.isnan(frame["volatility"][3:]).nonzero()[0]
    assert at in undefined
    assert set(undefined) <= set(range(at, at + 4))  # while a return from or to it is among those that are counted
    stage, _ = shown("rsi", bars)
    low, high = stage.scene.panels[0].axes.get_ylim()
    assert low < -37.63 < 0 < high


def epochs(path: Path) -> None:
    bars = read(path)
    assert {bar.interval for bar in bars} == {"1m"}
    assert (len(bars), bars[0].time) == (399, datetime(2021, 1, 8, tzinfo=UTC))


def autumn(path: Path) -> None:
    bars = read(path, zone=NEW_YORK)
    assert len(bars) == len({bar.time for bar in bars}) == 96
    assert all(later.time - one.time == timedelta(hours=1) for one, later in pairwise(bars))
    on_the_day = [bar for bar in bars if f"{bar.time.astimezone(NEW_YORK):%Y-%m-%d}" == "2024-11-03"]
    assert len(on_the_day) == 25
    assert sum(bar.volume or 0 for bar in on_the_day) == 11_708_078


def sydney(path: Path) -> None:
    bars = read(path)
    (tz,) = {bar.tz for bar in bars}
    assert tz is not None
    sessions: dict[str, list[Bar]] = {}
    for bar in bars:
        sessions.setdefault(f"{bar.time.astimezone(ZoneInfo(tz)):%Y-%m-%d}", []).append(bar)
    result = {
        date: (len(of), of[0].open, max(bar.high for bar in of), min(bar.low for bar in of), of[-1].close,
               sum(bar.volume or 0 for bar in of))
        for date, of in sessions.items()
    }  # fmt: skip
    assert result == {
        "2025-02-03": (360, 50.0, 50.39, 48.67, 48.83, 194_962_263),
        "2025-02-04": (360, 48.83, 49.37, 47.85, 47.99, 202_996_717),
    }
    stage, frame = shown("rsi", bars)
    assert not frame["gap"].any()
    change = price_change(plot_data(stage.model, bars[0].symbol))
    assert change is not None
    assert (change.before, change.price) == (48.83, 47.99)


def foreign(path: Path) -> None:
    decoder = STOCKS.decoder()
    bars: dict[int, Bar] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if number in (1, 3, 8, 11, 12):
            bars[number] = decoder(line)
            continue
        with pytest.raises(Unreadable, match=r"time|Expected|JSON|range|offset|year"):
            decoder(line)
    assert len(bars) == 5
    assert bars[8].interval == "3m"
    assert bars[11].volume == 92233720368547758080
    for name, view in VIEWS.items():
        if view.topic is STOCKS and view.panels:
            shown(name, [bar for bar in bars.values() if bar.interval == "1m"])


CASES: Final[dict[str, Callable[[Path], None]]] = {
    "yfinance_to_csv_one.csv": yfinance,
    "semicolon_decimal_comma_bom.csv": commas_and_thousands,
    "thousands_quoted.csv": commas_and_thousands,
    "nasdaq_close_last.csv": nasdaq,
    "duplicate_dates.csv": duplicates,
    "flat_zero_volume.csv": flat,
    "negative_close.csv": negative,
    "epoch_ms_1m.csv": epochs,
    "autumn_naive_1h.csv": autumn,
    "sydney_offsets_1m.csv": sydney,
    "foreign_records.jsonl": foreign,
}


def names() -> list[str]:
    """The files of the folder, each to be tested, and those that ought to be there."""
    there = {path.name for path in FOLDER.glob("*") if path.suffix in (".csv", ".jsonl")}
    return sorted({*CASES, *there})


@pytest.mark.parametrize("name", names())
def test_case(name: str) -> None:
    if not FOLDER.is_dir():
        pytest.skip("the shared cases are not on this machine (SHARED_CASES says where they are)")
    assert name in CASES, "nothing says what is right for this file"
    assert name in (FOLDER / "README.md").read_text()
    CASES[name](FOLDER / name)
