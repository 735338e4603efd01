"""Pictures that could not be drawn: counted, logged once a kind, and text in the status bar."""

from __future__ import annotations

import logging
from typing import Final

LOG: Final = logging.getLogger("stockstream.window")

_LONGEST: Final = 120


class Undrawn:
    """Counts pictures that an error kept from being drawn.

    Attributes
    ----------
    count
        Their number.
    text
        What the status bar says of them; empty while there are none.
    """

    def __init__(self) -> None:
        self.count = 0
        self.text = ""
        self._logged: set[str] = set()

    def add(self, error: Exception) -> None:
        """Count one; a traceback of each kind of error goes to the log."""
        self.count += 1
        why = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
        why = why if len(why) <= _LONGEST else f"{why[:_LONGEST]}..."
        self.text = f"{self.count:,} picture{'' if self.count == 1 else 's'} not drawn ({why})"
        if why not in self._logged and len(self._logged) < _LONGEST:
            self._logged.add(why)
            LOG.error("a picture could not be drawn: %s", why, exc_info=error)
