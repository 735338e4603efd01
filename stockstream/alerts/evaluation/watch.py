"""Watch: a rule at work over one series; it says at which bars the rule comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from stockstream.alerts.evaluation.conditions import AnyBanded, CrossingNode
from stockstream.alerts.evaluation.node import Input, KeepingNode, Node, Saved
from stockstream.alerts.language.terms import Silence, is_event
from stockstream.alerts.rule import Rule
from stockstream.records import Way


class Coming(NamedTuple):
    """A rule came at a bar: which one, when the bar opened, how, and the numbers that it compares."""

    rule: Rule
    time: datetime
    way: Way
    values: dict[str, float | None]


class Watch(KeepingNode[Coming, tuple[bool, datetime | None]]):
    """A rule over one series.

    It comes at each bar at which its condition becomes true, the first known bar included; one that is an event, as a
    crossing, at each bar at which it is true. Its value is the `Coming` at the bar, None without one.
    """

    __slots__ = ("_banded", "_condition", "_event", "_operands", "_told", "_true", "rule")

    def __init__(
        self,
        rule: Rule,
        condition: Node[bool],
        operands: Sequence[tuple[str, Node[float]]],
        banded: Sequence[AnyBanded] = (),
    ) -> None:
        super().__init__()
        self._banded = tuple(banded)
        self.rule = rule
        self._condition = condition
        self._operands = tuple(operands)
        assert not isinstance(rule.meaning.condition, Silence)
        self._event = is_event(rule.meaning.condition)
        self._true = False
        self._told: datetime | None = None

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - doubts are the numbers' business
        """As `Node.step`."""
        true = self._condition.value
        if not true:
            self.value = None
            if true is not None:
                self._true = False
            return
        self.value = None if self._true and not self._event else self._coming(row.time)
        self._true = True

    def _coming(self, time: datetime) -> Coming | None:
        meaning = self.rule.meaning
        if self._told is not None and (
            meaning.once or (meaning.cooldown and (time - self._told).total_seconds() < meaning.cooldown)
        ):
            return None
        self._told = time
        way = meaning.way
        if way is None:
            assert isinstance(self._condition, CrossingNode)
            way = self._condition.way
        return Coming(self.rule, time, way, {name: node.value for name, node in self._operands})

    def begin_told(self, time: datetime) -> None:
        """Before the step of a bar: while it was forming, the rule was told of, with ``once`` and bands as always."""
        self._told = time if self._told is None else max(self._told, time)
        self._true = True
        for node in self._banded:
            node.begin_told()

    def end_told(self) -> None:
        """After that step."""
        for node in self._banded:
            node.end_told()

    def snapshot(self) -> tuple[bool, datetime | None]:
        """As `KeepingNode.snapshot`."""
        return self._true, self._told

    def back(self, snapshot: tuple[bool, datetime | None]) -> None:
        """As `KeepingNode.back`."""
        self._true, self._told = snapshot

    def saved(self, snapshot: tuple[bool, datetime | None]) -> Saved:
        """As `KeepingNode.saved`."""
        true, told = snapshot
        return [true, None if told is None else told.timestamp()]

    def restored(self, saved: Saved) -> tuple[bool, datetime | None]:
        """As `KeepingNode.restored`."""
        true, told = saved
        return bool(true), None if told is None else datetime.fromtimestamp(told, UTC)


class OpenHours(Protocol):
    """How long an exchange trades between two instants."""

    def __call__(self, begin: datetime, end: datetime, /) -> timedelta:
        """The sum of its open hours."""


class SilenceWatch(KeepingNode[Coming, tuple[datetime | None, bool]]):
    """A rule about bars that do not come: it comes at the last bar before a gap, and while one goes on.

    Parameters
    ----------
    rule
        Its condition is a `Silence`.
    ends
        When the period of a bar ends, by its opening time.
    open_for
        The hours of the exchange; None where all hours count.
    """

    __slots__ = ("_ends", "_last", "_limit", "_open_for", "_told", "rule")

    def __init__(self, rule: Rule, ends: Callable[[datetime], datetime], open_for: OpenHours | None) -> None:
        super().__init__()
        silence = rule.meaning.condition
        assert isinstance(silence, Silence)
        self.rule = rule
        self._ends = ends
        self._limit = timedelta(seconds=silence.seconds)
        self._open_for = open_for if silence.while_open else None
        self._last: datetime | None = None
        self._told = False

    def step(self, row: Input, doubts: int) -> None:  # noqa: ARG002 - a doubtful bar has come, too
        """As `Node.step`."""
        self.value = self.silent(row.time)
        self._told |= self.value is not None
        self._last = row.time

    def silent(self, now: datetime, newest: datetime | None = None) -> Coming | None:
        """The silence after the last bar, if by now it is long enough; changes nothing.

        ``newest`` is a bar that has come, and is not final yet.
        """
        last = newest or self._last
        if last is None or (self._told and self.rule.meaning.once):
            return None
        ends = self._ends(last)
        if now - ends < self._limit:
            return None
        if self._open_for is not None and self._open_for(ends, now) < self._limit:
            return None
        return Coming(self.rule, last, "silent", {})

    def snapshot(self) -> tuple[datetime | None, bool]:
        """As `KeepingNode.snapshot`."""
        return self._last, self._told

    def back(self, snapshot: tuple[datetime | None, bool]) -> None:
        """As `KeepingNode.back`."""
        self._last, self._told = snapshot

    def saved(self, snapshot: tuple[datetime | None, bool]) -> Saved:
        """As `KeepingNode.saved`."""
        last, told = snapshot
        return [None if last is None else last.timestamp(), told]

    def restored(self, saved: Saved) -> tuple[datetime | None, bool]:
        """As `KeepingNode.restored`."""
        last, told = saved
        return None if last is None else datetime.fromtimestamp(last, UTC), bool(told)
