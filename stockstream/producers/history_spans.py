"""Spans of history as users write them: 5d, 2wk, 3mo, 1y, ytd, max."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_FORM: Final = re.compile(r"([1-9][0-9]{0,4})(d|wk|mo|y)")
_FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_WEEK: Final = 5


def is_span(text: str) -> bool:
    """Whether it is one.

    >>> is_span("5d"), is_span("max"), is_span("5 days")
    (True, True, False)
    """
    return text in ("ytd", "max") or _FORM.fullmatch(text) is not None


def beginning(span: str, now: datetime, *, weekends: bool) -> datetime:
    """When the days of a span begin, of which the last is today.

    Parameters
    ----------
    span
        The user's text; ValueError if it is invalid.
    now
        What time it is.
    weekends
        Whether the market trades on weekends; else their days do not count among those of ``5d``, so that on a Sunday
        ``1d`` holds Friday.

    >>> sunday = datetime(2026, 3, 22, 14, 0, tzinfo=UTC)
    >>> [beginning(span, sunday, weekends=False).strftime("%a %d %b %Y") for span in ("1d", "5d", "1mo", "ytd")]
    ['Fri 20 Mar 2026', 'Mon 16 Mar 2026', 'Sun 22 Feb 2026', 'Thu 01 Jan 2026']
    >>> beginning("5d", sunday, weekends=True).day
    18
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if span == "max":
        return _FIRST
    if span == "ytd":
        return today.replace(month=1, day=1)
    form = _FORM.fullmatch(span)
    if form is None:
        raise ValueError(f"{span!r} is not a span: days, weeks, months or years (5d, 2wk, 3mo, 1y), ytd or max")
    number, unit = int(form[1]), form[2]
    if unit == "d" and not weekends:
        return max(_FIRST, _days_of_trading(today, number))
    if unit in ("d", "wk"):
        days = number - 1 if unit == "d" else 7 * number
        return max(_FIRST, today - timedelta(days=min(days, 100_000)))
    months = today.year * 12 + today.month - 1 - number * (12 if unit == "y" else 1)
    if months < _FIRST.year * 12:
        return _FIRST
    return today.replace(year=months // 12, month=months % 12 + 1, day=min(today.day, 28))


def _days_of_trading(today: datetime, number: int) -> datetime:
    """The first of a number of weekdays up to today."""
    last = today - timedelta(days=max(0, today.weekday() - _WEEK + 1))
    weeks, rest = divmod(number - 1, _WEEK)
    first = last - timedelta(weeks=min(weeks, 10_000))
    back = rest + (2 if rest > first.weekday() else 0)
    return first - timedelta(days=back)
