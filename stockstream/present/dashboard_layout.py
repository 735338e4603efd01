"""Layout of a dashboard's tiles: as many as are legible at once, the others on further pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LEAST_WIDE: Final = 185.0
LEAST_TALL: Final = 105.0
"""Smallest legible size of a tile, in points."""

_ABREAST: Final = 4


@dataclass(frozen=True)
class Box:
    """A rectangle on a figure, in points from its lower left corner."""

    left: float
    bottom: float
    width: float
    height: float


def grid(count: int, width: float, height: float) -> tuple[int, int]:
    """Columns and rows of the grid of one page, for at most ``count`` tiles.

    Rows are as even as possible: eight tiles make three rows if three fit side by side, two rows if four do.

    >>> grid(8, 921.0, 526.0), grid(8, 684.0, 380.0), grid(8, 432.0, 238.0), grid(8, 100.0, 80.0)
    ((4, 2), (3, 3), (2, 2), (1, 1))
    """
    across = max(1, min(count, _ABREAST, int(width // LEAST_WIDE)))
    down = max(1, int(height // LEAST_TALL))
    return across, min(down, -(-count // across))


def pages(count: int, width: float, height: float) -> int:
    """Number of pages for a number of tiles."""
    across, down = grid(count, width, height)
    return -(-count // (across * down))


def boxes(weights: Sequence[float], width: float, height: float) -> list[Box]:
    """Rectangles of the tiles of one page, row by row; the tiles of a row share its width by weight."""
    across, down = grid(len(weights), width, height)
    rows = [weights[start : start + across] for start in range(0, min(len(weights), across * down), across)]
    tall = height / max(1, len(rows))
    places = []
    for number, row in enumerate(rows):
        left = 0.0
        for weight in row:
            wide = width * weight / sum(row)
            places.append(Box(left, height - (number + 1) * tall, wide, tall))
            left += wide
    return places
