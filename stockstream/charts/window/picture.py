"""Picture file of a view, updated continuously, for machines without a display."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

from stockstream.charts.scene.scene import DPI, Scene
from stockstream.charts.theme import THEMES
from stockstream.charts.window.saving import FORMATS, metadata
from stockstream.files import replacing
from stockstream.present.memory import Memory
from stockstream.present.model import Model
from stockstream.present.options import PictureOptions
from stockstream.present.plot_data import PlotData
from stockstream.present.price_levels import Alerts
from stockstream.present.status_bar import utc_now
from stockstream.present.viewer import Viewer
from stockstream.views.view import AnyView

SIZE: Final = (10.0, 6.0)
"""Inches, at `DPI` dots each, with up to two panels."""

_A_PANEL: Final = 0.8
_TALLEST: Final = 9.2
"""Inches that each further panel adds, up to what a screen of 1080 lines shows beneath a frame and a tool bar."""

_AT_MOST_EVERY: Final = 1.0


def size_of(view: AnyView) -> tuple[float, float]:
    """Width and height in inches at which all panels of a view can be read."""
    width, height = SIZE
    return width, min(_TALLEST, height + _A_PANEL * max(0, len(view.panels) - 2))


class PictureFile:
    """A file that shows a figure as it is now: PNG, SVG or PDF. What draws the figure is for subclasses.

    Parameters
    ----------
    path
        The file.
    size
        Width and height of the figure in inches of `DPI` pixels.
    """

    def __init__(self, path: Path, size: tuple[float, float]) -> None:
        self._path = path
        self._canvas = FigureCanvasAgg(Figure(figsize=size, dpi=DPI))
        self._looked = -_AT_MOST_EVERY

    def draw(self, now: datetime) -> bool:
        """Bring the figure up to date; False if the file already shows the same."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Draw changes, at most once a second. Raises `StockstreamError` if the file cannot be written."""
        if time.monotonic() - self._looked >= _AT_MOST_EVERY:
            self.finish()

    def finish(self) -> None:
        """Draw pending changes at once."""
        self._looked = time.monotonic()
        if self.draw(utc_now()):
            save(self._canvas, self._path, hint="name another file with --headless")


def drawn_at(now: datetime) -> str:
    """What the status bar of a picture says of its age: ``drawn 14:30:05``, in the time of this machine."""
    return f"drawn {now.astimezone():%H:%M:%S}"


class Picture(PictureFile):
    """Draws the picture of a window to a file.

    Parameters
    ----------
    model
        The data; the caller calls its `tick`.
    path
        The file.
    options
        View and appearance.
    size
        Width and height in inches of 100 pixels; without it by the number of panels.
    """

    def __init__(
        self,
        model: Model,
        path: Path,
        options: PictureOptions | None = None,
        *,
        size: tuple[float, float] | None = None,
    ) -> None:
        options = options or PictureOptions()
        super().__init__(path, size or size_of(model.view))
        rows = None if options.spans else options.rows
        self.scene = Scene(model.view, self._canvas.figure, rows=rows, theme=THEMES[options.theme])
        watched = Alerts(model.view, Memory(None), options.alerts, band=options.alert_band)
        self._viewer = Viewer(
            model,
            self.scene,
            start=options.start,
            end=options.end,
            alerts=watched,
            book=options.book,
            headlines=options.headlines,
            ages=False,
        )
        self._drawn: object = None

    def draw(self, now: datetime) -> bool:
        """As `PictureFile.draw`."""
        self._viewer.look()
        shown = self._viewer.refresh()
        self._viewer.note("")
        said = self._viewer.say(now)
        content = (_content(shown), said, now.replace(second=0, microsecond=0))
        if content == self._drawn:
            return False
        self._drawn = content
        self._viewer.note(drawn_at(now))
        self._viewer.say(now)
        self.scene.paint()
        return True


def _content(shown: PlotData) -> object:
    return shown.title, shown.groups, [shown.frame[name].tobytes() for name in shown.frame]


def save(canvas: FigureCanvasAgg, path: Path, *, hint: str) -> None:
    """Write the picture of a canvas, as PNG unless the suffix is SVG or PDF; a reader never sees a partial file.

    Raises `StockstreamError` if it cannot be written.
    """
    form = path.suffix[1:].lower()
    with replacing(path, hint=hint) as beside, beside.open("wb") as file:
        if form in FORMATS and form != "png":
            canvas.figure.savefig(file, format=form, dpi="figure", metadata=metadata(form))
            return
        pixels = np.asarray(canvas.buffer_rgba())
        imsave(file, pixels, format="png", dpi=canvas.figure.dpi, metadata=metadata("png"))
