"""Rules of alerts over live bars: 900 on one symbol each, 100 on all of 500 symbols, against 2,000 bars a second."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from stockstream.alerts.evaluation.engine import Engine
from stockstream.alerts.rule import Rule
from stockstream.records import Bar
from stockstream.views.bar_batch import gather

SYMBOLS: Final = 500
ON_ALL: Final = 100
ON_ONE: Final = 900
AIM: Final = 2_000
"""Bars a second, on one core."""

_WARM_UP: Final = 120
_ROUNDS: Final = 8
_AT_ONCE: Final = 40
"""Bars that arrive together: those of 20 ms at 2,000 a second."""

_FORMS: Final = (
    "close > {price}",
    "close crosses above bollinger({long}).upper",
    "rsi({short}) < 30 for 3 bars",
    "change(15m) > {percent}%",
    "volatility({short}) > 3 * volatility({long})",
    "volume > 5 * sma(volume, {long})",
    "sequence: rsi({short}) < 30 then close crosses above sma({long}) within 10 bars",
    "aroon({long}).oscillator crosses 0",
    "macd.histogram crosses above 0 and close > ema({long})",
    "close < {price} band 0.5% cooldown 1h",
)
_START: Final = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:  # noqa: ARG001 - as for every benchmark
    """Measure processor time, which the load of the machine changes least."""
    dice = random.Random(1)
    rules = _rules(dice)
    engine = Engine(rules)
    bars = _bars(dice, _WARM_UP + _ROUNDS)
    for minute in bars[:_WARM_UP]:
        _take(engine, minute)
    engine.pages()
    takes, saves, alerts = [], [], 0
    for minute in bars[_WARM_UP:]:
        began = time.process_time()
        alerts += _take(engine, minute)
        took = time.process_time()
        engine.pages(changed=True)
        saves.append(time.process_time() - took)
        takes.append(took - began)
    rate = SYMBOLS / statistics.median(takes)
    evaluated = ON_ALL + ON_ONE / SYMBOLS
    said = "reached" if rate >= AIM else "missed"
    yield f"alerts, {len(rules):,} rules: {rate / AIM:.2f} of {AIM:,} bars/s on one core (aim >= 1: {said})"
    yield (
        f"    {rate:,.0f} bars/s, {1e6 / rate:.0f} us a bar, {1e6 / rate / evaluated:.2f} us a rule and bar;"
        f" {alerts:,} alerts in {_ROUNDS * SYMBOLS:,} bars"
    )
    yield f"    a save after a bar of each symbol: {1_000 * statistics.median(saves):.0f} ms"


def _take(engine: Engine, minute: list[Bar]) -> int:
    now = datetime.now(UTC)
    return sum(
        len(engine.take(gather(minute[place : place + _AT_ONCE]), now)) for place in range(0, len(minute), _AT_ONCE)
    )


def _rules(dice: random.Random) -> list[Rule]:
    """Rules whose parameters are often the same, as people choose them."""
    found = []
    for number in range(ON_ALL + ON_ONE):
        when = _FORMS[number % len(_FORMS)].format(
            price=dice.randint(80, 120),
            percent=dice.choice((1, 2, 3)),
            short=dice.choice((9, 14, 21)),
            long=dice.choice((20, 50, 100)),
        )
        symbols = None if number < ON_ALL else [f"S{dice.randrange(SYMBOLS):03}"]
        found.append(Rule.of(f"rule {number}", when, symbols))
    return found


def _bars(dice: random.Random, minutes: int) -> list[list[Bar]]:
    """A bar of each symbol a minute, in another order each time."""
    prices = {f"S{number:03}": 100.0 for number in range(SYMBOLS)}
    found = []
    for minute in range(minutes):
        opened = _START + timedelta(minutes=minute)
        together = []
        for symbol in dice.sample(sorted(prices), SYMBOLS):
            first = prices[symbol]
            prices[symbol] = last = round(first * (1 + dice.gauss(0, 0.002)), 2)
            together.append(
                Bar(
                    symbol=symbol, interval="1m", time=opened, open=first, high=max(first, last) + 0.05,
                    low=min(first, last) - 0.05, close=last, volume=dice.lognormvariate(8, 1), source="benchmark",
                )
            )  # fmt: skip
        found.append(together)
    return found
