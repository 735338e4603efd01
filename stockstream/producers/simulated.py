"""Simulated market: a seeded random walk for each symbol."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from stockstream.intervals import parse
from stockstream.periods import following, opening, preceding
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.records import SIMULATED, Bar, Series

_VOLATILITY: Final = 0.0008
"""Standard deviation of a minute's logarithmic return: about 25 % a year of 252 days of 390 minutes."""

_DAY: Final = 390
_WEEK: Final = 5 * _DAY
_MONTH: Final = 21 * _DAY
_CENT: Final = 0.01
_SHARES: Final = 9.0


@dataclass(frozen=True)
class Walk:
    """A geometric random walk that depends only on the seed, the series, the time and the previous close.

    So an interrupted walk continues exactly as it would have without the interruption.
    """

    symbol: str
    interval: str
    seed: int

    def _random(self, what: str) -> Random:
        # Seeded with a text, Random is the same on every machine and in every process; hash() is not.
        return Random(f"{self.seed}/{self.symbol}/{self.interval}/{what}")  # noqa: S311 - prices, not secrets

    def first_price(self) -> float:
        """First price of the walk, from 100 to 400."""
        return round(100 * 4 ** self._random("first").random(), 2)

    def bar(self, time: datetime, before: float) -> Bar:
        """The bar at ``time``, which opens at the close of the previous bar.

        low <= open, close <= high, all at least 0.01; the volume grows with the price change.
        """
        random = self._random(time.isoformat())
        minutes = _traded(self.interval)
        deviation = _VOLATILITY * math.sqrt(minutes)
        move = random.gauss(0, deviation)
        close = before * math.exp(move)
        high = max(before, close) * math.exp(abs(random.gauss(0, deviation / 2)))
        low = min(before, close) * math.exp(-abs(random.gauss(0, deviation / 2)))
        shares = math.exp(random.gauss(_SHARES, 0.4)) * minutes * (1 + abs(move) / deviation)
        # Rounding and the minimum are monotonic, so they keep the order of the prices.
        low, first, close, high = (max(_CENT, round(price, 2)) for price in (low, before, close, high))
        return Bar(
            symbol=self.symbol,
            interval=self.interval,
            feed=SIMULATED,
            time=time,
            open=first,
            high=high,
            low=low,
            close=close,
            volume=float(round(shares)),
            source="simulated",
        )


def _traded(interval: str) -> float:
    """The minutes of trading in a period."""
    length = parse(interval)
    if length.unit == "seconds":
        return length.size / 60
    if length.unit == "months":
        return length.size * _MONTH
    return length.size // 7 * _WEEK + length.size % 7 * _DAY


def simulated(
    symbols: Sequence[str],
    *,
    interval: str,
    pace: float,
    history: int,
    seed: int,
    count: int | None = None,
    last: Mapping[Series, Bar],
    clock: Clock = SYSTEM,
) -> Iterator[Bar | None]:
    """Simulate bars, first a history at once, then one for each symbol every ``pace`` seconds.

    Times are consecutive openings on the grid of the interval: the simulated market never closes. With a pace shorter
    than the interval, the simulated time intentionally runs ahead of the clock.

    Parameters
    ----------
    symbols
        The symbols, each with its own walk.
    interval
        One of `stockstream.intervals`.
    pace
        Seconds between two bars of a symbol; 0 for no waiting.
    history
        Number of bars sent first, the newest of which has just closed; only for a series without a last bar.
    seed
        The same seed gives the same prices.
    count
        Ends after that many bars of each symbol, without the history; None for no end.
    last
        The last bar of each series to continue: its walk continues from that price and time.
    """
    walks = [Walk(symbol, interval, seed) for symbol in symbols]
    current = opening(clock.now(), interval)
    heads: dict[Walk, tuple[datetime, float]] = {}
    for walk in walks:
        before = last.get(Series(walk.symbol, interval, SIMULATED))
        if before is not None:
            heads[walk] = following(before.time, interval), before.close
            continue
        time, price = preceding(current, interval, history), walk.first_price()
        while time < current:
            bar = walk.bar(time, price)
            yield bar
            time, price = following(time, interval), bar.close
        heads[walk] = time, price

    due = clock.monotonic()
    for _ in itertools.repeat(None) if count is None else range(count):
        yield from clock.wait_until(due)
        due = clock.monotonic() + pace
        for walk in walks:
            bar = walk.bar(*heads[walk])
            yield bar
            heads[walk] = following(bar.time, interval), bar.close
