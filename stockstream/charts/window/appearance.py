"""Appearance of a window that its user switches: theme, and format of saved pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stockstream.charts.theme import THEMES, Theme, after
from stockstream.charts.window.saving import FORMATS, file_name, format_after, saved
from stockstream.present.options import WindowOptions
from stockstream.present.preferences import Preferences
from stockstream.present.status_bar import utc_now
from stockstream.views.view import AnyView


class Appearance:
    """Name of the theme, and format of saved pictures: as saved, or as in the options where that is none of ours."""

    def __init__(self, current: Preferences, options: WindowOptions) -> None:
        self.name = current.theme if current.theme in THEMES and current.theme else options.theme
        self.picture = current.picture if current.picture in FORMATS and current.picture else options.picture

    @property
    def theme(self) -> Theme:
        """The theme."""
        return THEMES[self.name]

    def switch_theme(self) -> Theme:
        """Take the next theme."""
        self.name = after(self.name)
        return self.theme

    def switch_format(self) -> str:
        """Take the next format; returns the message for the user."""
        self.picture = format_after(self.picture)
        return f"s saves {self.picture.upper()}"

    def save(self, view: AnyView, key: str, write: Callable[[Path], object], *, form: str = "") -> str:
        """Write a file of a view and key, a picture unless ``form`` is another; returns the message for the user."""
        return saved(Path(file_name(view, key, utc_now(), form or self.picture)), write)
