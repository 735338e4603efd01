"""Trading hours of a series, by the calendars of the settings."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING

from stockstream.periods import following, intraday
from stockstream.records import MARKET, Bar, Series

if TYPE_CHECKING:  # the settings and the indicators are slow to import, and `--help` does not need them
    from stockstream.config import Settings
    from stockstream.indicators.trading_hours import Hours
    from stockstream.views.quality import Opens


def opens_of(settings: Settings, series: Series) -> Opens | None:
    """The hours by which the gaps of a series are judged, or the dates; None without a calendar.

    Raises ConfigError for a calendar that does not exist.
    """
    hours = hours_of(settings, series.symbol)
    if hours is None or intraday(series.interval):
        return hours and hours.trades_at
    return hours.has_session if series.interval == "1d" else lambda _: True


def hours_of(settings: Settings, symbol: str) -> Hours | None:
    """The hours of the first calendar of the settings whose pattern fits a symbol.

    Raises ConfigError for a calendar that does not exist.
    """
    from stockstream.indicators.trading_hours import trading_hours

    for pattern, name in settings.calendars.items():
        if fnmatchcase(symbol, pattern):
            try:
                return trading_hours(name)
            except ValueError as error:
                raise settings.wrong(("calendars", pattern), f"is wrong: {error}") from error
    return None


def outside_hours(settings: Settings) -> Callable[[Bar], bool] | None:
    """Whether a bar of a market is outside of the hours of its calendar; None without calendars.

    The bar's period must have nothing in common with a session. Times that the calendar does not cover are not judged.
    Raises ConfigError, when it is called, for a calendar that does not exist.
    """
    if not settings.calendars:
        return None
    known = lru_cache(lambda symbol: hours_of(settings, symbol))

    def outside(bar: Bar) -> bool:
        hours = known(bar.symbol) if bar.feed == MARKET else None
        if hours is None or not hours.covers(bar.time):
            return False
        if intraday(bar.interval):
            return not hours.trades_between(bar.time, following(bar.time, bar.interval))
        return bar.interval == "1d" and not hours.has_session(bar.time)

    return outside
