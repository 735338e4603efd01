"""Nodes of numbers: constants, fields of bars and topics, indicators and their fields, changes, arithmetic."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from operator import add, attrgetter, mul, sub, truediv
from typing import Final

import msgspec

from stockstream.alerts.evaluation.node import Input, KeepingNode, Node, Saved, TopicValues
from stockstream.indicators import InvalidBar, Point
from stockstream.indicators.base import AnyIndicator
from stockstream.views.bars import bits

LOG: Final = logging.getLogger(__name__)

OPERATIONS: Final[Mapping[str, Callable[[float, float], float]]] = {"+": add, "-": sub, "*": mul, "/": truediv}


class ConstantNode(Node[float]):
    """A number that never changes."""

    __slots__ = ()

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def step(self, row: Input, doubts: int) -> None:
        """Nothing changes."""


class FieldNode(Node[float]):
    """A field of the bar; None where it is doubtful or not known."""

    __slots__ = ("_bit", "_get")

    def __init__(self, name: str) -> None:
        super().__init__()
        self._bit = int(bits(name))
        self._get = attrgetter(name)

    def step(self, row: Input, doubts: int) -> None:
        """As `Node.step`."""
        self.value = None if doubts & self._bit else self._get(row)


class TopicNode(Node[float]):
    """A field of a topic."""

    __slots__ = ("_key",)

    def __init__(self, topic: str, name: str) -> None:
        super().__init__()
        self._key = topic, name

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - a topic has no doubts
        """As `Node.step`."""
        assert isinstance(row, TopicValues)
        self.value = row.values.get(self._key)


class IndicatorNode(KeepingNode[Point, tuple[AnyIndicator, bool]]):
    """An indicator of bars, whose value is its point.

    A bar that it cannot use is skipped as in a window: one with a doubtful field that it reads, one without an open or
    a volume that it reads, and one that it refuses. An indicator that fails in any other way is undefined from there
    on; the log says why.
    """

    __slots__ = ("_bits", "_broken", "_indicator", "_lack", "_update")

    def __init__(self, indicator: AnyIndicator) -> None:
        super().__init__()
        self._bits = int(bits(*indicator.inputs))
        self._lack = [attrgetter(name) for name in ("open", "volume") if name in indicator.inputs]
        self._broken = False
        self._use(indicator)

    def _use(self, indicator: AnyIndicator) -> None:
        self._indicator = indicator
        self._update = indicator.update

    def step(self, row: Input, doubts: int) -> None:
        """As `Node.step`."""
        if doubts & self._bits or self._broken:
            self.value = None
            return
        for get in self._lack:
            if get(row) is None:
                self.value = None
                return
        self._take(row)

    def _take(self, row: Input | _Close) -> None:
        try:
            self.value = self._update(row)
        except InvalidBar:
            self.value = None
        except Exception as error:
            LOG.error("%s failed at the bar of %s, and is undefined from there on", self._name, row, exc_info=error)
            self._broken = True
            self.value = None

    @property
    def _name(self) -> str:
        return type(self._indicator).__name__

    def snapshot(self) -> tuple[AnyIndicator, bool]:
        """As `KeepingNode.snapshot`."""
        return self._indicator.copy(), self._broken

    def back(self, snapshot: tuple[AnyIndicator, bool]) -> None:
        """As `KeepingNode.back`."""
        indicator, self._broken = snapshot
        self._use(indicator.copy())

    def saved(self, snapshot: tuple[AnyIndicator, bool]) -> Saved:
        """As `KeepingNode.saved`."""
        indicator, broken = snapshot
        return [indicator.state(), broken]

    def restored(self, saved: Saved) -> tuple[AnyIndicator, bool]:
        """As `KeepingNode.restored`."""
        state, broken = saved
        indicator = self._indicator.copy()
        indicator.restore(state)
        return indicator, bool(broken)


class _Close(msgspec.Struct, frozen=True, gc=False):
    """The bar of an indicator over other numbers."""

    close: float


class NestedNode(IndicatorNode):
    """An indicator over another number, which it takes for closes; where that is undefined, so is this one."""

    __slots__ = ("_of",)

    def __init__(self, indicator: AnyIndicator, of: Node[float]) -> None:
        super().__init__(indicator)
        self._of = of

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - the doubts are those of the inner number
        """As `Node.step`."""
        value = self._of.value
        if value is None or self._broken:
            self.value = None
        else:
            self._take(_Close(value))


class PointNode(Node[float]):
    """A field of an indicator's point."""

    __slots__ = ("_get", "_of")

    def __init__(self, of: Node[Point], field: str) -> None:
        super().__init__()
        self._of = of
        self._get = attrgetter(field)

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - the doubts are the indicator's business
        """As `Node.step`."""
        point = self._of.value
        self.value = None if point is None else self._get(point)


class ArithmeticNode(Node[float]):
    """Two numbers, added, subtracted, multiplied or divided; None where that is no number within 1e300."""

    __slots__ = ("_left", "_operation", "_right")

    def __init__(self, sign: str, left: Node[float], right: Node[float]) -> None:
        super().__init__()
        self._operation = OPERATIONS[sign]
        self._left = left
        self._right = right

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - see `FieldNode`
        """As `Node.step`."""
        left, right = self._left.value, self._right.value
        if left is None or right is None:
            self.value = None
            return
        try:
            value = self._operation(left, right)
        except ZeroDivisionError:
            value = None
        self.value = value if value is not None and -1e300 <= value <= 1e300 else None


class ChangeNode(KeepingNode[float, Sequence[Sequence[float]]]):
    """The change of a number, as a fraction of what it was; None before there is a former one, and where that is 0.

    Over bars it is compared with the one so many known values before; over a time, with the last one that is at least
    as old as that.
    """

    __slots__ = ("_bars", "_former", "_of", "_seconds")

    def __init__(self, of: Node[float], *, bars: int, seconds: int) -> None:
        super().__init__()
        self._of = of
        self._bars = bars
        self._seconds = seconds
        self._former: deque[tuple[float, float]] = deque()

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - see `FieldNode`
        """As `Node.step`."""
        value = self._of.value
        if value is None:
            self.value = None
            return
        former, now = self._former, row.time.timestamp()
        former.append((now, value))
        if self._bars:
            if len(former) > self._bars + 1:
                former.popleft()
            known = len(former) == self._bars + 1
        else:
            limit = now - self._seconds
            while len(former) > 1 and former[1][0] <= limit:
                former.popleft()
            known = former[0][0] <= limit
        base = former[0][1] if known else 0.0
        self.value = (value - base) / abs(base) if base else None

    def snapshot(self) -> tuple[tuple[float, float], ...]:
        """As `KeepingNode.snapshot`."""
        return tuple(self._former)

    def back(self, snapshot: Sequence[Sequence[float]]) -> None:
        """As `KeepingNode.back`."""
        self._former = deque((time, value) for time, value in snapshot)
