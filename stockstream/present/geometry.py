"""Position and size of windows on the screen."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Final, Self

_SMALLEST: Final = (600, 400)
"""Minimum size in pixels of windows that share a screen; if there is no room for that, they overlap."""

_SHAPE: Final = 10 / 6
"""Preferred ratio of width to height."""

FRAME: Final = (4, 32)
"""Borders of a window in pixels: left, right and bottom; top."""

LEAST: Final = (300, 200)
"""Minimum size of a window when resized by hand, in pixels at scale 1."""


@dataclass(frozen=True)
class Geometry:
    """Size of a window in pixels, and the position of its upper left corner; None lets the window manager choose."""

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
            raise ValueError(f"{text} is not a size and place: 1000x600+0+0, or 1000x600")
        width, height, left, top = (None if part is None else int(part) for part in found.groups())
        assert width is not None
        assert height is not None
        return cls(width, height, left, top)

    def __str__(self) -> str:
        size = f"{self.width}x{self.height}"
        return size if self.left is None or self.top is None else f"{size}+{self.left}+{self.top}"

    def within(self, screen: Geometry) -> Geometry:
        """The same, limited to the screen: reduced to its size, and moved inside.

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
    """Positions for a number of windows, row by row, without overlap unless there are too many.

    >>> [str(place) for place in side_by_side(2, Geometry(1600, 900, 0, 0))]
    ['792x475+0+0', '792x475+800+0']
    """
    rooms = {columns: _room(columns, count, screen) for columns in range(1, count + 1)}
    columns = max(rooms, key=lambda columns: min(rooms[columns][0], rooms[columns][1] * _SHAPE))
    rows = math.ceil(count / columns)
    wide, tall = (max(least, room) for least, room in zip(_SMALLEST, rooms[columns], strict=True))
    side, above = FRAME
    tall = min(tall, max(_SMALLEST[1], round(wide / _SHAPE)))
    places = []
    for number in range(count):
        row, column = divmod(number, columns)
        left = _spread(column, columns, wide + 2 * side, screen.width)
        top = _spread(row, rows, tall + side + above, screen.height)
        places.append(Geometry(wide, tall, (screen.left or 0) + left, (screen.top or 0) + top))
    return places


def _room(columns: int, count: int, screen: Geometry) -> tuple[int, int]:
    """Width and height in pixels of each window in a grid with this number of columns."""
    side, above = FRAME
    return screen.width // columns - 2 * side, screen.height // math.ceil(count / columns) - side - above


def _spread(number: int, count: int, size: int, room: int) -> int:
    """Position of one of several windows along an axis: side by side, or overlapping if there is no room."""
    step = size if count * size <= room else (room - size) / (count - 1) if count > 1 else 0
    return max(0, int(number * step))
