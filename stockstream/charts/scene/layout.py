"""Layout engine of a scene: the position of every part.

matplotlib runs a layout engine before each draw, whoever requests it: a scene, the tool bar, a toolkit whose window was
resized, a file. So nothing is drawn before its position is final.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine
from matplotlib.text import Text

from stockstream.charts.overlays.last_price import LastPrice
from stockstream.charts.overlays.overlay import ViewContext
from stockstream.charts.panels.panel import DrawnPanel
from stockstream.charts.text.caption import MARGIN
from stockstream.charts.text.header import Header
from stockstream.charts.text.message import Message
from stockstream.present.density import ROOMY, TIGHT, Density

STAMP: Final = 52.0
_RIGHT: Final = 14.0
_NAME, _STEADY = 28.0, 6.0
"""Points: margin before the labels of the vertical axes, and the step in which their room grows."""

_EDGE: Final = 8.0
"""Margin before the labels in points if the axes have no names."""

_NONE: Final = 3.0
"""Margin beside the panels in points if nothing else is there."""

_HALF: Final = 0.51
"""Minimum share of the figure for panels, or for a message in their place."""

_MARGIN_WITHIN: Final = 4.0
"""Points that a message within a panel leaves free beside it."""

_WIDEST: Final = 340.0
"""Maximum width of lines of a message in points: longer lines are hard to read."""


class Settling(LayoutEngine):
    """Layout engine that calls a function before every draw."""

    _adjust_compatible = True
    _colorbar_gridspec = False

    def __init__(self, settle: Callable[[], None]) -> None:
        super().__init__()
        self._settle = settle

    def execute(self, fig: Figure) -> None:  # noqa: ARG002 - as matplotlib calls it
        """Call the function."""
        self._settle()


@dataclass(frozen=True)
class Parts:
    """Parts of a figure: header, panels, the last price if any, the stamp, and the message in the middle."""

    header: Header
    panels: Sequence[DrawnPanel]
    price: LastPrice | None
    stamp: Text
    middle: Message


class Layout:
    """Positions the parts of a scene.

    Positions are computed in points and set as fractions of the figure.
    """

    def __init__(self, figure: Figure, parts: Parts) -> None:
        self._figure = figure
        self._parts = parts
        self._placed: list[Sequence[float]] = []

    def arrange(self, view_context: ViewContext) -> None:
        """Position everything, leaving out what has no room."""
        message = bool(self._parts.middle.words)
        for panel in self._parts.panels:
            panel.axes.set_visible(not message)
        if message:
            self._place_message(view_context)
        else:
            self._place_all(view_context)
        self._placed = self._places()

    def _place_message(self, view_context: ViewContext) -> None:
        """Position the header, and the message in place of the panels."""
        width, height = self._size()
        for density in (*ROOMY, *TIGHT):
            _, up = self._place(replace(density, captions="none"), view_context)
            if up >= _HALF:
                break
        middle = self._parts.middle
        middle.fit(min(_WIDEST, width - 2 * MARGIN), up * height)
        top = self._parts.panels[0].axes.get_position().y1
        middle.artist.set_position((0.5, top - up / 2))

    def _place_all(self, view_context: ViewContext) -> None:
        keyed = bool(view_context.plot_data.groups)  # without its legend such a picture would be useless
        for density in ROOMY:
            across, up = self._place(density, view_context)
            if up >= _HALF and (keyed or across * up >= _HALF):
                break
        else:
            for density in TIGHT:
                _, up = self._place(density, view_context)
                if up >= _HALF:
                    break
        self._place_words()

    @property
    def holds(self) -> bool:
        """Whether the panels still are at their positions."""
        return self._placed == self._places()

    def _places(self) -> list[Sequence[float]]:
        return [tuple(panel.axes.get_position().bounds) for panel in self._parts.panels]

    def _size(self) -> tuple[float, float]:
        width, height = (72.0 * inches for inches in self._figure.get_size_inches())
        return float(width), float(height)

    def _place(self, density: Density, view_context: ViewContext) -> tuple[float, float]:
        """Position header and panels; returns the shares of the figure's width and height that panels take."""
        width, height = self._size()
        panels = self._parts.panels
        down = self._parts.header.layout(above=density.above, lines=density.status_bar, titled=density.title)
        heights = [self._caption(panel, number, density, 0.0) for number, panel in enumerate(panels)]
        room = height - down - sum(heights) - density.bottom - density.between * (len(panels) - 1)
        whole = sum(panel.spec.height for panel in panels)
        for number, panel in enumerate(panels):
            down = self._caption(panel, number, density, down)
            tall = max(1.0, room * panel.spec.height / whole)
            panel.set_position(1 - (down + tall) / height, 1 - down / height, tall)
            panel.axes_grid.named = density.named
            panel.axes_grid.labelled = density.labelled
            panel.axes_grid.titled = density.dated
            down += tall + density.between
        left, right = self._margins(density, view_context, width)
        across = max(1.0, width - left - right)
        for panel in panels:
            box = panel.axes.get_position()
            panel.axes.set_position((left / width, box.y0, across / width, box.height))
        return across / width, room / height

    @staticmethod
    def _caption(panel: DrawnPanel, number: int, density: Density, top: float) -> float:
        """Position a panel's caption beneath ``top``; returns its lower end."""
        lines = density.caption if density.has_caption(number) else 0
        return panel.caption.layout(top, lines=lines, beneath=density.beneath)

    def _margins(self, density: Density, view_context: ViewContext, width: float) -> tuple[float, float]:
        """Margins left and right of the panels in points; labels are left out if panels would have less than half."""
        panels, price = self._parts.panels, self._parts.price
        size = view_context.theme.small_size
        labels = [label for panel in panels for label in panel.axes_grid.labels()]
        widest = max((view_context.ruler.points(label, size) for label in labels), default=0.0)
        left = (_NAME if density.named else _EDGE) + _STEADY * math.ceil(widest / _STEADY)
        right = max(_RIGHT, price.room(view_context) if price is not None else 0.0)
        priced = numbered = True
        if width - left - right < _HALF * width:
            priced, right = False, min(_RIGHT, _NONE + 0.02 * width)
        if width - left - right < _HALF * width or not density.title:
            numbered = False
            left = right = _NONE
        if price is not None:
            price.fits = priced and numbered
        for panel in panels:
            panel.axes_grid.roomy = numbered
        return left, right

    def _place_words(self) -> None:
        """Fit the texts within the panels."""
        width, height = self._size()
        for number, panel in enumerate(self._parts.panels):
            box = panel.axes.get_position()
            across, up = box.width * width, box.height * height
            panel.message.fit(across - _MARGIN_WITHIN, up)
            if number == 0:
                self._parts.stamp.set_fontsize(max(1.0, min(STAMP, 0.11 * across, 0.5 * up)))
