"""Frame times: how long redraws take."""

from __future__ import annotations

from collections import deque
from typing import Final

_LATEST: Final = 600


class FrameTimes:
    """Durations of a window's redraws, each from taking the new data to the last pixel.

    >>> frame_times = FrameTimes()
    >>> for seconds in (0.004, 0.006, 0.005, 0.040):
    ...     frame_times.add(seconds)
    >>> frame_times.count, round(frame_times.seconds, 3), frame_times.quantiles()
    (4, 0.055, {0.5: 0.006, 0.95: 0.04})

    Attributes
    ----------
    count
        Number of redraws so far.
    seconds
        Sum of their durations.
    """

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self._latest: deque[float] = deque(maxlen=_LATEST)

    def add(self, seconds: float) -> None:
        """Add the duration of a redraw."""
        self.count += 1
        self.seconds += seconds
        self._latest.append(seconds)

    def quantiles(self) -> dict[float, float]:
        """Median and 95th percentile of the latest 600 durations, in seconds."""
        latest = sorted(self._latest)
        return {share: latest[int(share * len(latest))] for share in (0.5, 0.95)} if latest else {}
