"""Dispatch of keys and turns of the wheel to handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from matplotlib.backend_bases import LocationEvent

from stockstream.present.keys import Binding

Handler: TypeAlias = Callable[[str, LocationEvent], None]
"""Receives the name of the key in the table, and the event, which has the position of the mouse."""


class Keyboard:
    """Calls the handler of a key.

    Parameters
    ----------
    bindings
        The table.
    handlers
        Handlers by action; exactly the actions of the table that have keys.
    """

    def __init__(self, bindings: Iterable[Binding], handlers: Mapping[str, Handler]) -> None:
        bound = [binding for binding in bindings if binding.keys]
        unbound = {binding.action for binding in bound} ^ handlers.keys()
        assert not unbound, unbound
        self._handlers = {key: handlers[binding.action] for binding in bound for key in binding.keys}

    def press(self, key: str | None, event: LocationEvent) -> bool:
        """Handle a key named as in matplotlib; returns False if it is not bound."""
        key = key or ""
        # A letter that is bound in one case only works in both, so that Caps Lock does not matter.
        found = next((each for each in (key, key.lower()) if each in self._handlers), None)
        if found is not None:
            self._handlers[found](found, event)
        return found is not None


def wheel(step: float, held: Iterable[str]) -> str:
    """Name of a turn of the mouse wheel with held keys.

    >>> wheel(1.0, []), wheel(-0.5, {"shift"})
    ('wheel up', 'shift+wheel down')
    """
    return "+".join([*sorted(held), f"wheel {'up' if step > 0 else 'down'}"])
