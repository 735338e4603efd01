"""Calendars of exchanges, from the package exchange_calendars."""

from __future__ import annotations

import warnings
from typing import Any


def exchange_calendar(name: str) -> Any:
    """The calendar of this name, such as XNYS. Raises ValueError if it or the package does not exist."""
    try:
        import exchange_calendars
    except ModuleNotFoundError as error:
        raise ValueError(
            f"the calendar {name} needs the package exchange_calendars: pip install 'stockstream[calendars]'"
        ) from error
    try:
        with warnings.catch_warnings():
            # exchange_calendars lets its own use of deprecated pandas be seen by everybody who runs it.
            warnings.simplefilter("ignore", DeprecationWarning)
            return exchange_calendars.get_calendar(name)
    except exchange_calendars.errors.InvalidCalendarName as error:
        raise ValueError(f"calendar is one that exchange_calendars knows, such as XNYS, not {name!r}") from error
