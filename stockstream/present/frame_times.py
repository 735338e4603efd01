"""Frame times: how long redraws take."""

from __future__ import annotations

from collections import deque
from typing import Final

_LATEST: Final = 600


class Frames:
    """Durations of a window's drawings, from taking the data's new state to the last pixel.

    >>> frames = Frames()
    >>> for seconds in (0.004, 0.006, 0.005, 0.040):
    ...     frames.add(seconds)
    >>> frames.count, round(frames.seconds, 3), frames.quantiles()
    (4, 0.055, {0.5: 0.006, 0.95: 0.04})

    Attributes
    ----------
    count
        Drawings so far.
    seconds
        What they took together.
    """

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self._latest: deque[float] = deque(maxlen=_LATEST)

    def add(self, seconds: float) -> None:
        """Take a drawing's duration."""
        self.count += 1
        self.seconds += seconds
        self._latest.append(seconds)

    def quantiles(self) -> dict[float, float]:
        """Seconds that half, and nineteen of twenty, of the latest 600 drawings took at most."""
        latest = sorted(self._latest)
        return {share: latest[int(share * len(latest))] for share in (0.5, 0.95)} if latest else {}
