"""Options of windows and pictures: the rows in view, and the looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from stockstream.present.preferences import Preferences


@dataclass(frozen=True, kw_only=True)
class PictureOptions:
    """What a picture shows of its data, and its colours.

    Attributes
    ----------
    rows
        The newest rows to have in view.
    start, end
        The span of time to show instead, ``end`` exclusive; UTC.
    theme
        The theme's name.
    alerts
        Price levels to watch, by symbol.
    alert_band
        The dead band about any level, in percent of it.
    """

    rows: int = 500
    start: np.datetime64 | None = None
    end: np.datetime64 | None = None
    theme: str = "light"
    alerts: Mapping[str, Sequence[float]] = field(default_factory=dict)
    alert_band: float = 0.0

    @property
    def spans(self) -> bool:
        """Whether a span of time is to be shown, not the newest rows."""
        return self.start is not None or self.end is not None


@dataclass(frozen=True, kw_only=True)
class WindowOptions(PictureOptions):
    """The same of a window; ``rows`` and ``theme`` are what holds where the window remembers nothing else.

    Attributes
    ----------
    refresh
        Seconds between two drawings at least; 0 is as often as a window ever draws.
    backend
        "tk", "qt" or "auto".
    picture
        The format of pictures that are saved.
    asked
        What holds this time, whatever is remembered and usual.
    """

    refresh: float = 0.0
    backend: str = "auto"
    picture: str = "png"
    asked: Preferences = field(default_factory=Preferences)
