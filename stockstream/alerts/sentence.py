"""Sentences about alerts, for people."""

from __future__ import annotations

from stockstream.alerts.evaluation.watch import Coming
from stockstream.alerts.language.numbers import CHANGE
from stockstream.records import Series


def sentence(coming: Coming, series: Series) -> str:
    """What came, and with which numbers: ``AAPL 1m: close > 180; close 181.2``. Who shows it adds the time."""
    numbers = ", ".join(f"{name} {_shown(name, value)}" for name, value in coming.values.items())
    where = f"{series.symbol} {series.interval}".strip()
    return f"{where}: {coming.rule.when}" + (f"; {numbers}" if numbers else "")


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "unknown"
    if name.startswith(f"{CHANGE}("):
        return f"{value:.2%}"
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
