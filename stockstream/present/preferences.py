"""Preferences of a window, such as theme, grid and zoom, in the form in which they are saved."""

from __future__ import annotations

from typing import Annotated

import msgspec

from stockstream.present.geometry import Geometry
from stockstream.present.memory import Memory

_SECTION = "window"


class Preferences(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a window looks; what is None is as the settings have it."""

    geometry: Geometry | None = None
    key: str | None = None
    rows: Annotated[int, msgspec.Meta(ge=2)] | None = None
    theme: str | None = None
    grid: bool | None = None
    log: bool | None = None
    picture: str | None = None

    def over(self, below: Preferences) -> Preferences:
        """These, and where they say nothing those below.

        >>> Preferences(theme="dark").over(Preferences(theme="light", rows=90))
        Preferences(geometry=None, key=None, rows=90, theme='dark', grid=None, log=None, picture=None)
        """
        mine = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(below, **mine)


class Habit:
    """A window's looks over its life: ``now`` begins as they are remembered and asked for.

    Parameters
    ----------
    memory
        Where they are kept.
    usual
        Those of a window that remembers nothing: the settings'.
    asked
        Those that were asked for this time, whatever is remembered.
    """

    def __init__(self, memory: Memory, usual: Preferences, asked: Preferences) -> None:
        self._memory = memory
        self._usual = usual
        self._remembered = memory.get(_SECTION, Preferences, Preferences())
        self.now = asked.over(self._remembered).over(usual)

    def note(self, now: Preferences) -> None:
        """Take how it looks now; what has changed is remembered, and no longer once it is as usual again.

        Its place is remembered in any case: where all windows of several know theirs they are left there.
        """
        changed = {
            name: None if value == getattr(self._usual, name) else value
            for name, value in msgspec.structs.asdict(now).items()
            if name == "geometry" or value != getattr(self.now, name)
        }
        self.now = now
        remembered = msgspec.structs.replace(self._remembered, **changed)
        if remembered != self._remembered:
            self._remembered = remembered
            self._memory.put(_SECTION, remembered)
