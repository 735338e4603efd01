"""The keys and the mouse of windows: a table for each kind, of which handlers, help and the guide's table are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Binding:
    """What some keys do together.

    ``action`` is the handler's name. ``keys`` are as matplotlib names them, and as `wheel` names the mouse's wheel;
    a handler is told which it was. ``label`` and ``does`` are for people: ``does`` goes on from "this key".
    """

    action: str
    keys: tuple[str, ...]
    label: str
    does: str


_THEME: Final = Binding("theme", ("t",), "t", "theme: light, dark, high contrast")
_SCREEN: Final = Binding("screen", ("f",), "f", "full screen")
_SAVE: Final = Binding("save", ("s",), "s", "saves a picture where the program was started")
_FORMAT: Final = Binding("format", ("S",), "S", "what s saves: PNG, SVG or PDF")
_HELP: Final = Binding("help", ("?", "f1"), "?", "shows these keys, or hides them")
_CLOSE: Final = Binding("close", ("q",), "q", "closes the window")

CHART: Final = (
    Binding("pause", (" ",), "Space", "pauses the drawing; reading goes on"),
    Binding("turn", ("n", "b"), "n, b", "next and previous symbol"),
    Binding("pick", tuple("123456789"), "1 ... 9", "the symbol at that place"),
    Binding("zoom", ("+", "=", "-", "wheel up", "wheel down"), "+, -, wheel", "zooms in time, around the mouse"),
    Binding("pan", ("left", "right"), "Left, Right, drag", "moves through time"),
    Binding("follow", ("end",), "End", "follows the newest again; values fit by themselves"),
    Binding(
        "stretch",
        ("shift+wheel up", "shift+wheel down"),
        "Shift+wheel",
        "scales the values; so does dragging their axis",
    ),
    Binding("fit", ("a",), "a", "values fit by themselves, or keep their range"),
    Binding("log", ("l",), "l", "logarithmic prices"),
    Binding("grid", ("g",), "g", "grid"),
    _THEME,
    _SCREEN,
    Binding("tools", ("o",), "o", "tool bar, to zoom to a rectangle"),
    _SAVE,
    _FORMAT,
    Binding("rows", ("c",), "c", "saves the rows in view as CSV"),
    Binding("measure", ("d",), "d", "measures from one click to the next"),
    Binding("level", ("h",), "h", "watches a level at the mouse, or no longer"),
    Binding("leave", ("escape",), "Esc", "ends measuring, an alarm, and this help"),
    _HELP,
    _CLOSE,
)
"""A chart's, in the order in which help shows them."""

DASHBOARD: Final = (
    Binding("pause", (" ",), "Space", "pauses the drawing; reading goes on"),
    Binding("open", (), "click", "opens a tile alone; again, shows all"),
    Binding(
        "scroll",
        ("wheel up", "wheel down", "up", "down", "pageup", "pagedown", "home", "end"),
        "wheel, Up, Page Up ...",
        "scrolls the table under the mouse",
    ),
    Binding("turn", ("n", "b"), "n, b", "next and previous 12 symbols"),
    Binding("rank", ("r",), "r", "the largest by volume, or by volatility"),
    Binding("group", ("i",), "i", "next interval and feed, where there are several"),
    Binding("leaf", ("tab",), "Tab", "next tiles, where not all have room"),
    Binding("pie", ("p",), "p", "shares as a pie, or in falling order"),
    _THEME,
    _SCREEN,
    _SAVE,
    _FORMAT,
    Binding("leave", ("escape",), "Esc", "shows all tiles again, and ends this help"),
    _HELP,
    _CLOSE,
)
"""A dashboard's. What has no key is the mouse's alone, and only told."""
