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

LEAST: Final = (300, 200)
"""Pixels, at the screen's scale 1, that a window can be made small to by hand."""

_PLAIN: Final = 96.0
"""Dots an inch of a screen at scale 1."""


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
        """The same on the screen: never larger than that, and moved in where it is off it.

        >>> str(Geometry(800, 500, 3000, -90).within(Geometry(1600, 900, 0, 0)))
        '800x500+800+0'
        """
        fitted = replace(self, width=min(self.width, screen.width), height=min(self.height, screen.height))
        if self.left is None or self.top is None or screen.left is None or screen.top is None:
            return fitted
        left = max(min(self.left, screen.left + screen.width - fitted.width), screen.left)
        top = max(min(self.top, screen.top + screen.height - fitted.height), screen.top)
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
        self._least = (1, 1)

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
        width, height = max(wanted.width, self._least[0]), max(wanted.height, self._least[1])
        fitted = replace(wanted, width=width, height=height).within(self._screen())
        if self._tk:
            self._window.wm_geometry(str(fitted))
            return
        self._window.resize(fitted.width, fitted.height)
        if fitted.left is not None and fitted.top is not None:
            self._window.move(fitted.left, fitted.top)

    def open(self, width: float, height: float) -> None:
        """Give it a size in pixels at the screen's scale, as far as the screen has room, and a least size."""
        scale = self._scale()
        wanted = round(scale * width), round(scale * height)
        self._least = round(scale * LEAST[0]), round(scale * LEAST[1])
        (self._window.minsize if self._tk else self._window.setMinimumSize)(*self._least)
        room = self._room()
        side, above = _FRAME
        fitted = min(wanted[0], room.width - 2 * side), min(wanted[1], room.height - side - above)
        if fitted != wanted or not self._tk:  # Tk's is else as large as its canvas by itself, and goes with that
            self.set(Geometry(*fitted))

    def _scale(self) -> float:
        """How many of the pixels in which the toolkit counts are one at scale 1; Qt counts in those."""
        if not self._tk:
            return 1.0
        dpi = _desktop_dpi()
        if dpi is not None:
            self._window.tk.call("tk", "scaling", dpi / 72)  # matplotlib's canvas heeds it, too
        return float(self._window.winfo_fpixels("1i")) / _PLAIN

    def _room(self) -> Geometry:
        """The part of the screen that is for windows."""
        if self._tk:
            return Geometry(*self._window.maxsize())
        area = self._window.screen().availableGeometry()
        return Geometry(area.width(), area.height())

    def _screen(self) -> Geometry:
        window = self._window
        if self._tk:
            left, top = window.winfo_vrootx(), window.winfo_vrooty()
            return Geometry(window.winfo_screenwidth(), window.winfo_screenheight(), left, top)
        area = window.screen().virtualGeometry()
        return Geometry(area.width(), area.height(), area.x(), area.y())


def _desktop_dpi() -> float | None:
    """The dots an inch that the user's desktop asks for (Xft.dpi), which Tk heeds for its own letters alone."""
    import tkinter as tk

    asked = tk.Tk(className="Xft")  # the one name under which Tk finds it
    asked.withdraw()
    told = asked.tk.call("option", "get", ".", "dpi", "Dpi")
    asked.destroy()
    try:
        return min(max(float(told), _PLAIN / 2), 8 * _PLAIN)
    except ValueError:
        return None


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
