"""Nodes of conditions: True, False, or None where it cannot be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, TypeAlias

from stockstream.alerts.evaluation.node import Input, KeepingNode, Node, S
from stockstream.records import Way

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": gt, ">=": ge, "<": lt, "<=": le, "==": eq, "!=": ne,
}  # fmt: skip


class ComparisonNode(Node[bool]):
    """Two numbers compared."""

    __slots__ = ("_compare", "_left", "_right")

    def __init__(self, sign: str, left: Node[float], right: Node[float]) -> None:
        super().__init__()
        self._compare = COMPARISONS[sign]
        self._left = left
        self._right = right

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - doubts are the numbers' business
        """As `Node.step`."""
        left, right = self._left.value, self._right.value
        self.value = None if left is None or right is None else self._compare(left, right)


class Banded(KeepingNode[bool, S]):
    """A comparison or a crossing with a dead band."""

    __slots__ = ()

    def begin_told(self) -> None:
        """Before the step of a bar: it was told to be true while the bar was forming."""

    def end_told(self) -> None:
        """After that step."""


AnyBanded: TypeAlias = Banded[Any]
"""One that keeps something."""


class BandedNode(Banded[bool]):
    """A comparison with a dead band: once true, it stays so until the left number is on the other side by the band."""

    __slots__ = ("_band", "_compare", "_left", "_right", "_up", "_was")

    def __init__(self, sign: str, left: Node[float], right: Node[float], band: float) -> None:
        super().__init__()
        self._compare = COMPARISONS[sign]
        self._up = sign[0] == ">"
        self._left = left
        self._right = right
        self._band = band
        self._was = False

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - see `ComparisonNode`
        """As `Node.step`."""
        left, right = self._left.value, self._right.value
        if left is None or right is None:
            self.value = None
            return
        true = self._compare(left, right)
        if self._was and not true:
            back = abs(right) * self._band
            true = left > right - back if self._up else left < right + back
        self.value = self._was = true

    def begin_told(self) -> None:
        """As `Banded.begin_told`: it stays true within the band."""
        self._was = True

    def snapshot(self) -> bool:
        """As `KeepingNode.snapshot`."""
        return self._was

    def back(self, snapshot: bool) -> None:
        """As `KeepingNode.back`."""
        self._was = bool(snapshot)


class CrossingNode(Banded[tuple[bool, bool, bool]]):
    """One number crosses another: it was at or below it at the last bar where both are known, and is above it now.

    After a crossing it is armed again when the number has been on the other side by the dead band. ``way`` is how the
    last crossing went.
    """

    __slots__ = ("_band", "_fall", "_falls", "_known", "_left", "_right", "_rise", "_rises", "way")

    def __init__(self, direction: str, left: Node[float], right: Node[float], band: float) -> None:
        super().__init__()
        self._left = left
        self._right = right
        self._band = band
        self._rises = direction != "below"
        self._falls = direction != "above"
        self._rise = self._fall = False
        """Whether a rise, or a fall, is one to tell of."""
        self._known = False
        """Whether both numbers were known at any bar."""
        self.way: Way = "above" if self._rises else "below"

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - see `ComparisonNode`
        """As `Node.step`."""
        left, right = self._left.value, self._right.value
        if left is None or right is None:
            self.value = None
            return
        rose, fell = self._rise and left > right, self._fall and left < right
        # At first the band does not count: nothing has been told yet.
        back = abs(right) * self._band if self._band and self._known else 0.0
        self._known = True
        self._rise = not rose and (self._rise or left <= right - back)
        self._fall = not fell and (self._fall or left >= right + back)
        self.value = (rose and self._rises) or (fell and self._falls)
        if self.value:
            self.way = "above" if rose else "below"

    def end_told(self) -> None:
        """As `Banded.end_told`: it is armed again only where the number ended beyond the band."""
        left, right = self._left.value, self._right.value
        if left is None or right is None:
            self._rise = self._fall = False
            return
        back = abs(right) * self._band
        self._rise &= left <= right - back
        self._fall &= left >= right + back

    def snapshot(self) -> tuple[bool, bool, bool]:
        """As `KeepingNode.snapshot`."""
        return self._rise, self._fall, self._known

    def back(self, snapshot: tuple[bool, bool, bool]) -> None:
        """As `KeepingNode.back`."""
        self._rise, self._fall, self._known = snapshot


class AllNode(Node[bool]):
    """Every condition is true; False as soon as one is false, though another one cannot be said."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[Node[bool]]) -> None:
        super().__init__()
        self._parts = tuple(parts)

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - see `ComparisonNode`
        """As `Node.step`."""
        found: bool | None = True
        for part in self._parts:
            value = part.value
            if value is None:
                found = None
            elif not value:
                found = False
                break
        self.value = found


class AnyNode(Node[bool]):
    """At least one condition is true, though others may be false or cannot be said."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[Node[bool]]) -> None:
        super().__init__()
        self._parts = tuple(parts)

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - see `ComparisonNode`
        """As `Node.step`."""
        found: bool | None = False
        for part in self._parts:
            value = part.value
            if value:
                found = True
                break
            if value is None:
                found = None
        self.value = found


class NotNode(Node[bool]):
    """A condition is false."""

    __slots__ = ("_of",)

    def __init__(self, of: Node[bool]) -> None:
        super().__init__()
        self._of = of

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - see `ComparisonNode`
        """As `Node.step`."""
        value = self._of.value
        self.value = None if value is None else not value


class LastingNode(KeepingNode[bool, int]):
    """A condition is true at so many bars on end; a bar at which it cannot be said neither counts nor ends it."""

    __slots__ = ("_bars", "_count", "_of")

    def __init__(self, of: Node[bool], bars: int) -> None:
        super().__init__()
        self._of = of
        self._bars = bars
        self._count = 0

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - see `ComparisonNode`
        """As `Node.step`."""
        value = self._of.value
        if value is None:
            self.value = None
            return
        self._count = min(self._count + 1, self._bars) if value else 0
        self.value = self._count == self._bars

    def snapshot(self) -> int:
        """As `KeepingNode.snapshot`."""
        return self._count

    def back(self, snapshot: int) -> None:
        """As `KeepingNode.back`."""
        self._count = int(snapshot)


class SequenceNode(KeepingNode[bool, Sequence[int | None]]):
    """A condition was true, then another one at a later bar within so many bars, and so on.

    Of several bars at which a part is true the last counts. A sequence that is complete begins anew.
    """

    __slots__ = ("_ages", "_limits", "_parts")

    def __init__(self, parts: Sequence[Node[bool]], limits: Sequence[int]) -> None:
        super().__init__()
        self._parts = tuple(parts)
        self._limits = tuple(limits)
        self._ages: list[int | None] = [None] * len(limits)
        """For each part but the last: the number of bars since it was true in its turn."""

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - see `ComparisonNode`
        """As `Node.step`."""
        ages = [
            None if age is None or age >= limit else age + 1
            for age, limit in zip(self._ages, self._limits, strict=True)
        ]
        self.value = False
        reached = [part.value is True for part in self._parts]
        if reached[-1] and ages[-1] is not None:
            self.value = True
            self._ages = [None] * len(ages)
            return
        for place in range(len(ages) - 1, -1, -1):
            if reached[place] and (place == 0 or ages[place - 1] is not None):
                ages[place] = 0
        self._ages = ages

    def snapshot(self) -> tuple[int | None, ...]:
        """As `KeepingNode.snapshot`."""
        return tuple(self._ages)

    def back(self, snapshot: Sequence[int | None]) -> None:
        """As `KeepingNode.back`."""
        if len(snapshot) != len(self._limits):
            raise ValueError("a saved sequence has other parts")
        self._ages = list(snapshot)
