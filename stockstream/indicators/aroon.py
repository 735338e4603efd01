"""Aroon: how recently a series made its highest high and its lowest low."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from stockstream.indicators import checks
from stockstream.indicators.protocol import Columns, Point, PriceBar
from stockstream.indicators.rolling import Highest


class AroonPoint(Point, frozen=True, gc=False):
    """Aroon at one bar: ``up`` and ``down`` from 0 to 100, ``oscillator`` from -100 to 100."""

    up: float
    down: float
    oscillator: float


class Aroon:
    """Aroon up, down and oscillator over the last ``period`` + 1 bars.

    ::

        up = 100 * (period - bars since the highest high) / period
        down = 100 * (period - bars since the lowest low) / period
        oscillator = up - down

    Source: Tushar Chande, "A Time Price Oscillator", Stocks & Commodities 13:9 (1995). Of equal extremes
    the most recent counts, as in TA-Lib; some take the oldest. The first point is at the bar with index ``period``.
    Values are exact (each is rounded once), and so is the agreement of `update` and `batch`.

    Parameters
    ----------
    period
        Bars to look back, at least 1.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> aroon = Aroon(period=2)
    >>> for high, low in ((10.0, 9.0), (12.0, 10.0), (11.0, 9.5)):
    ...     point = aroon.update(SimpleNamespace(high=high, low=low))
    >>> point
    AroonPoint(up=50.0, down=0.0, oscillator=50.0)
    """

    __slots__ = ("_highs", "_lows", "_missing", "period")

    inputs: ClassVar[tuple[str, ...]] = ("high", "low")
    fields: ClassVar[tuple[str, ...]] = AroonPoint.__struct_fields__
    _VERSION: Final = 1

    def __init__(self, period: int = 25) -> None:
        self.period = checks.whole("period", period, least=1)
        self._highs = Highest(self.period + 1)
        self._lows = Highest(self.period + 1)  # of the negated lows
        self._missing = self.period

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period``."""
        return self.period

    def update(self, bar: PriceBar) -> AroonPoint | None:
        """Take the next bar.

        Returns
        -------
        AroonPoint or None
            None for the first ``period`` bars.

        Raises
        ------
        InvalidBar
            High or low is not finite, or the high is below the low; nothing has changed.
        """
        high = bar.high
        low = bar.low
        if not -math.inf < low <= high < math.inf:
            raise checks.refusal(bar, "high", "low")
        since_high = self._highs.push(high)
        since_low = self._lows.push(-low)
        if self._missing:
            self._missing -= 1
            return None
        period = self.period
        up = 100.0 * (period - since_high) / period
        down = 100.0 * (period - since_low) / period
        return AroonPoint(up, down, up - down)

    def peek(self, bar: PriceBar) -> AroonPoint | None:
        """What `update` would give for a bar that is still forming; changes nothing."""
        return self.copy().update(bar)

    def batch(self, columns: Columns) -> Columns:
        """`update` for the arrays high and low, each of shape (n,): up, down and oscillator, NaN in warm-up."""
        import numpy as np  # as late as here: see protocol

        from stockstream.indicators import arrays

        high, low = arrays.columns_of(columns, self.inputs)
        arrays.refuse_unless((low > -np.inf) & (low <= high) & (high < np.inf), high=high, low=low)
        up, down = (
            np.multiply(self.period - ages, 100.0, dtype=np.float64) / self.period
            for ages in (self._highs.batch(high), self._lows.batch(-low))
        )
        warm = min(self._missing, len(high))
        self._missing -= warm
        up[:warm] = down[:warm] = np.nan
        return {"up": up, "down": down, "oscillator": up - down}

    def state(self) -> dict[str, Any]:
        """The whole state: JSON-safe, with a version. Extremes are [bars ago, price], the oldest first."""
        return {
            "indicator": "aroon",
            "version": self._VERSION,
            "period": self.period,
            "missing": self._missing,
            "highs": [[age, high] for age, high in self._highs.entries()],
            "lows": [[age, -negated] for age, negated in self._lows.entries()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`; ValueError for one of another period or version, or a damaged one."""
        checks.same(state, indicator="aroon", version=self._VERSION, period=self.period)
        highs, lows = Highest(self.period + 1), Highest(self.period + 1)
        try:
            missing = int(state["missing"])
            highs.replace((int(age), float(high)) for age, high in state["highs"])
            lows.replace((int(age), -float(low)) for age, low in state["lows"])
        except (KeyError, TypeError, ValueError) as error:
            raise checks.damaged(f"{type(error).__name__} {error}") from error
        unseen = missing == self.period
        if not 0 <= missing <= self.period or unseen == bool(highs.entries()) or unseen == bool(lows.entries()):
            raise checks.damaged(f"missing is {missing}")
        self._highs, self._lows, self._missing = highs, lows, missing

    def copy(self) -> Aroon:
        """Another Aroon in the same state."""
        twin = Aroon(self.period)
        twin._highs = self._highs.copy()
        twin._lows = self._lows.copy()
        twin._missing = self._missing
        return twin
