"""Other views: the readings beside that of all bars, begun when they are asked for, and ended when nobody looks."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from stockstream.connection import Connection
from stockstream.consumers.live import AnyLive, Live
from stockstream.consumers.registry import VIEWS
from stockstream.views.fold import Selection

_UNUSED_FOR: Final = 60.0


class Ticked(NamedTuple):
    """What a tick did: whether rows changed, whether the topic was made anew, and the error that ended the reading."""

    changed: bool
    anew: bool = False
    error: Exception | None = None


class OtherViews:
    """Reads views by name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lives: dict[str, AnyLive] = {}
        self._used: dict[str, float] = {}

    def get(self, view: str) -> AnyLive:
        """The reading of a view; it does not wait until there is anything."""
        self._used[view] = time.monotonic()
        live = self._lives.get(view)
        if live is None:
            found = VIEWS[view]
            parameters = {each.name: each.default for each in found.parameters}
            live = Live(found, Selection(), parameters, self._connection, None)
            live.__enter__()
            self._lives[view] = live
        return live

    def tick(self) -> Iterator[tuple[AnyLive, Ticked]]:
        """Tick all; one that fails is closed."""
        for view, live in list(self._lives.items()):
            before = live.fold
            try:
                changed = live.tick()
            except Exception as error:  # noqa: BLE001 - another topic must not end the reading of bars
                del self._lives[view]
                live.close()
                yield live, Ticked(changed=False, error=error)
            else:
                yield live, Ticked(changed, live.fold is not before)

    def close_unused(self, watched: Collection[int]) -> None:
        """Close what nobody has asked for in a minute, but for those with these ids, which pages show."""
        now = time.monotonic()
        for view, live in list(self._lives.items()):
            if id(live) in watched:
                self._used[view] = now
            elif now - self._used[view] > _UNUSED_FOR:
                del self._lives[view]
                live.close()

    def close(self) -> None:
        """Close all."""
        while self._lives:
            _, live = self._lives.popitem()
            live.close()
