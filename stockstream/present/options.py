"""Options of windows and pictures: the rows in view, and the looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from stockstream.present.alert_book import AlertBook
from stockstream.present.headline_book import HeadlineBook
from stockstream.present.level_desk import LevelDesk, NoDesk
from stockstream.present.preferences import Preferences


@dataclass(frozen=True, kw_only=True)
class PictureOptions:
    """Options of a picture: the rows in view, the theme, and price levels.

    Attributes
    ----------
    rows
        Number of newest rows in view.
    start, end
        Period to show instead, ``end`` exclusive; UTC.
    theme
        The theme's name.
    alerts
        Price levels to watch, by symbol.
    alert_band
        Dead band around each level, in percent of it.
    book
        The alerts that a process raises, as they come.
    headlines
        The headlines of the series of their scores.
    """

    rows: int = 500
    start: np.datetime64 | None = None
    end: np.datetime64 | None = None
    theme: str = "light"
    alerts: Mapping[str, Sequence[float]] = field(default_factory=dict)
    alert_band: float = 0.0
    book: AlertBook = field(default_factory=AlertBook, compare=False)
    headlines: HeadlineBook = field(default_factory=HeadlineBook, compare=False)

    @property
    def spans(self) -> bool:
        """Whether a period is shown, not the newest rows."""
        return self.start is not None or self.end is not None


@dataclass(frozen=True, kw_only=True)
class WindowOptions(PictureOptions):
    """Options of a window; ``rows`` and ``theme`` apply if the window has not saved others.

    Attributes
    ----------
    refresh
        Minimum seconds between two redraws; 0 means as often as possible.
    backend
        "tk", "qt" or "auto".
    picture
        Format of saved pictures.
    asked
        Preferences for this run only, over saved ones and defaults.
    desk
        Where levels of prices are handed on, so that the process of the alerts watches them.
    """

    refresh: float = 0.0
    backend: str = "auto"
    picture: str = "png"
    asked: Preferences = field(default_factory=Preferences)
    desk: LevelDesk = field(default_factory=NoDesk, compare=False)
