"""Text of the status bar under a window's title, most important first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import numpy as np

from stockstream.names import harmless, listed
from stockstream.present.ticks import local
from stockstream.views.status import Status

Tone = Literal["good", "quiet", "bad", "alarm"]
"""An alert must not be missed; it is not a state of the data."""

_MOST_SOURCES: Final = 3


@dataclass(frozen=True)
class StatusBar:
    """Parts of the status bar, most important first, and their tone."""

    parts: tuple[str, ...]
    tone: Tone


def status_bar(
    status: Status,
    now: datetime,
    *,
    zone: str | None = None,
    sources: Sequence[str] = (),
    held: int | None = None,
    away: bool = False,
    crowded: int = 0,
    note: str = "",
    alarm: str = "",
    alerts: tuple[str, str] = ("", ""),
    undrawn: str = "",
    ages: bool = True,
) -> StatusBar:
    """Describe the status of a consumer.

    ``now`` is UTC; ``zone`` is the zone of the axis, for the time of the last record. ``sources`` are
    those of the newest bars: the live ones, where several give one series. ``held`` is the number of records that wait
    while the drawing is paused; ``away`` says that the view does not follow the newest row. ``crowded`` is the number
    of keys whose lines cannot be distinguished, so that the user is asked to choose. ``note`` is a message of the
    window, such as where it saved a picture, and ``alarm`` a message that comes first. ``alerts`` are what
    is wrong with the process that raises alerts, and how many of them are new. ``undrawn`` says that
    pictures could not be drawn. Without ``ages`` no ages are shown: in a picture they would be wrong a second later.
    """
    waiting = f"waiting for {status.waiting}" if status.waiting else ""
    first = (alarm, _connection(status, now, ages=ages), waiting, undrawn, alerts[0], status.note)
    parts = [part for part in first if part]
    if held is not None:
        waits = f", {held:,} record{'' if held == 1 else 's'} waiting" if held else ""
        parts.append(f"drawing paused (Space goes on){waits}")
    if away:
        parts.append("held: End follows")
    if crowded:
        parts.append(f"{crowded} lines: name up to 8 to tell them apart")
    if note:
        parts.append(note)
    if alerts[1]:
        parts.append(alerts[1])
    if status.latest is not None:
        parts.append(_last(status, now, zone, ages=ages))
    if sources:
        named = " ".join(harmless(listed(sources, _MOST_SOURCES)).split())
        parts.append(f"source{'s' if len(sources) > 1 else ''} {named}")
    if status.lag:
        parts.append(f"{status.lag:,} behind")
    elif status.caught_up and status.connected:
        parts.append("lag unknown" if status.lag is None else "up to date")
    parts.extend(f"{count:,} {name}" for name, count in status.counts.items() if count)
    if status.connected:
        parts.append(_rate(status.rate))
    tone: Tone = "bad" if not status.connected or undrawn else "quiet" if status.waiting or held is not None else "good"
    if alarm:
        tone = "alarm"
    return StatusBar(tuple(parts), tone)


def _connection(status: Status, now: datetime, *, ages: bool) -> str:
    since = status.since.astimezone()
    clock = f"{since:%H:%M:%S}" if since.date() == now.astimezone().date() else f"{since.day} {since:%b %H:%M}"
    if status.connected:
        return f"● connected since {clock}"
    length = f" ({age((now - status.since).total_seconds())})" if ages else ""
    return f"○ not connected since {clock}{length}"


def _last(status: Status, now: datetime, zone: str | None, *, ages: bool) -> str:
    latest = status.latest
    assert latest is not None
    clock = local(np.array([latest]), zone)[0]
    if np.datetime_data(clock.dtype)[0] == "D" or clock == clock.astype("M8[D]"):
        text = f"last {clock.astype('M8[D]')}"
    else:
        moment = clock.astype("M8[s]").item()
        same_day = clock.astype("M8[D]") == local(np.array([now.replace(tzinfo=None)], "M8[us]"), zone)[0].astype(
            "M8[D]"
        )
        seconds = "" if moment.second == 0 else f":{moment:%S}"
        day = "" if same_day else f"{moment.day} {moment:%b %Y} "
        text = f"last {day}{moment:%H:%M}{seconds}{'' if zone else ' UTC'}"
    if status.received is None or not ages:
        return text
    return f"{text}, came {age((now - status.received).total_seconds())} ago"


def _rate(rate: float) -> str:
    return f"{rate:,.0f} records/s" if rate >= 10 or rate == 0 else f"{rate:.1f} records/s"


def age(seconds: float) -> str:
    """A duration in at most two units.

    >>> age(4.2), age(75), age(3_600 * 26), age(-1)
    ('4 s', '1 min', '26 h', '0 s')
    """
    whole = max(0, int(seconds))
    for size, unit in ((172_800, "days"), (3_600, "h"), (60, "min")):
        if whole >= size:
            return f"{whole // (86_400 if unit == 'days' else size)} {unit}"
    return f"{whole} s"


def utc_now() -> datetime:
    """The present time in UTC."""
    return datetime.now(UTC)
