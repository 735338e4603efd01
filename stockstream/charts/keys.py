"""The keys and the mouse of a window: one table of which the handler, the help and the guide's table are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from matplotlib.backend_bases import LocationEvent


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


BINDINGS: Final = (
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
    Binding("theme", ("t",), "t", "theme: light, dark, high contrast"),
    Binding("screen", ("f",), "f", "full screen"),
    Binding("tools", ("o",), "o", "tool bar, to zoom to a rectangle"),
    Binding("save", ("s",), "s", "saves a picture where the program was started"),
    Binding("format", ("S",), "S", "what s saves: PNG, SVG or PDF"),
    Binding("rows", ("c",), "c", "saves the rows in view as CSV"),
    Binding("measure", ("d",), "d", "measures from one click to the next"),
    Binding("level", ("h",), "h", "watches a level at the mouse, or no longer"),
    Binding("leave", ("escape",), "Esc", "ends measuring, an alarm, and this help"),
    Binding("help", ("?", "f1"), "?", "shows these keys, or hides them"),
    Binding("close", ("q",), "q", "closes the window"),
)
"""In the order in which help shows them."""

Handler: TypeAlias = Callable[[str, LocationEvent], None]
"""Is told the key by its name in the table, and the event for the mouse's place."""


class Keyboard:
    """Calls the handler to which a key is bound.

    Parameters
    ----------
    handlers
        By action; all actions of the table, and no others.
    """

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        unbound = {binding.action for binding in BINDINGS} ^ handlers.keys()
        assert not unbound, unbound
        self._handlers = {key: handlers[binding.action] for binding in BINDINGS for key in binding.keys}

    def press(self, key: str | None, event: LocationEvent) -> bool:
        """Handle a key as matplotlib names it; False where it is bound to nothing."""
        key = key or ""
        # A letter that is bound in one case only counts in both, as with Caps Lock on.
        found = next((each for each in (key, key.lower()) if each in self._handlers), None)
        if found is not None:
            self._handlers[found](found, event)
        return found is not None


def wheel(step: float, held: Iterable[str]) -> str:
    """The name of a turn of the mouse's wheel while keys are held.

    >>> wheel(1.0, []), wheel(-0.5, {"shift"})
    ('wheel up', 'shift+wheel down')
    """
    return "+".join([*sorted(held), f"wheel {'up' if step > 0 else 'down'}"])
