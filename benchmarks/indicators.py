"""Indicators bar by bar and over whole histories, against talipp, TA-Lib and pandas; imports; growth with the period.

Times are the minimum of several repetitions, and both sides take turns. The input is made beforehand: bars for our
indicators, numbers (for Aroon its OHLCV) for talipp. talib.stream computes a window again for each bar: its input is
arrays of only the values that one point needs (its lookback and one), the minimum that it needs.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import talib
from numpy.typing import NDArray
from talib import stream
from talipp import indicators as talipp
from talipp.ohlcv import OHLCV

from benchmarks.measure import Comparison, compare
from stockstream.indicators import RSI, Aroon, Bollinger
from stockstream.indicators.catalog import catalog
from stockstream.records import Bar

UPDATES: Final = 20_000
BARS: Final = 1_000_000
REPETITIONS: Final = 5
PERIODS: Final = (20, 200, 2_000)
IMPORTS: Final = 15

GROWTH: Final = 1.2
IMPORT: Final = 0.15

Columns = Mapping[str, NDArray[Any]]


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison | str]:  # noqa: ARG001 - as for every benchmark
    """Run all measurements."""
    columns = history(UPDATES)
    yield from updates(columns)
    for name, kind in catalog().items():
        if hasattr(kind(), "period"):
            yield growth(name, kind, columns)
    whole = history(BARS)
    for name, (peer, way, aim) in PEERS.items():
        ours = partial(_least, _seconds, partial(_batch, catalog()[name], columns_for(name, whole)))
        theirs = partial(_least, _seconds, partial(way, whole))
        yield compare(f"batch of {name}", ours, peer, theirs, of="time", aim=aim, work=f"{BARS:,} bars", pairs=7)
    yield imports()


def history(count: int) -> Columns:
    """Minutes of a walk that begins at 100, 390 of them a day; of each also a flight."""
    random = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.001, count)))
    high, low = close + random.random(count) * 0.1, close - random.random(count) * 0.1
    minutes = np.arange(count) // 390 * 1440 + np.arange(count) % 390
    days = np.arange(count) // 1_000 % 28 + 1
    return {
        "open": (high + low) / 2, "high": high, "low": low, "close": close,
        "volume": np.floor(random.lognormal(8, 0.4, count)),
        "time": np.datetime64("2026-01-05T14:30", "us") + minutes.astype("m8[m]"),
        "airline": random.choice(np.array(["AA", "UA", "WN", "DL"], dtype=np.object_), count),
        "year": np.full(count, 2015), "month": np.ones(count, dtype=np.int64), "day": days,
    }  # fmt: skip


def columns_for(name: str, columns: Columns) -> Columns:
    """The columns that an indicator reads."""
    return {each: columns[each] for each in catalog()[name].inputs if each in columns}


def bars(columns: Columns) -> list[Bar]:
    """The bars one by one."""
    start = columns["time"][0].item()
    numbers = (columns[name].tolist() for name in ("open", "high", "low", "close", "volume"))
    return [
        Bar(
            symbol="BENCH", interval="1m", source="simulated", time=start + timedelta(minutes=place),
            open=open_, high=high, low=low, close=close, volume=volume,
        )
        for place, (open_, high, low, close, volume) in enumerate(zip(*numbers, strict=True))
    ]  # fmt: skip


def updates(columns: Columns) -> Iterator[Comparison]:
    """A bar's `update` against talipp's and against talib.stream's."""
    ours, closes = bars(columns), columns["close"].tolist()
    candles = [OHLCV(bar.open, bar.high, bar.low, bar.close) for bar in ours]
    for what, kind, theirs, values, aim, function, names in (
        ("bollinger", Bollinger, partial(talipp.BB, 20, 2.0), closes, 8.0, stream.BBANDS, ("close",)),
        ("aroon", Aroon, partial(talipp.Aroon, 25), candles, 8.0, stream.AROON, ("high", "low")),
        ("rsi", RSI, partial(talipp.RSI, 14), closes, 4.0, stream.RSI, ("close",)),
    ):
        fresh = kind()
        windows = _windows([columns[name] for name in names], fresh.lookback + 1)
        mine = partial(_least, _fed, kind, "update", ours)
        peer = partial(_least, _fed, theirs, "add", values)
        at_once = partial(_least, _windowed, function, windows, len(ours), fresh.period)
        work = f"{UPDATES:,} bars"
        yield compare(f"update of {what}", mine, "talipp's add", peer, aim=aim, work=work)
        yield compare(
            f"update of {what}", mine, f"talib.stream's over {fresh.lookback + 1} values", at_once,
            of="time", aim=3.5, work=work,
        )  # fmt: skip


def growth(name: str, kind: Callable[..., Any], columns: Columns) -> str:
    """Time of an `update` at each period, warmed up."""
    ours = bars(columns)
    indicators = [kind(period=period) for period in PERIODS]
    for indicator in indicators:
        indicator.batch(columns_for(name, columns))
    times: list[list[float]] = [[] for _ in PERIODS]
    for _ in range(REPETITIONS):
        for indicator, taken in zip(indicators, times, strict=True):
            taken.append(_fed(indicator.copy, "update", ours))
    least = [min(taken) / UPDATES * 1e9 for taken in times]
    ratio = least[-1] / least[0]
    return (
        f"update of {name} at periods {', '.join(f'{period:,}' for period in PERIODS)}:"
        f" {', '.join(f'{each:.0f}' for each in least)} ns; {ratio:.2f} times from first to last"
        f" (aim <= {GROWTH:g}: {'reached' if ratio <= GROWTH else 'missed'})"
    )


def imports() -> str:
    """Time of importing the indicators in fresh processes, and the modules that this loads."""
    script = (
        "import sys, time\n"
        "started = time.perf_counter()\n"
        "import stockstream.indicators\n"
        "print(time.perf_counter() - started, *sorted({name.partition('.')[0] for name in sys.modules}"
        " - sys.stdlib_module_names))"
    )
    result = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(IMPORTS)
    ]
    seconds = sorted(float(words[0]) for words in result)
    brought = [name for name in result[0][1:] if not name.startswith(("_", "stockstream"))]
    return (
        f"import of stockstream.indicators: {seconds[0]:.3f} s at least, {statistics.median(seconds):.3f} s in the"
        f" median of {IMPORTS} (aim < {IMPORT:g}: {'reached' if seconds[0] < IMPORT else 'missed'});"
        f" brings {', '.join(brought)}"
    )


def _least(measured: Callable[..., float], *arguments: Any) -> float:
    return min(measured(*arguments) for _ in range(REPETITIONS))


def _batch(kind: Callable[[], Any], columns: Columns) -> None:
    kind().batch(columns)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _fed(make: Callable[[], Any], method: str, values: Iterable[Any]) -> float:
    """The seconds in which a new indicator takes all values in a loop."""
    take = getattr(make(), method)
    started = time.perf_counter()
    for value in values:
        take(value)
    return time.perf_counter() - started


def _windows(columns: list[NDArray[Any]], size: int, count: int = 500) -> list[list[NDArray[Any]]]:
    """Slices of a fixed number of values, each a separate array."""
    return [[column[start : start + size].copy() for column in columns] for start in range(count)]


def _windowed(function: Any, windows: list[list[NDArray[Any]]], count: int, period: int) -> float:
    started = time.perf_counter()
    for _ in range(count // len(windows)):
        for window in windows:
            function(*window, timeperiod=period)
    return time.perf_counter() - started


# What each batch is compared with: its name, the way, and the times of it that are hoped for at most.


def _prices(columns: Columns) -> tuple[Any, Any, Any]:
    return columns["high"], columns["low"], columns["close"]


def _keltner(columns: Columns) -> Any:
    middle, reach = talib.EMA(columns["close"], 20), talib.ATR(*_prices(columns), 10)
    return middle - 2.0 * reach, middle, middle + 2.0 * reach


def _flights(columns: Columns) -> Any:
    return pd.DataFrame(columns_for("flights_per_day", columns)).groupby(["airline", "year", "month", "day"]).cumcount()


def _pvt(columns: Columns) -> Any:
    return (pd.Series(columns["close"]).pct_change() * columns["volume"]).cumsum()


def _volatility(columns: Columns) -> Any:
    return pd.Series(np.diff(np.log(columns["close"]))).rolling(20).std() * 252**0.5


def _vwap(columns: Columns) -> Any:
    high, low, close = _prices(columns)
    flows = pd.DataFrame({"flow": (high + low + close) / 3 * columns["volume"], "volume": columns["volume"]})
    sums = flows.groupby(columns["time"].astype("M8[D]")).cumsum()
    return sums["flow"] / sums["volume"]


def _adx(columns: Columns) -> Any:
    return [function(*_prices(columns), 14) for function in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)]


def _stochastic(columns: Columns) -> Any:
    return talib.STOCH(*_prices(columns), fastk_period=14, slowk_period=3, slowd_period=3)


def _donchian(columns: Columns) -> Any:
    return talib.MAX(columns["high"], 20), talib.MIN(columns["low"], 20)


PEERS: Final[Mapping[str, tuple[str, Callable[[Columns], Any], float]]] = {
    "adx": ("TA-Lib's ADX, PLUS_DI and MINUS_DI", _adx, 12),
    "aroon": ("TA-Lib's AROON", lambda columns: talib.AROON(columns["high"], columns["low"], 25), 5),
    "atr": ("TA-Lib's ATR", lambda columns: talib.ATR(*_prices(columns), 14), 12),
    "bollinger": ("TA-Lib's BBANDS", lambda columns: talib.BBANDS(columns["close"], 20, 2.0, 2.0), 5),
    "cci": ("TA-Lib's CCI", lambda columns: talib.CCI(*_prices(columns), 20), 12),
    "donchian": ("TA-Lib's MAX and MIN", _donchian, 12),
    "ema": ("TA-Lib's EMA", lambda columns: talib.EMA(columns["close"], 20), 12),
    "flights_per_day": ("pandas' groupby and cumcount", _flights, 12),
    "keltner": ("TA-Lib's EMA and ATR", _keltner, 12),
    "macd": ("TA-Lib's MACD", lambda columns: talib.MACD(columns["close"], 12, 26, 9), 12),
    "mfi": ("TA-Lib's MFI", lambda columns: talib.MFI(*_prices(columns), columns["volume"], 14), 12),
    "obv": ("TA-Lib's OBV", lambda columns: talib.OBV(columns["close"], columns["volume"]), 12),
    "pvt": ("pandas' pct_change and cumsum", _pvt, 12),
    "roc": ("TA-Lib's ROC", lambda columns: talib.ROC(columns["close"], 10), 12),
    "row_average": ("TA-Lib's SMA", lambda columns: talib.SMA(columns["close"], 3), 12),
    "rsi": ("TA-Lib's RSI", lambda columns: talib.RSI(columns["close"], 14), 10),
    "sma": ("TA-Lib's SMA", lambda columns: talib.SMA(columns["close"], 20), 12),
    "stochastic": ("TA-Lib's STOCH", _stochastic, 12),
    "volatility": ("NumPy's log and pandas' rolling.std", _volatility, 12),
    "vwap": ("pandas' groupby and cumsum", _vwap, 12),
    "williams_r": ("TA-Lib's WILLR", lambda columns: talib.WILLR(*_prices(columns), 14), 12),
    "wma": ("TA-Lib's WMA", lambda columns: talib.WMA(columns["close"], 20), 12),
}
