"""Positions of drawn text, recorded by a renderer."""

from __future__ import annotations

from typing import Any

from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.font_manager import FontProperties
from matplotlib.transforms import Bbox

from tests.charts.stage import Stage


class Recorder(RendererBase):
    """Draws nothing, and keeps the words with their boxes in pixels from the lower left corner."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self.dpi = stage.canvas.figure.dpi
        self.words: list[tuple[str, Bbox]] = []

    def get_canvas_width_height(self) -> tuple[float, float]:
        width, height = self._stage.canvas.get_width_height(physical=True)
        return float(width), float(height)

    def points_to_pixels(self, points: Any) -> Any:
        return points * self.dpi / 72

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        wide, tall, descent = self._stage.canvas.get_renderer().get_text_width_height_descent(s, prop, ismath)
        return float(wide), float(tall), float(descent)

    def draw_path(self, *_: Any, **__: Any) -> None:
        pass

    def draw_image(self, *_: Any, **__: Any) -> None:
        pass

    def draw_text(
        self, gc: GraphicsContextBase, x: float, y: float, s: str, prop: FontProperties, angle: float,
        ismath: Any = False, mtext: Any = None,
    ) -> None:  # fmt: skip
        del gc, ismath, mtext
        wide, tall, descent = self.get_text_width_height_descent(s, prop, ismath=False)
        across, up = (wide, tall) if angle == 0 else (tall, wide)
        left, low = (x, y - descent) if angle == 0 else (x - tall + descent, y)
        self.words.append((s, Bbox.from_bounds(left, low, across, up)))


def drawn_words(stage: Stage) -> list[tuple[str, Bbox]]:
    """All words of a scene as a file shows them."""
    recorder = Recorder(stage)
    stage.canvas._is_saving = True  # type: ignore[attr-defined]
    stage.canvas.figure.draw(recorder)
    stage.canvas._is_saving = False  # type: ignore[attr-defined]
    return recorder.words


def overlaps(words: list[tuple[str, Bbox]]) -> list[tuple[str, str]]:
    """The words that lie over each other, but for the stamp, over which everything lies."""
    said = [(text, box.padded(-1)) for text, box in words if text != "SIMULATED" and text.strip()]
    return [
        (text, other)
        for number, (text, box) in enumerate(said)
        for other, beside in said[number + 1 :]
        if box.overlaps(beside)
    ]
