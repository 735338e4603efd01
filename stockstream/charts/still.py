"""Picture of data that does not change, such as the result of a statement."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.scene.scene import DPI, Scene
from stockstream.charts.theme import THEMES
from stockstream.charts.window.picture import save, size_of
from stockstream.present.plot_data import PlotData
from stockstream.views.view import AnyView


def draw(path: Path, view: AnyView, data: PlotData, *, hint: str) -> None:
    """Draw all rows to a file, in the panels of the view. Raises `StockstreamError` if it cannot be written."""
    canvas = FigureCanvasAgg(Figure(figsize=size_of(view), dpi=DPI))
    scene = Scene(view, canvas.figure, rows=None, theme=THEMES["light"])
    scene.set_data(data)
    scene.paint()
    save(canvas, path, hint=hint)
