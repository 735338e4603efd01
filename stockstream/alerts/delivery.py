"""What is sent of an alert: its id, a title, and a line of text."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from stockstream.names import cut, harmless
from stockstream.periods import intraday
from stockstream.records import Alert

_LONGEST_TITLE = 120
_LONGEST_LINE = 1_000


def delivery_id(alert: Alert) -> str:
    """The id of what is sent: the alert's own, or that of its withdrawal, which is sent once, too."""
    return f"{alert.id}/withdrawn" if alert.state == "withdrawn" else alert.id


def is_sent(alert: Alert) -> bool:
    """Whether its state is one that people are told of: that it came, or that it was withdrawn."""
    return alert.state in ("raised", "withdrawn")


def title(alert: Alert) -> str:
    r"""A few words for a subject or a heading, on one line whatever the names contain.

    >>> from datetime import datetime
    >>> time = datetime(2026, 3, 2, 14, 31, tzinfo=UTC)
    >>> title(Alert(id="1", rule="high", when="", symbol="AA\nPL", time=time, text="", at=time, state="withdrawn"))
    'AA PL: high (withdrawn)'
    """
    ending = "(withdrawn)" if alert.state == "withdrawn" else ""
    words = ("SIMULATED" if alert.simulated else "", f"{alert.symbol}:" if alert.symbol else "", alert.rule, ending)
    return cut(_one_line(" ".join(filter(None, words))), _LONGEST_TITLE)


def line(alert: Alert) -> str:
    """The alert in a line, with the time of its bar in the zone of its exchange."""
    if alert.interval and not intraday(alert.interval):
        when = f"{alert.time:%Y-%m-%d}"
    else:
        when = f"{alert.time.astimezone(ZoneInfo(alert.tz) if alert.tz else UTC):%Y-%m-%d %H:%M %Z}"
    return cut(_one_line(f"{'SIMULATED ' if alert.simulated else ''}{alert.text} ({when})"), _LONGEST_LINE)


def _one_line(text: str) -> str:
    return harmless(" ".join(text.split()))
