"""A dashboard on a canvas, and the words that it shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from stockstream.charts.dashboard.dashboard import Dashboard, axes_of
from stockstream.charts.theme import THEMES
from stockstream.consumers.dashboard import TILES
from stockstream.present.status_bar import StatusBar
from stockstream.views.dashboard import DashboardFold
from stockstream.views.fold import Selection
from tests.views.bars import walk

SYMBOLS = ("AAPL", "MSFT", "<b>")


def fold_of(bars: int) -> DashboardFold:
    fold = DashboardFold(Selection())
    for seed, symbol in enumerate(SYMBOLS):
        fold.apply(walk(bars, seed, symbol))
    return fold


class Canvas(FigureCanvasAgg):
    """Counts what it is asked for."""

    draws = blits = 0

    def draw(self) -> None:
        self.draws += 1
        super().draw()  # type: ignore[no-untyped-call]

    def blit(self, bbox: object = None) -> None:
        self.blits += 1


class Stage:
    def __init__(self, size: tuple[float, float] = (12, 8), theme: str = "light") -> None:
        self.canvas = Canvas(Figure(figsize=size, dpi=100))
        self.board = Dashboard(TILES, self.canvas.figure, THEMES[theme])
        self.board.say(StatusBar(("connected",), "good"))

    def show(self, fold: DashboardFold) -> None:
        fold.refresh()
        self.board.set_data(fold.tables(), ["Dashboard of many words", "Dashboard"], simulated=False)
        self.board.paint()

    def pixels(self) -> Any:
        return np.asarray(self.canvas.buffer_rgba()).copy()  # type: ignore[no-untyped-call]

    def tile(self, name: str) -> Any:
        return next(tile for tile in self.board.tiles if tile.tile.name == name)

    def text(self, name: str) -> list[list[str]]:
        return [column.get_text().split("\n") for column in self.tile(name)._columns]


def labels(tile: Any, axis: Any) -> list[Text]:
    """The labels of an axis's ticks."""
    [found] = [each for each in tile.tick_labels if each._axis is axis]
    return list(found.texts())


def seen_words(stage: Stage) -> list[tuple[str, Any]]:
    """Every word that is to be seen, and its place in pixels."""
    board = stage.board
    artists: list[Text] = [board.header.title]
    for tile in board.shown:
        artists += [artist for artist in tile.artists if isinstance(artist, Text)]
        for axes in axes_of(tile):
            artists += [axes.title, vars(axes)["_left_title"]]
        artists += [label for each in tile.tick_labels for label in each.texts()]
    renderer = stage.canvas.get_renderer()  # type: ignore[no-untyped-call]
    shown = [each for each in artists if each.get_visible() and each.get_text()]
    return [(each.get_text(), each.get_window_extent(renderer)) for each in shown]
