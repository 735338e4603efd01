"""Entries of a legend in the colours of a theme."""

from __future__ import annotations

from collections.abc import Iterable

from stockstream.charts.text.caption import Entry
from stockstream.charts.theme import Theme
from stockstream.present.legend import LegendEntry


def colored(entries: Iterable[LegendEntry], theme: Theme) -> list[Entry]:
    """The entries, each with a line or a square as the mark is drawn."""
    return [_colored(entry, theme) for entry in entries]


def _colored(entry: LegendEntry, theme: Theme) -> Entry:
    color, again = theme.color(entry.color), theme.again(entry.color)
    fill = None
    if entry.sample == "band":
        color, fill = theme.pale(color, 0.8), theme.pale(color, 0.12)
    elif entry.sample == "column":
        fill = theme.pale(color, 0.35) if again else color
    dashed = entry.dashed or (entry.sample == "key" and again)
    return Entry(entry.label, color, fill, dashed=dashed, value=entry.value, room=entry.room, shorter=entry.shorter)
