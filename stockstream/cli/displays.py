"""Displays: the protocol between commands and the packages that draw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from stockstream.consumers.live import Observer
    from stockstream.present.frame_times import FrameTimes
    from stockstream.present.model import LiveModel, Model
    from stockstream.present.options import PictureOptions, WindowOptions
    from stockstream.views.dashboard import Section
    from stockstream.views.tiles import Tile


class OpenWindow(Protocol):
    """An open window."""

    def show(self) -> None:
        """Show it, and return when it is closed."""


class Displays(Protocol):
    """Creates windows and pictures."""

    def window(
        self, model: LiveModel, options: WindowOptions, memory: Path | None, frame_times: FrameTimes
    ) -> OpenWindow:
        """A window of a model. Raises DisplayError if none can be opened.

        ``memory`` is the file of saved preferences, None for none; ``frame_times`` records the durations of redraws.
        """

    def picture(self, model: Model, file: Path, options: PictureOptions) -> Observer:
        """A picture file, updated continuously."""


class Page(Protocol):
    """Makes the report."""

    def __call__(self, title: str, about: str, sections: Sequence[Section], tiles: Sequence[Tile]) -> str:
        """The report as HTML: a part for each section; ``about`` is a line about the source of the data."""


class MatplotlibDisplays:
    """Charts and dashboards of `stockstream.charts`; slow modules are imported when needed."""

    def window(
        self, model: LiveModel, options: WindowOptions, memory: Path | None, frame_times: FrameTimes
    ) -> OpenWindow:
        """As `Displays.window`. Without a display no module that draws is imported: that is half of a start."""
        from stockstream.charts.window import toolkits
        from stockstream.present.memory import Memory

        toolkits.require_display()

        if model.view.tiles:
            from stockstream.charts.dashboard.dashboard_window import DashboardWindow

            return DashboardWindow(model, model.view.tiles, options, memory=Memory(memory), frame_times=frame_times)
        from stockstream.charts.window.window import Window

        return Window(model, options, memory=Memory(memory), frame_times=frame_times)

    def picture(self, model: Model, file: Path, options: PictureOptions) -> Observer:
        """As `Displays.picture`."""
        if model.view.tiles:
            from stockstream.charts.dashboard.dashboard_window import DashboardPicture

            return DashboardPicture(model, model.view.tiles, file, options)
        from stockstream.charts.window.picture import Picture

        return Picture(model, file, options)
