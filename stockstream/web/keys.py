"""Keys of the page: those of the windows, and those with which the crosshair is moved without a mouse."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from stockstream.present.keys import CHART, Binding

_SAID: Final = {"save": "saves a picture", "measure": "measures between two clicks, or two Enters"}
"""What the page does in other words than a window."""

_CROSS: Final = Binding(
    "cross",
    ("shift+left", "shift+right", "shift+up", "shift+down"),
    "Shift+arrows",
    "moves the crosshair: by a bar, or up and down",
)
_MARK: Final = Binding("mark", ("enter",), "Enter", "measures from the crosshair, and to it")

KEYS: Final = (*(replace(each, does=_SAID.get(each.action, each.does)) for each in CHART), _CROSS, _MARK)
"""In the order in which help lists them."""
