"""Scene: a view as a picture that is updated cheaply, on any canvas that draws with Agg."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
from matplotlib.backend_bases import DrawEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts import theme as themes
from stockstream.charts.overlays.alert_list import AlertList
from stockstream.charts.overlays.alert_marks import AlertMarks, BarNotes
from stockstream.charts.overlays.crosshair import Aim, Crosshair
from stockstream.charts.overlays.help import Help
from stockstream.charts.overlays.last_price import LastPrice
from stockstream.charts.overlays.level_lines import AlertLines
from stockstream.charts.overlays.measure import Distance
from stockstream.charts.overlays.overlay import Overlays, Place, ViewContext
from stockstream.charts.panels.panel import DrawnPanel
from stockstream.charts.scene.blitting import BlitLayers
from stockstream.charts.scene.layout import STAMP, Layout, Parts, Settling
from stockstream.charts.scene.row_labels import RowLabels
from stockstream.charts.scene.viewport import Guard, Viewport
from stockstream.charts.text.header import Header
from stockstream.charts.text.message import Message
from stockstream.charts.text.text import LiveText, Ruler
from stockstream.present.airlines import palette_indexes
from stockstream.present.keys import CHART
from stockstream.present.legend import entries_of_keys
from stockstream.present.plot_data import PlotData
from stockstream.present.status_bar import StatusBar
from stockstream.present.visits import Visits
from stockstream.views.frame import Frame
from stockstream.views.view import AnyView

DPI: Final = 100

_TRIES: Final = 4
"""Maximum number of passes in which layout and limits, which depend on each other, are computed again."""


class Scene:
    """The panels of a view on a figure.

    `show` sets the data, `paint` updates the canvas in the cheapest way.

    Parameters
    ----------
    view
        What to draw.
    figure
        Where to draw; its canvas must be one that draws with Agg.
    rows
        The newest rows to have in view while following; None for all.
    theme
        The initial theme; light by default.
    guard
        Wraps every callback of the canvas, for a window that has to see their errors.
    """

    def __init__(
        self,
        view: AnyView,
        figure: Figure,
        *,
        rows: int | None = 500,
        theme: themes.Theme | None = None,
        guard: Guard | None = None,
    ) -> None:
        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        self.canvas = canvas
        self.figure = figure
        self.theme = theme or themes.light()
        self.viewport = Viewport(rows=rows, crowded=view.layout == "all", moved=self._on_move)
        self._view = view
        self._visits = Visits()
        self._guard = guard or (lambda function: function)
        self._plot_data = PlotData("", "", Frame("time", {"time": np.empty(0, "M8[us]")}))
        self._full = True
        self._live = False
        self._settled = False
        self.grid, self.log = True, False
        self._palette_indexes: dict[str, int] = {}
        self._blank = False
        self._row_labels = RowLabels()
        self._ruler = Ruler(figure)
        self.alerts, self.distance = AlertLines(), Distance()
        self._crosshair = Crosshair()
        self.help = Help(CHART)
        self._marks, notes, self.alert_list = AlertMarks(), BarNotes(self._crosshair), AlertList()
        overlays = [self._marks, self.alerts, self.distance, self._crosshair, notes, self.alert_list, self.help]
        self._overlays = Overlays(canvas, overlays)
        self._build()
        figure.set_layout_engine(Settling(lambda: self._guard(lambda _: self._settle_again())(None)))
        self.canvas.mpl_connect("draw_event", self._guard(self._on_draw))
        self.canvas.mpl_connect("resize_event", self._guard(lambda _: self._on_move()))
        for kind in ("motion_notify_event", "figure_enter_event"):  # a click may make the mouse leave and enter again
            self.canvas.mpl_connect(kind, self._guard(lambda event: self.point((event.x, event.y))))
        self.canvas.mpl_connect("figure_leave_event", self._guard(lambda _: self.point(None)))

    def _build(self) -> None:
        """Create all artists in the colours of the theme."""
        figure, theme = self.figure, self.theme
        figure.set_facecolor(theme.background)
        self._home: object = None  # the tool bar keeps limits by axes
        self.header = Header(figure, theme, self._ruler)
        self.panels: list[DrawnPanel] = []
        for panel in self._view.panels:
            above = self.panels[0].axes if self.panels else None
            self.panels.append(DrawnPanel(panel, figure, theme, self._ruler, above))
            # The tool bar would name the row where the mouse last moved, although another may be under it by now.
            self.panels[-1].axes.format_coord = lambda *_: ""  # type: ignore[method-assign]
            self.panels[-1].set_axes(grid=self.grid, log=self.log)
        self.viewport.attach(self.panels, self._guard)
        middle = figure.text(0.5, 0.5, "", ha="center", va="center", color=theme.quiet, parse_math=False)
        self.message = Message(middle, self._ruler)
        self._blit_layers = BlitLayers(self.canvas, self.panels)
        self._stamp = self.panels[0].axes.text(
            0.5, 0.5, "SIMULATED", transform=self.panels[0].axes.transAxes, ha="center", va="center", zorder=0.4,
            fontsize=STAMP, fontweight="bold", color=theme.grid, visible=False,
        )  # fmt: skip
        self._overlays.build(figure, theme)
        priced = [panel for panel in self.panels if panel.priced]
        self._price = LastPrice(figure, theme, priced[0]) if priced else None
        self._layout = Layout(figure, Parts(self.header, self.panels, self._price, self._stamp, self.message))
        self._settled = False
        self._regroup()

    def set_theme(self, theme: themes.Theme) -> None:
        """Change the theme: all artists are recreated with the same data."""
        self.theme = theme
        with self.viewport.kept():
            self.figure.clear()
            self._build()
        self.set_data(self._plot_data)

    def set_axes(self, *, grid: bool, log: bool) -> None:
        """Switch the grid, and logarithmic or linear prices."""
        self.grid, self.log = grid, log
        with self.viewport.refitted():
            for panel in self.panels:
                panel.set_axes(grid=grid, log=log)

    # Data.

    @property
    def plot_data(self) -> PlotData:
        """The current plot data."""
        return self._plot_data

    def set_data(self, plot_data: PlotData) -> None:
        """Set the plot data."""
        if self._blank:
            self._unblank()
        before, self._plot_data = self._plot_data, plot_data
        refit = before.key != plot_data.key or len(plot_data.frame) < len(before.frame) or not len(before.frame)
        if before.key != plot_data.key:
            self.distance.cancel()
            if before.key:
                self._visits.leave(before.key, self.viewport.saved_view())
        self.header.name(plot_data.title, simulated=plot_data.simulated)
        self._stamp.set_visible(plot_data.simulated)
        self._full |= self.message.say("" if len(plot_data.frame) else plot_data.empty)
        self.alerts.set_levels(plot_data.levels)
        self._marks.changed |= (before.notes, before.newest) != (plot_data.notes, plot_data.newest)
        if [group.key for group in before.groups] != [group.key for group in plot_data.groups]:
            self._regroup()
        self._full |= self.viewport.take(plot_data.frame, refit=refit)
        found = self._visits.enter(plot_data.key) if before.key and before.key != plot_data.key else None
        if found is not None:
            self.viewport.restore(found)
            self._full = True
        if self._price is not None:
            self._price.update(self._draft_context())
        rows = plot_data.frame if plot_data.key else plot_data.frame.tail(0)
        for panel in self.panels:
            self._full |= panel.set_measure(plot_data.measure) | panel.remark(rows)
        self._settled &= not self._full
        self._explain(self._aim() if self._settled else None)
        self._full |= self._stale
        if not self._full:
            self._full = self._label() or not self._blit_layers.holds(plot_data.frame)
        self._settled &= not self._full
        self._live = True

    @property
    def _stale(self) -> bool:
        """Whether texts or the last price need another layout."""
        captions = any(panel.caption.stale for panel in self.panels)
        return captions or self.header.stale or (self._price is not None and self._price.stale)

    def blank(self, text: str) -> None:
        """Show only the title, the status bar and a text, until the next `set_data`: the data cannot be drawn."""
        self._blank = self._full = True
        self.message.say(text)
        for panel in self.panels:
            panel.axes.set_visible(False)

    def _unblank(self) -> None:
        self._blank, self._settled, self._full = False, False, True
        for panel in self.panels:
            panel.axes.set_visible(True)

    def point(self, place: Place | None) -> None:
        """Set the position of the mouse, None when it has left: only the crosshair and the captions are redrawn."""
        if self._crosshair.point(place) and not self._blank:
            self.distance.move(self.view_context(), place)
            self._explain(self._aim())
            if not self._full:
                self._paint_live()

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Within this context captions describe the last row, as in a file, wherever the mouse is."""
        self._settle()
        self._explain(None)
        try:
            yield
        finally:
            self._full, self._settled = True, False

    def paint(self) -> None:
        """Update the canvas: a full draw, the live rows and changed texts, or nothing."""
        if self._blank:
            if self._full or self.header.status_bar.changed:
                width, height = (72.0 * inches for inches in self.figure.get_size_inches())
                self.message.fit(width, height - self.header.layout())
                self.canvas.draw()
            return
        if self._stale:
            self._full, self._settled = True, False
        if self._full:
            self._settle()
            self.canvas.draw()
        else:
            self._paint_live()

    # The horizontal axis.

    def _label(self) -> bool:
        """Recompute ticks if rows, view or size have changed; returns whether the ticks changed."""
        pitch = self.viewport.scale.pitch * 72 / self.figure.dpi
        # Labels beyond the edges are not visible.
        return self._row_labels.update(self._plot_data, *self.viewport.whole_in_view(), pitch)

    def _on_move(self) -> None:
        self._full, self._settled = True, False

    # Texts.

    def _aim(self) -> Aim | None:
        """The target of the mouse."""
        return self._crosshair.aim(self._draft_context())

    def _explain(self, aim: Aim | None) -> None:
        """Set the captions, for the row under the mouse or for the last one."""
        groups = entries_of_keys(
            self._plot_data.groups, self._palette_indexes, colors=len(self.theme.series), lines=self._in_lines
        )
        row, column = (aim.row, aim.column) if aim else (None, None)
        for panel in self.panels:
            panel.explain(self._plot_data, row, groups=groups if panel is self.panels[0] else (), column=column)

    @property
    def away(self) -> bool:
        """Whether the user has moved the view away from the newest rows."""
        return self.viewport.away

    @property
    def crowded(self) -> int:
        """Number of keys shown as lines, if there are more than distinguishable colours; otherwise 0."""
        count = len(self._plot_data.groups)
        return count if count > len(self.theme.series) and self._in_lines else 0

    @property
    def _in_lines(self) -> bool:
        return not any(panel.in_columns(self.viewport.scale) for panel in self.panels)

    @property
    def _texts(self) -> list[LiveText]:
        """All texts that can change without a full draw."""
        return [self.header.status_bar, *(text for panel in self.panels for text in panel.caption.texts)]

    def say(self, status: StatusBar) -> None:
        """Set the status bar."""
        self.header.say(status)

    def _regroup(self) -> None:
        """Recreate the groups after keys were added or removed."""
        self._palette_indexes = palette_indexes(group.key for group in self._plot_data.groups)
        for panel in self.panels:
            panel.build(list(self._palette_indexes.items()))
        self._full = True

    # Layout.

    def _settle(self) -> None:
        """Compute the final geometry, and then the texts and positions that depend on it.

        The layout makes room for texts of the last row, so that no position depends on the mouse. A view that keeps a
        row at a pixel is moved when the margins change.
        """
        if self._settled or self._blank:
            return
        self.viewport.resume()
        for _ in range(_TRIES):
            self._explain(None)
            self._layout.arrange(self._draft_context())
            if not self.viewport.keep():
                break
        self.viewport.let_go()
        self._label()
        self._row_labels.place(self.panels, self.viewport.scale.bucket)
        self._settled = True
        self._explain(self._aim())
        self._mark_home()

    def _settle_again(self) -> None:
        """The same before a draw that others requested: the tool bar restores former positions of axes."""
        if not self._blank:
            self._settled &= self._layout.holds
            self._settle()

    def _mark_home(self) -> None:
        """Make the tool bar's Home show the newest rows of this symbol, as End does, whatever moved the view."""
        home, toolbar = self.viewport.home, self.canvas.toolbar
        if toolbar is not None and home and home != self._home:
            self._home = home
            toolbar.update()
            with self.viewport.at_home():
                toolbar.push_current()

    # Drawing.

    def view_context(self) -> ViewContext:
        """The rows and pixels in view."""
        self._settle()
        return self._draft_context()

    def _draft_context(self) -> ViewContext:
        """The same before the layout is final."""
        return ViewContext(self._plot_data, self.panels, self.viewport.scale, self.theme, self._ruler)

    def _on_draw(self, event: DrawEvent) -> None:
        """After the axes were drawn: draw everything over them."""
        if self._blank:
            self._full = self._live = False
            self.header.status_bar.keep(self.canvas, event.renderer)
            return
        scale, (first, last) = self.viewport.scale, self.viewport.in_view()
        if event.canvas is not self.canvas or self.canvas.is_saving():
            self._blit_layers.render(event.renderer, self._plot_data.frame, first, last, scale)
            for text in self._texts:
                text.draw(event.renderer)
            if self._price is not None:
                self._price.draw(event.renderer, self.view_context())
            self._overlays.render(event.renderer, self.view_context())
            return
        self._full = self._live = False
        self._blit_layers.cache(event.renderer, self._plot_data.frame, first, last, scale)
        for text in self._texts:
            text.keep(self.canvas, event.renderer)
        if self._price is not None:
            self._price.keep(self.canvas, event.renderer, self.view_context())
        self._overlays.forget()
        self._overlays.lay(event.renderer, self.view_context())

    def _paint_live(self) -> None:
        renderer, view_context = self.canvas.get_renderer(), self.view_context()
        texts = [text for text in self._texts if text.changed]
        price = self._price if self._price is not None and self._price.changed else None
        if not (self._live or self._overlays.changed or texts or price):
            return
        places = self._overlays.lift()
        if self._live:
            self._live = False
            places.append(self._blit_layers.redraw(renderer, self._plot_data.frame, self.viewport.in_view()[1]))
        places.extend(text.redraw(renderer) for text in texts)
        if price is not None:
            places.append(price.redraw(renderer, view_context))
        places.extend(self._overlays.lay(renderer, view_context))
        for place in places:
            if place is not None:
                self.canvas.blit(place)
