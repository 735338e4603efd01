"""Features: what predictors know of the bars so far, as numbers of similar size."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from math import cos, pi, sin, sqrt
from typing import ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stockstream.indicators import checks
from stockstream.indicators.base import PriceBar
from stockstream.indicators.bollinger import Bollinger
from stockstream.indicators.checks import InvalidBar
from stockstream.indicators.returns import log_return
from stockstream.indicators.rsi import RSI
from stockstream.indicators.stateful import Stateful

NAMES: Final = (
    "return_1", "return_5", "return_20", "rsi", "percent_b", "range", "volatility",
    "hour_sin", "hour_cos", "weekday_sin", "weekday_cos",
)  # fmt: skip
"""The features, in their order."""

INPUTS: Final = ("high", "low", "close", "tz", "time")

_LONG: Final = 20
_MIDDLE: Final = 5
_FAST: Final = 0.06
_SLOW: Final = 0.01
"""Weights of the newest value in the averages of squared returns and of ranges: RiskMetrics' 0.94, and a longer one."""

_MOST: Final = 4.0
_DAY: Final = 86_400.0


class Features(Stateful):
    """The features after each bar: returns in deviations, indicators, and the calendar of the exchange.

    ::

        return_1, return_5, return_20 = log return over so many bars / (deviation of one bar * sqrt(bars))
        rsi = (RSI(14) - 50) / 20
        percent_b = 2 * (percent_b of Bollinger(20) - 0.5)
        range = log(high / low) / its average - 1
        volatility = deviation of recent returns / that of a longer time - 1
        hour, weekday = sine and cosine of the time of day and of the day of the week, as the exchange's clock has them

    Each is cut to -4 ... 4. What has no value, as in a market that stands still, is 0.

    >>> from types import SimpleNamespace
    >>> features = Features()
    >>> for minute in range(21):
    ...     close, time = 100.0 + minute % 2, datetime(2026, 3, 2, 15, minute, tzinfo=UTC)
    ...     found = features.update(SimpleNamespace(high=close + 1, low=close - 1, close=close, tz=None, time=time))
    >>> [round(value, 1) for value in found]
    [-1.0, -0.4, 0.0, -0.0, -0.5, 0.0, 0.0, -0.8, -0.6, 0.0, 1.0]
    """

    __slots__ = ("_bands", "_closes", "_range", "_recent", "_rsi", "_usual")
    kept: ClassVar[tuple[str, ...]] = ("_closes", "_recent", "_usual", "_range", "_rsi", "_bands")

    _closes: list[float]
    _recent: float
    _usual: float
    _range: float

    def __init__(self) -> None:
        self._closes = []  # the last of them, one more than the longest return has bars
        self._recent = self._usual = 0.0
        self._range = 0.0
        self._rsi = RSI(14)
        self._bands = Bollinger(_LONG)

    @property
    def lookback(self) -> int:
        """Bars before the first features."""
        return _LONG

    def update(self, bar: PriceBar) -> list[float] | None:
        """Take the next bar, whose low and close are above 0; its features, None while there are too few bars.

        Raises `InvalidBar`, with nothing changed, for a time that is not an instant with a zone.
        """
        calendar = _calendar(bar.time, getattr(bar, "tz", None))
        closes = self._closes
        reach = log_return(bar.low, bar.high)
        if closes:
            square = log_return(closes[-1], bar.close) ** 2
            first = len(closes) == 1
            self._recent = square if first else self._recent + _FAST * (square - self._recent)
            self._usual = square if first else self._usual + _SLOW * (square - self._usual)
        self._range = self._range + _FAST * (reach - self._range) if closes else reach
        closes.append(bar.close)
        rsi, bands = self._rsi.update(bar), self._bands.update(bar)
        if len(closes) <= _LONG:
            return None
        deviation = sqrt(self._recent)
        found = [
            _ratio(log_return(closes[-1 - bars], bar.close), deviation * sqrt(bars)) for bars in (1, _MIDDLE, _LONG)
        ]
        del closes[0]
        found += [
            0.0 if rsi is None else (rsi.rsi - 50.0) / 20.0,
            0.0 if bands is None or bands.percent_b is None else _cut(2.0 * bands.percent_b - 1.0),
            _ratio(reach - self._range, self._range),
            _ratio(deviation - sqrt(self._usual), sqrt(self._usual)),
            *calendar,
        ]
        return found

    def _check(self) -> None:
        if len(self._closes) > _LONG or any(not 0.0 < close <= 1e100 for close in self._closes):
            raise checks.damaged(f"closes {self._closes}")
        if min(self._recent, self._usual, self._range) < 0.0:
            raise checks.damaged("a square or a range below 0")


def _cut(value: float) -> float:
    return min(max(value, -_MOST), _MOST)


def _ratio(value: float, unit: float) -> float:
    """A value in a unit; 0 where that is 0."""
    return _cut(value / unit) if unit > 1e-150 else 0.0


def _calendar(time: object, tz: str | None) -> tuple[float, float, float, float]:
    """Sine and cosine of the time of day and of the day of the week, by the exchange's clock, else in UTC."""
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise InvalidBar(f"the time {time} is not an instant with a zone")
    try:
        there = time.astimezone(_zone(tz))
    except OverflowError:
        there = time
    seconds = there.hour * 3_600 + there.minute * 60 + there.second
    hour, weekday = 2.0 * pi * (seconds / _DAY), 2.0 * pi * (there.weekday() / 7.0)
    return sin(hour), cos(hour), sin(weekday), cos(weekday)


@lru_cache(maxsize=256)
def _zone(name: str | None) -> tzinfo:
    """The zone of this name; UTC where there is none."""
    try:
        return ZoneInfo(name) if isinstance(name, str) else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
