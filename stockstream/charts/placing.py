"""Where windows stand on the screen."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any, Final, Self

_SMALLEST: Final = (600, 400)
"""Pixels that a window is given at least where many share a screen; then they overlap."""

_SHAPE: Final = 10 / 6
"""Width to height that a window is best seen at."""

_FRAME: Final = (4, 32)
"""Pixels that a window manager draws about a window: left, right and beneath; above."""

_GRIP: Final = 80
"""Pixels of a window that must be on the screen for somebody to take hold of it."""


@dataclass(frozen=True)
class Geometry:
    """A window's size in pixels, and where its upper left corner is, None where that is the window manager's choice."""

    width: int
    height: int
    left: int | None = None
    top: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``WxH+X+Y`` or ``WxH``; raises ValueError.

        >>> Geometry.parse("800x500+0+-20"), Geometry.parse("800x500").left
        (Geometry(width=800, height=500, left=0, top=-20), None)

            Raises ValueError.
        """
        found = re.fullmatch(r"(\d{2,5})x(\d{2,5})(?:\+(-?\d{1,5})\+(-?\d{1,5}))?", text)
        if found is None:
            raise ValueError(f"{text} is no size and place: 1000x600+0+0, or 1000x600")
        width, height, left, top = (None if part is None else int(part) for part in found.groups())
        assert width is not None
        assert height is not None
        return cls(width, height, left, top)

    def __str__(self) -> str:
        size = f"{self.width}x{self.height}"
        return size if self.left is None or self.top is None else f"{size}+{self.left}+{self.top}"

    def within(self, screen: Geometry) -> Geometry:
        """The same where it can be reached: never larger than the screen, never off it.

        >>> str(Geometry(800, 500, 3000, -90).within(Geometry(1600, 900, 0, 0)))
        '800x500+1520+0'
        """
        fitted = replace(self, width=min(self.width, screen.width), height=min(self.height, screen.height))
        if self.left is None or self.top is None or screen.left is None or screen.top is None:
            return fitted
        left = min(max(self.left, screen.left + _GRIP - fitted.width), screen.left + screen.width - _GRIP)
        top = min(max(self.top, screen.top), screen.top + screen.height - _GRIP)
        return replace(fitted, left=left, top=top)


def side_by_side(count: int, screen: Geometry) -> list[Geometry]:
    """Places for so many windows, row by row: none over another, unless there are too many for that.

    >>> [str(place) for place in side_by_side(2, Geometry(1600, 900, 0, 0))]
    ['792x475+0+0', '792x475+800+0']
    """
    rooms = {columns: _room(columns, count, screen) for columns in range(1, count + 1)}
    columns = max(rooms, key=lambda columns: min(rooms[columns][0], rooms[columns][1] * _SHAPE))
    rows = math.ceil(count / columns)
    wide, tall = (max(least, room) for least, room in zip(_SMALLEST, rooms[columns], strict=True))
    side, above = _FRAME
    tall = min(tall, max(_SMALLEST[1], round(wide / _SHAPE)))
    places = []
    for number in range(count):
        row, column = divmod(number, columns)
        left = _spread(column, columns, wide + 2 * side, screen.width)
        top = _spread(row, rows, tall + side + above, screen.height)
        places.append(Geometry(wide, tall, (screen.left or 0) + left, (screen.top or 0) + top))
    return places


def _room(columns: int, count: int, screen: Geometry) -> tuple[int, int]:
    """The pixels across and up that each window has for itself in a grid of so many columns."""
    side, above = _FRAME
    return screen.width // columns - 2 * side, screen.height // math.ceil(count / columns) - side - above


def _spread(number: int, count: int, size: int, room: int) -> int:
    """Where the one of several begins: one after the other, closer where there is no room for that."""
    step = size if count * size <= room else (room - size) / (count - 1) if count > 1 else 0
    return max(0, int(number * step))


class Place:
    """Where one window is; speaks Tk's language and Qt's.

    Parameters
    ----------
    window
        matplotlib's: ``manager.window`` of a figure.
    """

    def __init__(self, window: Any) -> None:
        self._window = window
        self._tk = hasattr(window, "wm_geometry")

    def get(self) -> Geometry | None:
        """Size and place now; None while it is not where the user put it: in full screen, or an icon."""
        window = self._window
        if self._tk:
            usual = window.winfo_viewable() and window.winfo_width() > 1 and window.state() == "normal"
            return Geometry.parse(window.wm_geometry()) if usual and not window.attributes("-fullscreen") else None
        if window.isFullScreen() or window.isMinimized() or not window.isVisible():
            return None
        return Geometry(window.width(), window.height(), window.x(), window.y())

    def set(self, wanted: Geometry) -> None:
        """Give it a size and a place, as far as the screen allows."""
        fitted = wanted.within(self._screen())
        if self._tk:
            self._window.wm_geometry(str(fitted))
            return
        self._window.resize(fitted.width, fitted.height)
        if fitted.left is not None and fitted.top is not None:
            self._window.move(fitted.left, fitted.top)

    def _screen(self) -> Geometry:
        window = self._window
        if self._tk:
            left, top = window.winfo_vrootx(), window.winfo_vrooty()
            return Geometry(window.winfo_screenwidth(), window.winfo_screenheight(), left, top)
        area = window.screen().virtualGeometry()
        return Geometry(area.width(), area.height(), area.x(), area.y())


def toggle_full_screen(manager: Any) -> None:
    """Fill the screen, or no longer; ``manager`` is that of a figure."""
    if manager is not None:
        manager.full_screen_toggle()


def toggle_tools(manager: Any) -> None:
    """Hide matplotlib's tool bar, or show it: the room is better used, and keys and mouse do all that it does but one.

    ``manager`` is that of a figure.
    """
    bar = manager.toolbar if manager is not None else None
    if bar is None:
        return
    if hasattr(bar, "pack"):
        if bar.winfo_manager():
            bar.pack_forget()
        else:
            manager.window.wm_geometry(manager.window.wm_geometry())  # else the window grows
            bar.pack(side="bottom", fill="x", before=manager.canvas.get_tk_widget())
        return
    bar.setVisible(bar.isHidden())
