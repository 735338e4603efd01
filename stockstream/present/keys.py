"""Key bindings: one table for charts and one for dashboards; handlers, help and the guide are made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Binding:
    """One action and the keys that call it.

    ``action`` is the name of the handler. ``keys`` are names of matplotlib, or of `wheel` for the mouse wheel; the
    handler receives the key. ``label`` and ``does`` are for people: ``does`` completes a sentence that begins with
    "this key".
    """

    action: str
    keys: tuple[str, ...]
    label: str
    does: str


_THEME: Final = Binding("theme", ("t",), "t", "theme: light, dark, high contrast")
_SCREEN: Final = Binding("screen", ("f",), "f", "full screen")
_SAVE: Final = Binding("save", ("s",), "s", "saves a picture in the working directory")
_FORMAT: Final = Binding("format", ("S",), "S", "picture format: PNG, SVG or PDF")
_HELP: Final = Binding("help", ("?", "f1"), "?", "shows or hides these keys")
_CLOSE: Final = Binding("close", ("q",), "q", "closes the window")

CHART: Final = (
    Binding("pause", (" ",), "Space", "pauses the drawing; reading goes on"),
    Binding("turn", ("n", "b"), "n, b", "next and previous symbol"),
    Binding("pick", tuple("123456789"), "1 ... 9", "the symbol with that number"),
    Binding("zoom", ("+", "=", "-", "wheel up", "wheel down"), "+, -, wheel", "zooms in time, around the mouse"),
    Binding("pan", ("left", "right"), "Left, Right, drag", "moves through time"),
    Binding("follow", ("end",), "End", "follows the newest row again, fits the values"),
    Binding(
        "scale",
        ("shift+wheel up", "shift+wheel down"),
        "Shift+wheel",
        "scales the values; so does dragging their axis",
    ),
    Binding("fit", ("a",), "a", "fits the values automatically, or keeps their range"),
    Binding("log", ("l",), "l", "logarithmic prices"),
    Binding("grid", ("g",), "g", "grid"),
    _THEME,
    _SCREEN,
    Binding("tools", ("o",), "o", "tool bar, to zoom to a rectangle"),
    _SAVE,
    _FORMAT,
    Binding("rows", ("c",), "c", "saves the rows in view as CSV"),
    Binding("measure", ("d",), "d", "measures between two clicks"),
    Binding("level", ("h", "H"), "h", "adds, removes a price level (H: for once)"),
    Binding("alerts", ("i",), "i", "lists the newest alerts"),
    Binding("leave", ("escape",), "Esc", "ends measuring and alerts, closes help"),
    _HELP,
    _CLOSE,
)
"""Key bindings of a chart, in the order in which help lists them."""

DASHBOARD: Final = (
    Binding("pause", (" ",), "Space", "pauses the drawing; reading goes on"),
    Binding("open", (), "click", "shows one tile alone, or all again"),
    Binding(
        "scroll",
        ("wheel up", "wheel down", "up", "down", "pageup", "pagedown", "home", "end"),
        "wheel, Up, Page Up ...",
        "scrolls the table under the mouse",
    ),
    Binding("turn", ("n", "b"), "n, b", "next and previous 12 symbols"),
    Binding("rank", ("r",), "r", "ranks by volume or by volatility"),
    Binding("group", ("i",), "i", "next interval and feed, if there are several"),
    Binding("tiles", ("tab",), "Tab", "next tiles, if not all of them fit"),
    Binding("pie", ("p",), "p", "shares as a pie or as ranked bars"),
    _THEME,
    _SCREEN,
    _SAVE,
    _FORMAT,
    Binding("leave", ("escape",), "Esc", "shows all tiles again, closes this help"),
    _HELP,
    _CLOSE,
)
"""Key bindings of a dashboard. An entry without keys describes the mouse and has no handler."""
