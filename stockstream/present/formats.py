"""Formats of single values: numbers with as many digits as are visible, times, and durations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

ValueFormat: TypeAlias = Callable[[float], str]
"""Formats a value as text."""

_SEEN: Final = 500
"""Number of values along an axis that the eye can distinguish."""

_MOST: Final = 10
"""Maximum number of decimals."""

_SINGLE: Final = 1.2e-7
"""Tolerance of a price from its tick, relative: some sources use 32-bit floats."""

_DIGIT_WIDE: Final = "\u2007"
"""A space as wide as a digit."""


@dataclass(frozen=True)
class Unit:
    """Unit of the values of an axis: ten to the ``power``, written as ``suffix``."""

    power: int = 0
    suffix: str = ""

    def of(self, value: float) -> float:
        """A value in this unit.

        >>> PERCENT.of(0.29), PLAIN.of(0.29)
        (29.0, 0.29)
        """
        return round(value * 10**self.power, 12) if self.power else value


PLAIN: Final = Unit()
PERCENT: Final = Unit(2, "%")


def number(value: float, span: float, least: int = 0, unit: Unit = PLAIN) -> str:
    """A value on an axis over ``span``, with ``least`` decimals or as many as are visible; a dash if undefined.

    >>> number(101.2345, 5.0), number(101.2345, 0.5), number(12_345.6, 20_000.0), number(math.nan, 1.0)
    ('101.23', '101.234', '12,346', '-')
    >>> number(0.12345, 0.5, unit=PERCENT)
    '12.3%'
    """
    if not math.isfinite(value):
        return "-"
    return worded(unit.of(value), f",.{_seen(unit.of(span), least)}f") + unit.suffix


def rounded(value: float, span: float, least: int = 0, unit: Unit = PLAIN) -> float:
    """The same, as a number.

    >>> rounded(101.2345, 5.0), rounded(0.79512, 0.5, unit=PERCENT), rounded(12_345.6, 20_000.0)
    (101.23, 0.795, 12346.0)
    """
    return round(value, _seen(unit.of(span), least) + unit.power)


def _seen(span: float, least: int) -> int:
    """Number of decimals visible on an axis."""
    return max(least, min(_MOST, math.ceil(-math.log10(span / _SEEN))) if span > 0 else 0)


def worded(value: float, form: str | None, format_value: ValueFormat = str, limits: Sequence[float] = ()) -> str:
    """A value in a format, or by ``format_value`` if there is none; a dash if it is undefined.

    If a format would show no digit of the value, it is ignored: a small price is not zero. But between ``limits`` of
    which it shows digits, the value is zero: a MACD that changes its sign. The padding of a format is as wide as digits
    are.

    >>> worded(2e-5, ".3f"), worded(-2e-5, ".3f", limits=(-0.25, 0.25))
    ('2e-05', '0.000')
    """
    if not math.isfinite(value):
        return "-"
    if form is None:
        return format_value(value)
    text = format(value, form)
    if value and not _shows_digits(text):
        if not any(_shows_digits(format(limit, form)) for limit in limits):
            return f"{value:.4g}"
        text = text.replace("-", "")
    return text.replace(" ", _DIGIT_WIDE)


def _shows_digits(text: str) -> bool:
    return any(digit in text for digit in "123456789")


def decimals(prices: NDArray[np.float64]) -> int:
    """Number of decimals of the price tick: at least two.

    Prices adjusted for splits and dividends are no longer multiples of a tick: from 1 on they get two decimals, below
    that four digits.

    >>> decimals(np.array([93.5, 227.47999572753906])), decimals(np.array([1.0845])), decimals(np.array([2e-5, 1.9e-5]))
    (2, 4, 6)
    >>> decimals(np.array([27.847270965576172, 28.1])), decimals(np.array([0.1283482134, 0.1279]))
    (2, 4)
    """
    known = np.abs(prices[np.isfinite(prices) & (prices != 0)])
    if not len(known):
        return 2
    largest, typical = float(known.max()), float(np.median(known))
    for count in range(2, _MOST + 1):
        if 10.0**-count < 10 * _SINGLE * largest:
            break  # with this many decimals any number is close to a multiple
        if np.allclose(known.round(count), known, rtol=_SINGLE, atol=0):
            return count
    return 2 if typical >= 1 else min(_MOST, max(2, 3 - math.floor(math.log10(typical))))


def moment(instant: np.datetime64, zone: str | None, *, daily: bool, year: bool = True, named: bool = True) -> str:
    """A UTC instant in local time of a zone, or a day; with the year if ``year``, and the zone's name if ``named``.

    >>> moment(np.datetime64("2026-03-03T15:45", "us"), "America/New_York", daily=False)
    'Tue 3 Mar 2026 10:45 EST'
    >>> moment(np.datetime64("2026-03-03", "D"), None, daily=True)
    'Tue 3 Mar 2026'
    """
    there: datetime = instant.astype("M8[us]").item().replace(tzinfo=UTC).astimezone(ZoneInfo(zone or "UTC"))
    text = f"{there:%a} {there.day} {there:%b}" + (f" {there.year}" if year else "")
    if daily:
        return text
    text += f" {there:%H:%M:%S}" if there.second else f" {there:%H:%M}"
    return f"{text} {there:%Z}" if named else text


def length(span: np.timedelta64, *, daily: bool) -> str:
    """A duration in its two leading units.

    >>> length(np.timedelta64(95, "m"), daily=False), length(np.timedelta64(49, "h"), daily=False)
    ('1 h 35 min', '2 d 1 h')
    >>> length(np.timedelta64(86_400, "s"), daily=True), length(np.timedelta64(800, "D"), daily=True)
    ('1 day', '2 y 70 d')
    """
    minutes = abs(int(span / np.timedelta64(1, "m")))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    years, rest = divmod(days, 365)
    if daily and not years:
        return f"{days} day{'' if days == 1 else 's'}"
    parts = [(years, "y"), (rest, "d"), (hours, "h"), (minutes, "min")]
    leading = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(leading) or "0 min"
