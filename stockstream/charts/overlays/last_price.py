"""Tag of the last price in the margin, with the change since the previous close."""

from __future__ import annotations

import math
from typing import Final

from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from stockstream.charts.canvas_region import Ground
from stockstream.charts.overlays.overlay import Tag, ViewContext, draw
from stockstream.charts.panels.panel import DrawnPanel
from stockstream.charts.theme import Theme
from stockstream.present.price_change import PriceChange, price_change

_STEADY: Final = 6.0
"""Step in points in which the margin grows."""

_STEP: Final = 0.85
"""Distance of lines, in heights of a tag."""

_BESIDE: Final = 4
"""Distance in pixels from the axes."""


class LastPrice:
    """A tag right of a panel; its background is cached, so that it can change without a full draw.

    ``stale`` says that it needs more room than it has, ``fits`` whether there is any.
    """

    def __init__(self, figure: Figure, theme: Theme, panel: DrawnPanel) -> None:
        self._theme = theme
        self._panel = panel
        self._tags = [Tag(figure, theme, bold=number == 0) for number in range(4)]
        self._change: PriceChange | None = None
        self._beyond = ""
        self._given = 0.0
        self._ground: Ground | None = None
        self.changed = False
        self.stale = False
        self.fits = True

    def update(self, view_context: ViewContext) -> None:
        """Set the last price."""
        shown = price_change(view_context.plot_data)
        off = self._off(shown)
        if (shown, off) != (self._change, self._beyond):
            self._change, self._beyond = shown, off
            self.changed = True
            self.stale |= self._needed(view_context) > self._given

    def _off(self, shown: PriceChange | None) -> str:
        """Arrow towards a price outside its panel."""
        if shown is None:
            return ""
        low, high = self._panel.axes.get_ylim()
        return "↑ " if shown.price > high else "↓ " if shown.price < low else ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines of the tag; an arrow says that the price is off the scale."""
        if self._change is None:
            return ()
        price, *rest = self._change.lines
        return self._beyond + price, *rest

    def _needed(self, view_context: ViewContext) -> float:
        """Width of the widest line in points."""
        if self._change is None:
            return 0.0
        return view_context.pixel * max(
            tag.size(view_context, line)[0] for tag, line in zip(self._tags, self.lines, strict=True)
        )

    def room(self, view_context: ViewContext) -> float:
        """Width in points to leave beside the panel; it is then assumed to be there."""
        self.stale = False
        self._beyond = self._off(self._change)
        self._given = _STEADY * math.ceil(self._needed(view_context) / _STEADY)
        return self._given + 2 * _BESIDE * view_context.pixel if self._given else 0.0

    def _box(self, canvas: FigureCanvasAgg) -> Bbox:
        box = self._panel.axes.bbox
        right, _ = canvas.get_width_height(physical=True)
        return Bbox.from_extents(min(math.ceil(box.x1) + 2, right), math.floor(box.y0), right, math.ceil(box.y1))

    def keep(self, canvas: FigureCanvasAgg, renderer: RendererBase, view_context: ViewContext) -> None:
        """Cache the background from the canvas, and draw on it."""
        self._ground = Ground(canvas, self._box(canvas))
        self.draw(renderer, view_context)
        self.changed = False

    def redraw(self, renderer: RendererBase, view_context: ViewContext) -> Bbox | None:
        """Redraw on the background that `keep` cached; returns the region to blit."""
        self.changed = False
        if self._ground is None or self._ground.box is None:
            return None
        self._ground.put_back()
        self.draw(renderer, view_context)
        return self._ground.box

    def draw(self, renderer: RendererBase, view_context: ViewContext) -> None:
        """Draw the tag; hollow, at the panel's edge and with an arrow if the price is outside."""
        shown = self._change
        if shown is None or not self.fits:
            return
        theme, box = self._theme, self._panel.axes.bbox
        color = theme.up if shown.change > 0 else theme.down if shown.change < 0 else theme.quiet
        tall = self._tags[0].size(view_context, self.lines[0])[1]
        step = round(_STEP * tall)
        if box.height < tall:
            return
        height = float(self._panel.axes.transData.transform((0.0, shown.price))[1])
        bottom = round(min(max(height - tall / 2, math.ceil(box.y0)), math.floor(box.y1) - tall))
        left = math.ceil(box.x1) + _BESIDE
        fits_beneath = bottom - 3 * step >= box.y0
        for number, (tag, line) in enumerate(zip(self._tags, self.lines, strict=True)):
            if number == 0 and self._beyond:
                tag.style(text=color, fill=theme.background, edge=color)
            elif number == 0:
                tag.style(text=theme.background, fill=color)
            else:
                tag.style(text=color if number < len(self._tags) - 1 else theme.quiet)
            lines_up = -number if fits_beneath else -number % len(self._tags)
            place = bottom + lines_up * step
            if box.y0 <= place <= box.y1 - step:
                draw(tag.put(view_context, line, left, place), renderer)
