"""A view as a picture that can be kept up to date cheaply, on any canvas that draws with Agg."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from matplotlib.backend_bases import DrawEvent, Event
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts import axis, sampling
from stockstream.charts import theme as themes
from stockstream.charts.artists import Scale
from stockstream.charts.header import Entry, Header
from stockstream.charts.levels import Levels
from stockstream.charts.panel import DrawnPanel
from stockstream.charts.strip import Strip
from stockstream.charts.subject import Subject
from stockstream.views.frame import Frame
from stockstream.views.marks import Band, Line
from stockstream.views.view import View

DPI: Final = 100
_LEFT, _RIGHT, _BOTTOM, _BETWEEN = 62.0, 14.0, 46.0, 9.0
_LABEL: Final = 58.0
"""Points that a label of the horizontal axis takes."""

Guard = Callable[[Callable[[Any], None]], Callable[[Any], None]]


class Scene:
    """A view's panels on a figure.

    `show` takes what is to be seen, `paint` brings the canvas up to date in the cheapest way.

    Parameters
    ----------
    view
        What to draw.
    figure
        Where to draw; its canvas must be one that draws with Agg.
    rows
        The newest rows to have in view while following; None for all.
    guard
        Wraps every function that the canvas calls, for a window that has to see their errors.
    """

    def __init__(self, view: View[Any], figure: Figure, *, rows: int | None = 500, guard: Guard | None = None) -> None:
        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        self.canvas = canvas
        self.figure = figure
        self.theme = themes.light()
        self.following = True
        self._view = view
        self._rows = rows
        self._subject = Subject("", "", Frame("time", {"time": np.empty(0, "M8[us]")}))
        self._full = True
        self._live = False
        self._moving = False
        self._shown_from = 0
        self._places: dict[str, int] = {}
        self._ticks = axis.Ticks((), (), "")
        figure.set_facecolor(self.theme.background)
        self.header = Header(figure, self.theme)
        self.panels: list[DrawnPanel] = []
        for panel in view.panels:
            above = self.panels[0].axes if self.panels else None
            self.panels.append(DrawnPanel(panel, figure, self.theme, above))
        self._middle = figure.text(
            0.5, 0.5, "", ha="center", va="center", color=self.theme.quiet, fontsize=11, parse_math=False
        )
        self._levels = Levels(self.canvas, self.panels)
        self._connect(guard or (lambda function: function))
        self._explain()

    def _connect(self, guard: Guard) -> None:
        self.canvas.mpl_connect("draw_event", guard(self._on_draw))
        self.canvas.mpl_connect("resize_event", guard(self._on_resize))
        for panel in self.panels:
            panel.axes.callbacks.connect("xlim_changed", guard(self._on_move))
            panel.axes.callbacks.connect("ylim_changed", guard(self._on_move))
            panel.axes.format_coord = self._where  # type: ignore[method-assign]

    # What is shown.

    def show(self, subject: Subject, *, empty: str = "") -> None:
        """Take what is to be seen; ``empty`` is said in the middle where there are no rows."""
        before, self._subject = self._subject, subject
        anew = before.key != subject.key or len(subject.frame) < len(before.frame) or not len(before.frame)
        self.header.name(subject.title, simulated=subject.simulated)
        if self._middle.get_text() != (text := "" if len(subject.frame) else empty):
            self._middle.set_text(text)
            self._full = True
        if [group.key for group in before.groups] != [group.key for group in subject.groups]:
            self._regroup()
            anew = True
        self._explain()
        if anew:
            self.following = True
        self._follow(anew=anew)
        self._live = True

    def hold(self) -> None:
        """Keep what is shown as it is now, whatever becomes of the columns it came from."""
        frame = self._subject.frame
        copied = Frame(frame.index, {name: frame[name].copy() for name in frame})
        self._subject = replace(self._subject, frame=copied)

    def follow(self) -> None:
        """Show the newest rows again, after the user has moved the view."""
        self.following = True
        self._full = True
        self._follow(anew=True)

    def paint(self) -> None:
        """Bring the canvas up to date: a full draw, the live rows and changed words, or nothing."""
        self._full |= self.header.stale
        if self._full:
            self._lay_out()
            self.canvas.draw()
        else:
            self._paint_live()

    # The horizontal axis.

    def _follow(self, *, anew: bool) -> None:
        frame = self._subject.frame
        if self.following and len(frame):
            self._fit_across(len(frame), anew=anew)
            first, last = self._in_view()
            seen = frame.slice(slice(first, last))
            self._moving = True
            for panel in self.panels:
                self._full |= panel.fit(seen, anew=anew)
            self._moving = False
        if not self._full:
            self._full = self._label() or not self._levels.holds(frame)

    def _fit_across(self, total: int, *, anew: bool) -> None:
        shown = total if self._rows is None else min(total, self._rows)
        left, right = self.panels[0].axes.get_xlim()
        if not anew and self._shown_from <= total <= right:
            return
        least = 8 if self._view.layout == "all" else 40
        slots = max(shown + min(50, max(2, shown // 10)), least)
        limits = (total - shown - 0.6, total - shown + slots - 0.4)
        self._shown_from = total
        if limits != (left, right):
            self._moving = True
            self.panels[0].axes.set_xlim(*limits, auto=False)
            self._moving = False
            self._full = True

    def _in_view(self) -> tuple[int, int]:
        """The rows of which any part is in view, and one beyond on either side for the lines."""
        left, right = self.panels[0].axes.get_xlim()
        total = len(self._subject.frame)
        return min(max(0, math.floor(left)), total), max(0, min(total, math.ceil(right) + 1))

    def _label(self) -> bool:
        """Reckon the ticks anew; True where they are others."""
        first, last = self._in_view()
        width = self.panels[0].axes.bbox.width * 72 / self.figure.dpi
        left, right = self.panels[0].axes.get_xlim()
        room = max(2, int(width / _LABEL * min(1.0, (last - first) / (right - left))))
        ticks = axis.ticks(self._subject.frame.instants[first:last], first, self._subject.zone, room)
        changed = ticks != self._ticks
        self._ticks = ticks
        return changed

    def _where(self, x: float, y: float) -> str:
        """What the toolbar says of the place under the mouse."""
        row = round(x)
        if not 0 <= row < len(self._subject.frame):
            return f"{y:,.6g}"
        instant = axis.local(self._subject.frame.instants[row : row + 1], self._subject.zone)[0]
        return f"{str(instant).removesuffix('.000000').replace('T', ' ')}   {y:,.6g}"

    def _on_move(self, _: object) -> None:
        """The user has zoomed or panned: the view is theirs now."""
        if not self._moving:
            self.following = False
            self._full = True

    # Words.

    def _explain(self) -> None:
        entries = []
        for panel in self._view.panels:
            for mark in panel.marks:
                if isinstance(mark, Line) and mark.label:
                    entries.append(Entry(mark.label, self.theme.color(mark.color), dashed=mark.dashed))
                elif isinstance(mark, Band) and mark.label:
                    color = self.theme.color(mark.color)
                    entries.append(Entry(mark.label, self.theme.pale(color, 0.8), self.theme.pale(color, 0.12)))
        for group in self._subject.groups:
            color = self.theme.color(self._places[group.key])
            fill = self.theme.pale(color, 0.35) if self.theme.again(self._places[group.key]) else color
            entries.append(Entry(f"{group.label} {group.total:,.0f}", color, fill))
        self.header.explain(entries)
        self.header.read(self._readout())

    def _readout(self) -> str:
        frame = self._subject.frame
        if not self._subject.key or not len(frame):
            return ""
        parts = []
        for column, label, form in self._view.readout.values:
            value = float(frame[column][-1]) if column in frame else math.nan
            parts.append(f"{label} {format(value, form) if math.isfinite(value) else '-'}")
        if "final" in frame and not frame["final"][-1]:
            parts.append("(forming)")
        return "   ".join(parts)

    def say(self, strip: Strip) -> None:
        """Say how the data stands."""
        self.header.say(strip)

    def _regroup(self) -> None:
        """Keys came or went: those that stay keep their colour."""
        keys = [group.key for group in self._subject.groups]
        self._places = {key: place for key, place in self._places.items() if key in keys}
        free = (place for place in range(len(keys)) if place not in set(self._places.values()))
        for key in keys:
            if key not in self._places:
                self._places[key] = next(free)
        for panel in self.panels:
            panel.build([(key, self._places[key]) for key in keys])
        self._full = True

    # Places.

    def _on_resize(self, _: Event) -> None:
        self._lay_out()
        self._full = True

    def _lay_out(self) -> None:
        width, height = (72.0 * inches for inches in self.figure.get_size_inches())
        top = self.header.layout()
        room = height - top - _BOTTOM - _BETWEEN * (len(self.panels) - 1)
        whole = sum(panel.spec.height for panel in self.panels)
        down = top
        for panel in self.panels:
            tall = max(1.0, room * panel.spec.height / whole)
            place = (_LEFT / width, 1 - (down + tall) / height, (width - _LEFT - _RIGHT) / width, tall / height)
            panel.axes.set_position(place)
            panel.axes.yaxis.set_label_coords(-(_LEFT - 16) / (width - _LEFT - _RIGHT), 0.5)
            down += tall + _BETWEEN
        self._label()
        for panel in self.panels:
            last = panel is self.panels[-1]
            panel.axes.set_xticks(self._ticks.rows, self._ticks.labels if last else [""] * len(self._ticks.rows))
            panel.axes.tick_params(axis="x", labelbottom=last, length=3 if last else 0)
        axes = self.panels[-1].axes
        axes.set_xlabel(self._ticks.title, color=self.theme.quiet, fontsize=self.theme.small_size)

    # Drawing.

    def _scale(self) -> Scale:
        box = self.panels[0].axes.bbox
        left, right = self.panels[0].axes.get_xlim()
        pitch = box.width / (right - left)
        first, last = max(0, math.ceil(left)), min(len(self._subject.frame), math.floor(right) + 1)
        shown = max(0, last - first)
        return Scale(box.x0 - left * pitch, pitch, sampling.bucket_size(shown, box.width), shown)

    def _on_draw(self, event: DrawEvent) -> None:
        """The axes have been painted: what stands over them follows."""
        scale, (first, last) = self._scale(), self._in_view()
        if event.canvas is not self.canvas or self.canvas.is_saving():
            self._levels.print(event.renderer, self._subject.frame, first, last, scale)
            for text in self.header.texts:
                text.artist.draw(event.renderer)
            return
        self._full = self._live = False
        self._levels.bake(event.renderer, self._subject.frame, first, last, scale)
        for text in self.header.texts:
            text.keep(self.canvas, event.renderer)

    def _paint_live(self) -> None:
        renderer = self.canvas.get_renderer()
        places = []
        if self._live:
            self._live = False
            place = self._levels.renew(renderer, self._subject.frame, self._in_view()[1])
            if place is not None:
                places.append(place)
        places.extend(text.renew(self.canvas, renderer) for text in self.header.texts if text.changed)
        for place in places:
            self.canvas.blit(place)
