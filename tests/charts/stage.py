"""A scene on a canvas without a window, with a viewer, which counts its full draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from numpy.typing import NDArray

from stockstream.charts.marks.lines import DrawnMark, Layer
from stockstream.charts.scene.scene import DPI, Scene
from stockstream.present.viewer import Viewer
from stockstream.views.frame import Frame
from tests.charts.fake_model import FakeModel

Pixels = NDArray[np.uint8]


class Stage:
    """`show` gives the model's first key a frame and paints; what is on the canvas then is returned."""

    def __init__(self, model: FakeModel, *, rows: int | None = 500, size: tuple[float, float] = (7.0, 4.5)) -> None:
        self.model = model
        self.canvas = FigureCanvasAgg(Figure(figsize=size, dpi=DPI))
        self.scene = Scene(model.view, self.canvas.figure, rows=rows)
        self.clock = 0.0
        self.viewer = Viewer(model, self.scene, clock=lambda: self.clock)
        self.full = 0
        self.canvas.mpl_connect("draw_event", self._count)

    def _count(self, _: object) -> None:
        self.full += 1

    def show(self, frame: Frame | None = None) -> Pixels:
        if frame is not None:
            self.model.fold.frames[next(iter(self.model.fold.frames), "AAPL")] = frame
        self.viewer.refresh()
        self.scene.paint()
        return self.pixels()

    def flag(self, place: tuple[float, float]) -> None:
        """As the key h with the mouse at a place."""
        self.viewer.flag(self.scene.alerts.target(self.scene.view_context(), place))

    def pixels(self) -> Pixels:
        return np.asarray(self.canvas.buffer_rgba()).copy()

    def drawn_anew(self) -> Pixels:
        self.canvas.draw()
        return self.pixels()

    def mark(self, panel: int, kind: type[DrawnMark]) -> DrawnMark:
        return next(mark for mark in self.scene.panels[panel].marks if isinstance(mark, kind))


def vertices(patch: PathPatch) -> NDArray[np.float64]:
    return np.asarray(patch.get_path().vertices)


def printed(stage: Stage, mark: DrawnMark, number: int) -> NDArray[np.float64]:
    """The vertices of an artist when everything in view is painted at once, without levels."""
    stage.canvas.draw()
    frame = stage.scene._plot_data.frame
    first, last = stage.scene.viewport.in_view()
    stage.scene._blit_layers.render(stage.canvas.get_renderer(), frame, first, last, stage.scene.viewport.scale)
    return vertices(mark.patch(Layer.SETTLED, number))


def ink(pixels: Pixels, color: Any) -> int:
    """How many pixels have a colour, given as #rrggbb."""
    wanted = [int(color[place : place + 2], 16) for place in (1, 3, 5)]
    return int((pixels[:, :, :3] == wanted).all(axis=2).sum())
