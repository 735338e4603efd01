"""Preferences of a window, such as theme, grid and zoom, in the form in which they are saved."""

from __future__ import annotations

from typing import Annotated

import msgspec

from stockstream.present.geometry import Geometry
from stockstream.present.memory import Memory

_SECTION = "window"


class Preferences(msgspec.Struct, frozen=True, omit_defaults=True):
    """Preferences of a window; None means the default of the settings."""

    geometry: Geometry | None = None
    key: str | None = None
    rows: Annotated[int, msgspec.Meta(ge=2)] | None = None
    theme: str | None = None
    grid: bool | None = None
    log: bool | None = None
    picture: str | None = None

    def over(self, below: Preferences) -> Preferences:
        """These preferences, with None replaced by those of ``below``.

        >>> Preferences(theme="dark").over(Preferences(theme="light", rows=90))
        Preferences(geometry=None, key=None, rows=90, theme='dark', grid=None, log=None, picture=None)
        """
        mine = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(below, **mine)


class CurrentPreferences:
    """The current preferences of a window: saved ones over defaults, and changes while it is open.

    ``now`` holds them.

    Parameters
    ----------
    memory
        Where changes are saved.
    defaults
        The preferences of the settings.
    requested
        Preferences for this run only, which take precedence over saved ones.
    """

    def __init__(self, memory: Memory, defaults: Preferences, requested: Preferences) -> None:
        self._memory = memory
        self._defaults = defaults
        self._saved = memory.get(_SECTION, Preferences, Preferences())
        self.now = requested.over(self._saved).over(defaults)

    def note(self, now: Preferences) -> None:
        """Take the present preferences, and save what has changed; a value that is the default again is not saved.

        The geometry is always saved: windows side by side keep their positions if all of them have one.
        """
        changed = {
            name: None if value == getattr(self._defaults, name) else value
            for name, value in msgspec.structs.asdict(now).items()
            if name == "geometry" or value != getattr(self.now, name)
        }
        self.now = now
        saved = msgspec.structs.replace(self._saved, **changed)
        if saved != self._saved:
            self._saved = saved
            self._memory.put(_SECTION, saved)
