"""Meaning of a rule: its tree as terms, checked against the fields of bars, topics and indicators that there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from lark import Token, Tree

from stockstream.alerts.language.numbers import Numbers
from stockstream.alerts.language.parser import Node, children, column_of, parse, text_of
from stockstream.alerts.language.spans import seconds_of
from stockstream.alerts.language.terms import (
    All,
    Any,
    Arithmetic,
    Change,
    Comparison,
    Condition,
    Constant,
    Crossing,
    Direction,
    Lasting,
    Not,
    Number,
    Reading,
    Sequence,
    Silence,
    TopicField,
    is_event,
)
from stockstream.errors import RuleError
from stockstream.intervals import parse as parse_interval
from stockstream.periods import longer
from stockstream.records import Way

Part: TypeAlias = "Tree[Token]"

_MINUTE: Final = 60
_MOST_BARS: Final = 100_000
_DIRECTIONS: Final[Mapping[str | None, Direction]] = {None: "either", "above": "above", "below": "below"}
_WAYS: Final[Mapping[str, Way]] = {">": "above", ">=": "above", "<": "below", "<=": "below"}


@dataclass(frozen=True)
class Meaning:
    """What a rule means.

    Attributes
    ----------
    when
        The rule as it was written.
    condition
        When it comes true.
    operands
        The numbers that it compares, each as it was written, without constants.
    way
        How it comes, where that does not depend on the bar; None for a crossing either way.
    interval
        The interval of the bars that it is over; None for those that arrive.
    forming
        Whether forming bars count, too.
    cooldown
        Seconds after an alert in which there is no other one.
    once
        Whether it comes only once in a series.
    """

    when: str
    condition: Condition | Silence
    operands: tuple[tuple[str, Number], ...] = ()
    way: Way | None = "true"
    interval: str | None = None
    forming: bool = False
    cooldown: int = 0
    once: bool = False

    @property
    def of_topics(self) -> bool:
        """Whether it is about topics, and not about bars."""
        return any(isinstance(leaf, TopicField) for _, number in self.operands for leaf in leaves(number))

    @property
    def span(self) -> int | None:
        """The shortest time of which it speaks, in seconds: a change over it, or one in which no bar comes.

        >>> understand("change(15m) > 2% and rsi < 30").span, understand("change(5) > 2%").span
        (900, None)
        """
        if isinstance(self.condition, Silence):
            return self.condition.seconds
        return min((span for _, number in self.operands for span in _spans(number)), default=None)


def understand(rule: str) -> Meaning:
    """The meaning of a rule.

    Raises
    ------
    RuleError
        It cannot be understood; names the column.
    """
    return _Reader(rule).meaning()


def leaves(number: Number) -> tuple[Number, ...]:
    """The numbers that a number is made of, without operations."""
    match number:
        case Arithmetic(_, left, right):
            return leaves(left) + leaves(right)
        case Change(of=of):
            return leaves(of)
        case Reading(indicator) if indicator.over is not None:
            return leaves(indicator.over)
        case _:
            return (number,)


def _spans(number: Number) -> tuple[int, ...]:
    """The times in seconds over which a number, or one that it is made of, is the change."""
    match number:
        case Arithmetic(_, left, right):
            return _spans(left) + _spans(right)
        case Change(of, seconds=seconds):
            return (*((seconds,) if seconds else ()), *_spans(of))
        case Reading(indicator) if indicator.over is not None:
            return _spans(indicator.over)
        case _:
            return ()


class _Reader:
    """Reads one rule."""

    def __init__(self, rule: str) -> None:
        self._rule = rule
        self._numbers = Numbers(rule)
        self._band = 0.0
        self._operands: dict[str, Number] = {}
        self._conditions: Mapping[str, Callable[[Part], Condition]] = {
            "either": lambda part: Any(self._parts(part)),
            "both": lambda part: All(self._parts(part)),
            "negation": lambda part: Not(self._condition(children(part)[0])),
            "lasting": self._lasting,
            "comparison": self._comparison,
            "crossing": self._crossing,
            "sequence": self._sequence,
        }

    def meaning(self) -> Meaning:
        tree = parse(self._rule)
        body, *clauses = children(tree)
        options = self._options(clauses)
        self._band = float(options.pop("band", 0.0))
        if isinstance(body, Tree) and body.data == "silence":
            return self._silence(body, options, clauses)
        condition = self._condition(body)
        operands = tuple((name, each) for name, each in self._operands.items() if not isinstance(each, Constant))
        found = Meaning(
            " ".join(self._rule.split()), condition, operands, _way(condition),
            interval=_text(options, "interval"), forming=options.get("on") == "forming",
            cooldown=int(options.get("cooldown", 0)), once="once" in options,
        )  # fmt: skip
        self._refuse_mixture(body, found, condition)
        return found

    def _refuse_mixture(self, body: object, found: Meaning, condition: Condition) -> None:
        parts = [leaf for _, number in found.operands for leaf in leaves(number)]
        if not parts:
            raise self._error(body, "there is nothing in it that changes: name a field or an indicator")
        of_topics = [isinstance(leaf, TopicField) for leaf in parts]
        if any(of_topics) and not all(of_topics):
            raise self._error(body, "a rule is about bars or about a topic, not about both")
        if any(of_topics) and (found.interval or found.forming or _counts_bars(condition)):
            raise self._error(body, "a topic has no bars: only comparisons, crosses, and, or, not")

    def _options(self, clauses: list[Node]) -> dict[str, float | str]:
        found: dict[str, float | str] = {}
        for clause in clauses:
            assert isinstance(clause, Tree)
            name = str(clause.data)
            if name in found:
                raise self._error(clause, f"{name} is said twice")
            found[name] = self._option(name, clause)
        return found

    def _option(self, name: str, clause: Part) -> float | str:
        value = str(children(clause)[0]) if children(clause) else ""
        if name == "interval":
            try:
                return value if parse_interval(value).seconds <= _MINUTE else longer(value)
            except ValueError as error:
                raise self._error(children(clause)[0], str(error)) from None
        if name == "cooldown":
            return self._seconds(children(clause)[0])
        return float(value.rstrip("% ")) / 100.0 if name == "band" else value.lower()

    def _seconds(self, token: object) -> int:
        try:
            return seconds_of(str(token))
        except ValueError as error:
            raise self._error(token, str(error)) from None

    def _silence(self, part: Part, options: Mapping[str, float | str], clauses: list[Node]) -> Meaning:
        for clause in clauses:
            if isinstance(clause, Tree) and str(clause.data) not in ("once", "interval"):
                raise self._error(clause, f"{clause.data} means nothing where no bar comes")
        span, *rest = children(part)
        silence = Silence(self._seconds(span), while_open=any(rest))
        return Meaning(
            " ".join(self._rule.split()), silence, way="silent", interval=_text(options, "interval"),
            once="once" in options,
        )  # fmt: skip

    def _parts(self, part: Part) -> tuple[Condition, ...]:
        return tuple(map(self._condition, children(part)))

    def _condition(self, part: object) -> Condition:
        if isinstance(part, Tree):
            if part.data == "silence":
                raise self._error(part, "`no bar` is a rule of its own: it cannot be joined with others")
            read = self._conditions.get(str(part.data))
            if read is not None:
                return read(part)
        self._number(part)  # if that is wrong, too, it says more
        shown = text_of(self._rule, part)
        raise self._error(part, f"{shown} is a number: compare it with another one, such as {shown} > 0")

    def _number(self, part: object) -> Number:
        if isinstance(part, Tree) and (str(part.data) in self._conditions or part.data == "silence"):
            raise self._error(part, "this is a condition, and a number is needed")
        return self._numbers.read(part)

    def _operand(self, part: object) -> Number:
        number = self._number(part)
        self._operands.setdefault(text_of(self._rule, part), number)
        return number

    def _count(self, token: object) -> int:
        bars = int(str(token))
        if not 1 <= bars <= _MOST_BARS:
            raise self._error(token, f"the number of bars is from 1 to {_MOST_BARS:,}")
        return bars

    def _lasting(self, part: Part) -> Condition:
        inner, count = children(part)[:2]
        condition = self._condition(inner)
        if is_event(condition):
            raise self._error(inner, "a crossing happens at one bar: it does not last")
        return Lasting(condition, self._count(count))

    def _comparison(self, part: Part) -> Condition:
        numbers = [self._operand(each) for each in children(part)[::2]]
        signs = [str(each) for each in children(part)[1::2]]
        found = tuple(
            Comparison(sign, left, right, self._band)
            for sign, left, right in zip(signs, numbers, numbers[1:], strict=False)
        )
        return found[0] if len(found) == 1 else All(found)

    def _crossing(self, part: Part) -> Condition:
        left, direction, right = children(part)
        named = None if direction is None else str(direction).lower()
        return Crossing(_DIRECTIONS[named], self._operand(left), self._operand(right), self._band)

    def _sequence(self, part: Part) -> Condition:
        begin, *steps = children(part)
        first, read = self._condition(begin), []
        for step in steps:
            assert isinstance(step, Tree)
            read.append((self._condition(children(step)[0]), self._count(children(step)[1])))
        return Sequence(first, tuple(read))

    def _error(self, part: object, reason: str) -> RuleError:
        return RuleError(reason, rule=self._rule, column=column_of(part))


def _way(condition: Condition) -> Way | None:
    match condition:
        case Crossing("either"):
            return None
        case Crossing("above" | "below" as direction):
            return direction
        case Comparison(sign) if sign in _WAYS:
            return _WAYS[sign]
        case _:
            return "true"


def _counts_bars(condition: Condition) -> bool:
    match condition:
        case Lasting() | Sequence():
            return True
        case All(parts) | Any(parts):
            return any(map(_counts_bars, parts))
        case Not(of):
            return _counts_bars(of)
        case _:
            return False


def _text(options: Mapping[str, float | str], name: str) -> str | None:
    return str(options[name]) if name in options else None
