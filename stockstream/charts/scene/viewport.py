"""Viewport: the rows and values in view, following new rows or as the user set it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final, Protocol, TypeVar

import numpy as np

from stockstream.charts.marks.lines import Scale
from stockstream.charts.panels.panel import DrawnPanel
from stockstream.present import decimation
from stockstream.present.visits import SavedView, TimeSpan
from stockstream.views.frame import Frame

E = TypeVar("E")


class Guard(Protocol):
    """Wraps callbacks of a canvas, which take an event."""

    def __call__(self, function: Callable[[E], None], /) -> Callable[[E], None]:
        """The callback, so that its errors are seen."""


_FEWEST: Final = 4.0
"""Minimum width of a view in rows."""

_WIDEST: Final = 1.25
"""Maximum width of a view, as a multiple of all rows or of `_ROOM`."""

_ROOM: Final = 40
"""Minimum number of row positions while following, so that a few bars are not drawn too wide."""

_FINEST: Final = 1e-9
"""Minimum relative distance of the limits of values."""

_STILL: Final = 0.01
"""Distance in pixels that does not count as a move."""

_STAYS: Final = 0.1
"""Minimum share of a view that rows take, however far it is moved."""


class Viewport:
    """The horizontal and vertical limits of all panels.

    While ``following``, new rows move the view, which is ``rows`` wide (None: all). The values of a panel fit the rows
    in view until the user sets their range. A view that the user moved stays.

    Parameters
    ----------
    rows
        The newest rows to have in view while following; None for all.
    crowded
        Whether rows take all the room (columns of many keys), with no margin for new rows.
    moved
        Called when limits have changed.
    """

    def __init__(self, *, rows: int | None, crowded: bool, moved: Callable[[], None]) -> None:
        self.following = True
        self.rows = rows
        self._crowded = crowded
        self._moved = moved
        self._panels: Sequence[DrawnPanel] = ()
        self._held: list[bool] = []
        self._frame = Frame("time", {"time": np.empty(0, "M8[us]")})
        self._busy = False
        self._width = 0.0
        self._shown_from = 0
        self._followed: list[tuple[float, float]] = []
        self._resumed = False
        self._kept: tuple[float, float] | None = None

    def attach(self, panels: Sequence[DrawnPanel], guard: Guard) -> None:
        """Control the limits of these panels."""
        self._panels = panels
        self._held = self._held or [False] * len(panels)
        panels[0].axes.callbacks.connect("xlim_changed", guard(partial(self._on_move, None)))
        for number, panel in enumerate(panels):
            panel.axes.callbacks.connect("ylim_changed", guard(partial(self._on_move, number)))

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """Within this context changes of limits are not the user's."""
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Within this context newly attached panels get the limits of the former ones."""
        before = self._limits()
        with self._moving():
            yield
            self._set_limits(before)

    @contextmanager
    def refitted(self) -> Iterator[None]:
        """Fit the values again after scales are changed in this context, except ranges set by hand."""
        with self._moving():
            yield
        self._adapt(refit=True)
        self._moved()

    def in_view(self) -> tuple[int, int]:
        """Rows that are at least partly in view, and one more on either side for the lines."""
        left, right = self.across
        total = len(self._frame)
        return min(max(0, math.floor(left)), total), max(0, min(total, math.ceil(right) + 1))

    def whole_in_view(self) -> tuple[int, int]:
        """Rows whose middle is in view."""
        left, right = self.across
        total = len(self._frame)
        first = min(max(0, math.ceil(left)), total)
        return first, max(first, min(total, math.floor(right) + 1))

    @property
    def across(self) -> tuple[float, float]:
        """Rows at the left and the right edge."""
        left, right = self._panels[0].axes.get_xlim()
        return left, right

    @property
    def scale(self) -> Scale:
        """The positions of the rows in view, in pixels."""
        axes, (left, right) = self._panels[0].axes, self.across
        pitch = axes.bbox.width / (right - left)
        first, last = self.whole_in_view()
        shown, dots = max(0, last - first), axes.figure.dpi
        bucket = decimation.bucket_size(shown, axes.bbox.width)
        return Scale(axes.bbox.x0 - left * pitch, pitch, bucket, shown, 72 / dots * max(1, round(dots / 100)))

    def _limits(self) -> list[tuple[float, float]]:
        """Limits in view: of rows, then of each panel's values."""
        return [self.across, *(panel.axes.get_ylim() for panel in self._panels)]

    def _set_limits(self, limits: Sequence[tuple[float, float]]) -> None:
        self._panels[0].axes.set_xlim(*limits[0], auto=False)
        for panel, up in zip(self._panels, limits[1:], strict=True):
            panel.axes.set_ylim(*up, auto=False)

    # New data.

    def take(self, frame: Frame, *, refit: bool) -> bool:
        """Adapt the view to new rows; returns whether a limit changed. ``refit`` makes it follow them in any case."""
        self._frame = frame
        before = self._limits()
        if refit:
            self._release()
        self._adapt(refit=refit)
        return self._limits() != before

    def _release(self) -> None:
        self.following = True
        self._held = [False] * len(self._panels)

    def _adapt(self, *, refit: bool) -> None:
        if not len(self._frame):
            return
        with self._moving():
            if self.following:
                self._fit_across(len(self._frame), refit=refit)
            self._fit(refit=refit)
        if self.following and not any(self._held):
            self._followed = self._limits()

    def _fit_across(self, total: int, *, refit: bool) -> None:
        if not refit and self._shown_from <= total <= self.across[1]:
            return
        shown = total if self.rows is None else min(total, self.rows)
        left = total - shown - 0.6
        self._shown_from = total
        self._width = self._slots(shown) + 0.2
        self._panels[0].axes.set_xlim(left, left + self._width, auto=False)

    def _slots(self, shown: int) -> int:
        """Number of row positions if a number of rows is shown: with a margin for a few more."""
        if self._crowded:
            return max(shown + 1, 8)
        return max(shown + min(50, max(2, shown // 10)), min(_ROOM, self.rows or _ROOM))

    def _fit(self, *, refit: bool) -> None:
        first, last = self.in_view()
        seen = self._frame.slice(slice(first, last))
        for panel, held in zip(self._panels, self._held, strict=True):
            if not held:
                panel.fit(seen, refit=refit)

    # Changes by the user.

    def _on_move(self, panel: int | None, _: object) -> None:
        """After limits of a panel's values or of time were changed by the user, unless all are as before."""
        if self._busy:
            return
        if self._limits() == self._followed:
            self._release()
            self._resumed = True
        elif panel is not None:
            self._held[panel] = True
        else:
            self.following = False
            with self._moving():
                self._fit(refit=True)
        self._moved()

    def resume(self) -> None:
        """Show the newest rows, if the user has moved the view back to where it followed former ones."""
        if self._resumed:
            self._resumed = False
            self._adapt(refit=True)

    def follow(self) -> None:
        """Follow the newest rows again, as many as were in view, and fit the values."""
        width = self.across[1] - self.across[0]
        if not math.isclose(width, self._width):
            self.rows = self._rows(width)
        self._release()
        self._adapt(refit=True)
        self._moved()

    def _rows(self, width: float) -> int:
        """Number of rows for a width of the view."""
        slots = width - 0.2
        return max(2, round(slots - 1 if self._crowded else max(slots - 50, min(slots / 1.1, slots - 2))))

    def zoom(self, factor: float, *, around: float | None = None) -> None:
        """Zoom in time by a factor. The row ``around`` keeps its position, otherwise the newest, or the middle."""
        left, right = self.across
        width = min(max(factor * (right - left), _FEWEST), _WIDEST * max(len(self._frame), _ROOM))
        if self.following and around is None:
            self.rows = self._rows(width)
            self._adapt(refit=True)
            self._moved()
            return
        fixed = around if around is not None else (left + right) / 2
        if around is not None:
            self._kept = around, float(self._panels[0].axes.transData.transform((around, 0.0))[0])
        self._set_edges(fixed - (fixed - left) * width / (right - left), width)

    def carry(self, row: float, x: float) -> None:
        """Move the view so that a row is at a horizontal pixel."""
        self._kept = row, x
        self._set_edges(self._left_for(row, x), self.across[1] - self.across[0])

    def _left_for(self, row: float, x: float) -> float:
        """Left edge for which a row is at a horizontal pixel."""
        left, right = self.across
        box = self._panels[0].axes.bbox
        return row - (x - float(box.x0)) * (right - left) / float(box.width)

    def keep(self) -> bool:
        """Move the view so that the row kept at a pixel by zooming or carrying is there; returns False if it already
        is.

        Margins change with the labels, and these with the view.
        """
        if self._kept is None:
            return False
        before = self.across
        width = before[1] - before[0]
        left = self._within(self._left_for(*self._kept), width)
        if abs(left - before[0]) * self._panels[0].axes.bbox.width < _STILL * width:
            return False
        with self._moving():
            self._panels[0].axes.set_xlim(left, left + width, auto=False)
            self._fit(refit=True)
        return True

    def let_go(self) -> None:
        """Stop keeping a row at a pixel."""
        self._kept = None

    @property
    def away(self) -> bool:
        """Whether the user has moved the view away from the newest rows, or from where all values fit."""
        return not self.following or any(self._held)

    def saved_view(self) -> SavedView | None:
        """The view, to be restored by `restore`; None if it follows the newest rows and all values fit."""
        if not self.away or not len(self._frame):
            return None
        time_span = None if self.following else TimeSpan.of(self._frame, self.across)
        spans = zip(self._limits()[1:], self._held, strict=True)
        return SavedView(time_span, tuple(span if held else None for span, held in spans))

    def restore(self, saved: SavedView) -> None:
        """Restore a view, as far as the rows allow."""
        across = None if saved.time_span is None else saved.time_span.within(self._frame)
        if saved.time_span is not None and across is None:
            return
        with self._moving():
            if across is not None:
                self.following = False
                width = max(across[1] - across[0], _FEWEST)
                self._panels[0].axes.set_xlim(across[0], across[0] + width, auto=False)
            self._held = [span is not None for span in saved.values]
            self._fit(refit=True)
            for panel, span in zip(self._panels, saved.values, strict=True):
                if span is not None:
                    panel.axes.set_ylim(*span, auto=False)

    @property
    def home(self) -> list[tuple[float, float]] | None:
        """The limits when the newest rows were last followed and all values fitted; None without rows."""
        return self._followed if len(self._frame) else None

    @contextmanager
    def at_home(self) -> Iterator[None]:
        """Within this context the limits are those of `home`."""
        before = self._limits()
        with self._moving():
            if before != self._followed:
                self._set_limits(self._followed)
            yield
            if before != self._followed:
                self._set_limits(before)

    @property
    def held(self) -> tuple[bool, ...]:
        """For each panel, whether the range of its values was set by hand."""
        return tuple(self._held)

    def hold(self, panel: int) -> None:
        """Keep the present range of a panel's values; or if any range is kept, fit all again."""
        if any(self._held):
            self._held = [False] * len(self._panels)
            self._adapt(refit=True)
            self._moved()
        else:
            self._held[panel] = True

    def scale_values(self, panel: int, factor: float, *, around: float) -> None:
        """Zoom the values of a panel by a factor; the value at the pixel ``around`` stays there."""
        low, high = self._panels[panel].axes.bbox.intervaly
        self._span(panel, around + factor * (low - around), around + factor * (high - around))

    def shift(self, panel: int, pixels: float) -> None:
        """Move a panel's values up by a number of pixels, if their range was set by hand."""
        low, high = self._panels[panel].axes.bbox.intervaly
        if self._held[panel]:
            self._span(panel, low - pixels, high - pixels)

    def _span(self, panel: int, low: float, high: float) -> None:
        """Set a panel's limits to the values at two pixels."""
        axes = self._panels[panel].axes
        limits = axes.transData.inverted().transform([(0.0, low), (0.0, high)])[:, 1]
        if np.all(np.isfinite(limits)) and limits[1] - limits[0] > _FINEST * np.abs(limits).max():
            axes.set_ylim(*limits.tolist(), auto=False)

    def pan(self, share: float) -> None:
        """Move by a share of the time in view; forwards if positive."""
        left, right = self.across
        self._set_edges(left + share * (right - left), right - left)

    def _set_edges(self, left: float, width: float) -> None:
        """Set the edges of the view, but never so that no rows are in view."""
        left = self._within(left, width)
        self._panels[0].axes.set_xlim(left, left + width, auto=False)

    def _within(self, left: float, width: float) -> float:
        """A left edge limited to the rows."""
        return min(max(left, (_STAYS - 1) * width), len(self._frame) - _STAYS * width)
