"""Program: all rules over one series as nodes, equal parts of them once, stepped a bar at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any as Anything
from typing import TypeAlias

from stockstream.alerts.evaluation.conditions import (
    AllNode,
    AnyNode,
    Banded,
    BandedNode,
    ComparisonNode,
    CrossingNode,
    LastingNode,
    NotNode,
    SequenceNode,
)
from stockstream.alerts.evaluation.node import Input, KeepingNode, Saved, SomeNode
from stockstream.alerts.evaluation.numbers import (
    ArithmeticNode,
    ChangeNode,
    ConstantNode,
    FieldNode,
    IndicatorNode,
    NestedNode,
    PointNode,
    TopicNode,
)
from stockstream.alerts.evaluation.watch import Coming, OpenHours, SilenceWatch, Watch
from stockstream.alerts.language.terms import (
    All,
    Any,
    Arithmetic,
    BarField,
    Change,
    Comparison,
    Condition,
    Constant,
    Crossing,
    IndicatorTerm,
    Lasting,
    Not,
    Number,
    Reading,
    Silence,
    TopicField,
)
from stockstream.alerts.language.terms import (
    Sequence as SequenceTerm,
)
from stockstream.alerts.rule import Rule
from stockstream.errors import StateError
from stockstream.indicators.catalog import catalog

Snapshot: TypeAlias = tuple[Anything, ...]
"""What each node keeps."""


class Program:
    """Some rules over the bars of one series.

    Parameters
    ----------
    rules
        The rules.
    ends
        When the period of a bar ends, by its opening time.
    open_for
        The hours of the exchange; None where they are not known.

    Attributes
    ----------
    watches
        One for each rule.
    """

    def __init__(
        self, rules: Sequence[Rule], ends: Callable[[datetime], datetime], open_for: OpenHours | None = None
    ) -> None:
        self._nodes: list[SomeNode] = []
        self._told: dict[datetime, list[Watch]] = {}
        """By the time of a bar the watches that were told of while it was forming."""
        self._known: dict[Number | Condition | IndicatorTerm, SomeNode] = {}
        self.watches = [self._watch(rule, ends, open_for) for rule in rules]
        self._nodes += self.watches
        self.silences = [watch for watch in self.watches if isinstance(watch, SilenceWatch)]
        self._keeping = [node for node in self._nodes if isinstance(node, KeepingNode)]
        self._steps = [node.step for node in self._nodes if not isinstance(node, ConstantNode)]

    def __len__(self) -> int:
        """Number of nodes without the watches."""
        return len(self._known)

    def step(self, row: Input, doubts: int) -> list[Coming]:
        """Take the next bar; returns the rules that come at it, in their order."""
        told = self._told.get(row.time, ()) if self._told else ()
        for watch in told:
            watch.begin_told(row.time)
        for step in self._steps:
            step(row, doubts)
        for watch in told:
            watch.end_told()
        return [watch.value for watch in self.watches if watch.value is not None]

    def note_told(self, alerts: Iterable[tuple[str, datetime]]) -> None:
        """Note rules, by their names, that were told of at bars that formed: the bars' last steps heed it."""
        for rule, time in alerts:
            watches = self._told.setdefault(time, [])
            watches += [
                each
                for each in self.watches
                if isinstance(each, Watch) and each.rule.name == rule and each not in watches
            ]

    def forget_told(self, before: datetime) -> None:
        """Forget what was noted of bars before a time, which are not stepped again."""
        self._told = {time: watches for time, watches in self._told.items() if time >= before}

    def snapshot(self) -> Snapshot:
        """The state of all nodes."""
        return tuple([node.snapshot() for node in self._keeping])

    def back(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this program, which stays as it is."""
        for node, part in zip(self._keeping, snapshot, strict=True):
            node.back(part)

    def saved(self, snapshot: Snapshot) -> list[Saved]:
        """A snapshot for a checkpoint."""
        return [node.saved(part) for node, part in zip(self._keeping, snapshot, strict=True)]

    def restored(self, saved: Sequence[Saved]) -> Snapshot:
        """The snapshot of a checkpoint. Raises StateError for that of another program."""
        try:
            return tuple([node.restored(part) for node, part in zip(self._keeping, saved, strict=True)])
        except (ValueError, TypeError, LookupError) as error:
            raise StateError(f"the saved state of rules cannot be used: {error}") from error

    def _watch(
        self, rule: Rule, ends: Callable[[datetime], datetime], open_for: OpenHours | None
    ) -> Watch | SilenceWatch:
        meaning = rule.meaning
        if isinstance(meaning.condition, Silence):
            return SilenceWatch(rule, ends, open_for)
        condition = self.node(meaning.condition)
        banded = [node for term in _comparisons(meaning.condition) if isinstance(node := self.node(term), Banded)]
        return Watch(rule, condition, [(name, self.node(number)) for name, number in meaning.operands], banded)

    def node(self, term: Number | Condition | IndicatorTerm) -> SomeNode:
        """The node of a term: the same one for equal terms."""
        found = self._known.get(term)
        if found is None:
            found = self._known[term] = self._made(term)
            self._nodes.append(found)
        return found

    def _made(self, term: Number | Condition | IndicatorTerm) -> SomeNode:
        if isinstance(term, Comparison | Crossing | All | Any | Not | Lasting | SequenceTerm):
            return self._condition(term)
        return self._number(term)

    def _number(self, term: Number | IndicatorTerm) -> SomeNode:
        node = self.node
        match term:
            case Constant(value):
                return ConstantNode(value)
            case BarField(name):
                return FieldNode(name)
            case TopicField(topic, name):
                return TopicNode(topic, name)
            case Reading(indicator, field):
                return PointNode(node(indicator), field)
            case IndicatorTerm(name, parameters, over):
                made = catalog()[name](**dict(parameters))
                made.require()
                return IndicatorNode(made) if over is None else NestedNode(made, node(over))
            case Change(of, bars, seconds):
                return ChangeNode(node(of), bars=bars, seconds=seconds)
            case Arithmetic(sign, left, right):
                return ArithmeticNode(sign, node(left), node(right))

    def _condition(self, term: Condition) -> SomeNode:
        node = self.node
        match term:
            case Comparison(sign, left, right, band) if band and sign[0] in "<>":
                return BandedNode(sign, node(left), node(right), band)
            case Comparison(sign, left, right):
                return ComparisonNode(sign, node(left), node(right))
            case Crossing(direction, left, right, band):
                return CrossingNode(direction, node(left), node(right), band)
            case All(parts):
                return AllNode([node(part) for part in parts])
            case Any(parts):
                return AnyNode([node(part) for part in parts])
            case Not(of):
                return NotNode(node(of))
            case Lasting(of, bars):
                return LastingNode(node(of), bars)
            case SequenceTerm(first, steps):
                return SequenceNode([node(first), *(node(part) for part, _ in steps)], [limit for _, limit in steps])


def _comparisons(condition: Condition) -> Iterator[Comparison | Crossing]:
    """The comparisons and crossings that a condition is true or false by at a bar."""
    match condition:
        case Comparison() | Crossing():
            yield condition
        case All(parts) | Any(parts):
            for part in parts:
                yield from _comparisons(part)
        case _:
            return
