"""Ours against a peer: paired runs in turn, medians, a ratio."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Comparison:
    """Times of paired runs, in seconds, and the aim.

    ``of`` is the quantity of the ratio: "speed" is the peer's time over ours (more is better), "time" is ours over
    the peer's (less is better).
    """

    what: str
    peer: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    of: Literal["speed", "time"]
    aim: float
    work: str

    @property
    def ratio(self) -> float:
        """The median of the ratios of each pair: other load slows down both runs of a pair."""
        pairs = list(zip(self.ours, self.theirs, strict=True))
        return statistics.median(theirs / ours if self.of == "speed" else ours / theirs for ours, theirs in pairs)

    @property
    def reached(self) -> bool:
        """Whether the ratio meets the aim."""
        return self.ratio >= self.aim if self.of == "speed" else self.ratio <= self.aim

    def __str__(self) -> str:
        sign = ">=" if self.of == "speed" else "<="
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        return (
            f"{self.what}: {self.ratio:.2f} of the {self.of} of {self.peer}"
            f" (aim {sign} {self.aim:g}: {'reached' if self.reached else 'missed'})\n"
            f"    {_duration(ours)} against {_duration(theirs)} for {self.work}; medians of {len(self.ours)} pairs"
        )


def compare(
    what: str,
    ours: Callable[[], float],
    peer: str,
    theirs: Callable[[], float],
    *,
    aim: float,
    work: str,
    of: Literal["speed", "time"] = "speed",
    pairs: int = 5,
) -> Comparison:
    """Run both in turn, in alternating order, after one warm-up run of each.

    ``ours`` and ``theirs`` do the same work and return the seconds that it took.
    """
    ours()
    theirs()
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs):
        both = list(enumerate((ours, theirs)))
        for index, run in both if number % 2 else reversed(both):
            gc.collect()
            times[index].append(run())
    return Comparison(what, peer, tuple(times[0]), tuple(times[1]), of, aim, work)


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.2f} ms"
