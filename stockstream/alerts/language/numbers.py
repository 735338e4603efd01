"""Numbers of a rule: constants, fields of bars and topics, indicators with their parameters, changes, arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from lark import Token, Tree

from stockstream.alerts.language.parser import children, column_of, text_of
from stockstream.alerts.language.spans import seconds_of
from stockstream.alerts.language.terms import (
    Arithmetic,
    BarField,
    Change,
    Constant,
    IndicatorTerm,
    Number,
    Reading,
    TopicField,
    Value,
)
from stockstream.errors import RuleError
from stockstream.indicators.catalog import AnyKind, AnyParameter, catalog, of_bars, parameters_of
from stockstream.names import cut, nearest
from stockstream.records import NUMBERS
from stockstream.topics import STOCKS, TOPICS

TOPIC_FIELDS: Final = ("lag", "dead_letters", "age")
"""Fields of a topic: messages that the slowest of our groups has not read, dead letters, seconds since the newest."""

CHANGE: Final = "change"
_CLOSE: Final = BarField("close")
_FOLDED: Final = {"+": "__add__", "-": "__sub__", "*": "__mul__"}


class Numbers:
    """Reads the numbers of one rule. Every method raises RuleError."""

    def __init__(self, rule: str) -> None:
        self._rule = rule

    def read(self, part: object) -> Number:
        """The number that a part of the tree means."""
        assert isinstance(part, Tree)
        match str(part.data):
            case "number":
                return self._constant(part, float(str(children(part)[0])))
            case "percentage":
                return Constant(float(str(children(part)[0]).rstrip("% ")) / 100.0)
            case "span":
                return Constant(float(self._seconds(part)))
            case "string":
                raise self._error(part, f"{children(part)[0]} is a text, and a number is needed")
            case "negative":
                number = self.read(children(part)[0])
                return (
                    Constant(-number.value) if isinstance(number, Constant) else Arithmetic("-", Constant(0.0), number)
                )
            case "sum" | "product":
                return self._arithmetic(part)
            case "named":
                return self._named(part)
            case _:
                raise self._error(part, "this is a condition, and a number is needed")

    def _constant(self, part: Tree[Token], value: float) -> Constant:
        if not -1e100 <= value <= 1e100:
            raise self._error(part, "numbers are within 1e100")
        return Constant(value)

    def _seconds(self, part: Tree[Token]) -> int:
        try:
            return seconds_of(str(children(part)[0]))
        except ValueError as error:
            raise self._error(part, str(error)) from None

    def _arithmetic(self, part: Tree[Token]) -> Number:
        first, *rest = children(part)
        found = self.read(first)
        for sign, each in zip(rest[::2], rest[1::2], strict=True):
            right = self.read(each)
            if str(sign) == "/" and right == Constant(0.0):
                raise self._error(each, "nothing can be divided by 0")
            found = _combined(str(sign), found, right)
        if isinstance(found, Constant):
            return self._constant(part, found.value)
        return found

    def _named(self, part: Tree[Token]) -> Number:
        name, arguments, field = children(part)
        word = str(name).lower()
        if word in NUMBERS and arguments is None and field is None:
            return BarField(word)
        if word in TOPICS and field is not None:
            return self._topic(word, field)
        if word in TOPIC_FIELDS and arguments is None and field is None:
            return TopicField(STOCKS.name, word)
        if word == CHANGE:
            return self._change(part, arguments, field)
        kind = catalog().get(word)
        if kind is None:
            raise self._unknown(part, word, has_field=field is not None)
        return self._reading(part, kind)

    def _unknown(self, part: Tree[Token], word: str, *, has_field: bool) -> RuleError:
        if word in NUMBERS:
            return self._error(part, f"{word} is a field of bars: it has neither parameters nor fields")
        if word in TOPICS:
            return self._error(part, f"say which field of the topic {word}: {', '.join(TOPIC_FIELDS)}")
        known = [*NUMBERS, *TOPIC_FIELDS, CHANGE, *catalog(), *(TOPICS if has_field else ())]
        near = nearest(word, known)
        meant = f": did you mean {near}?" if near else ": `stockstream indicators` lists the indicators"
        return self._error(part, f"there is no field or indicator {cut(word)}{meant}")

    def _topic(self, topic: str, field: object) -> Number:
        name = str(field).lower()
        if name not in TOPIC_FIELDS:
            raise self._error(field, _no_field(f"the topic {topic}", name, TOPIC_FIELDS))
        return TopicField(topic, name)

    def _change(self, part: Tree[Token], arguments: object, field: object) -> Number:
        given = children(arguments)
        given = [each for each in given if each is not None]
        if field is not None:
            raise self._error(field, "a change has no fields")
        if not 1 <= len(given) <= 2 or any(children(each)[0] for each in given):
            raise self._error(part, "a change is over a time or a number of bars: change(15m), change(5, volume)")
        span, *others = [children(each)[1] for each in given]
        of = self.read(others[0]) if others else _CLOSE
        if isinstance(of, Constant):
            raise self._error(others[0], "a constant does not change")
        if isinstance(span, Tree) and span.data == "span":
            return Change(of, seconds=self._seconds(span))
        bars = self.read(span)
        if not isinstance(bars, Constant) or not bars.value.is_integer() or not 1 <= bars.value <= 100_000:
            raise self._error(span, "a change is over a time such as 15m, or over a whole number of bars")
        return Change(of, bars=int(bars.value))

    def _reading(self, part: Tree[Token], kind: AnyKind) -> Number:
        _, arguments, field = children(part)
        over, given = self._arguments(part, kind, arguments)
        try:
            made = kind(**given)
        except (ValueError, TypeError) as error:
            raise self._error(arguments or part, f"{kind.name}: {error}") from None
        defaults = {each.name: each.default for each in parameters_of(kind)}
        term = IndicatorTerm(kind.name, tuple((name, given.get(name, defaults[name])) for name in defaults), over)
        if field is not None:
            name = str(field).lower()
            if name not in made.fields:
                raise self._error(field, _no_field(kind.name, name, made.fields))
            return Reading(term, name)
        if len(made.fields) > 1 and kind.name not in made.fields:
            shown = text_of(self._rule, part)
            raise self._error(
                part, f"{kind.name} has {', '.join(made.fields)}: name one, such as {shown}.{made.fields[-1]}"
            )
        return Reading(term, kind.name if kind.name in made.fields else made.fields[0])

    def _arguments(self, part: Tree[Token], kind: AnyKind, arguments: object) -> tuple[Number | None, dict[str, Value]]:
        """What an indicator is over, if not the bars, and the given parameters by name."""
        if not of_bars(kind):
            raise self._error(part, f"{kind.name} is not over bars: it reads {', '.join(kind.inputs)}")
        declared = {each.name: each for each in parameters_of(kind)}
        over: Number | None = None
        given: dict[str, Value] = {}
        trees = [each for each in (children(arguments)) if each is not None]
        for place, argument in enumerate(trees):
            assert isinstance(argument, Tree)
            name, value = children(argument)
            if name is None and place == 0 and not _plain(value):
                over = self._over(kind, value)
                continue
            parameter = self._parameter(kind, declared, given, argument)
            given[parameter.name] = self._value(kind, parameter, value)
        return over, given

    def _over(self, kind: AnyKind, value: object) -> Number | None:
        number = self.read(value)
        if tuple(kind.inputs) != ("close",):
            if number == _CLOSE:
                return None
            raise self._error(value, f"{kind.name} reads {', '.join(kind.inputs)}: it cannot be over another number")
        return None if number == _CLOSE else number

    def _parameter(
        self, kind: AnyKind, declared: Mapping[str, AnyParameter], given: Mapping[str, Value], argument: Tree[Token]
    ) -> AnyParameter:
        name = children(argument)[0]
        free = [each for each in declared if each not in given]
        if name is None:
            if not free:
                most = f"only {', '.join(declared)}" if declared else "no parameters"
                raise self._error(argument, f"that is too much: {kind.name} has {most}")
            return declared[free[0]]
        found = declared.get(str(name).lower())
        if found is None:
            near = nearest(str(name), declared)
            meant = f": did you mean {near}?" if near else f": it has {', '.join(declared) or 'none'}"
            raise self._error(name, f"{kind.name} has no parameter {cut(str(name))}{meant}")
        if found.name in given:
            raise self._error(name, f"{found.name} is said twice")
        return found

    def _value(self, kind: AnyKind, parameter: AnyParameter, value: object) -> Value:
        what = f"{parameter.name} of {kind.name}"
        if isinstance(value, Tree) and value.data == "string":
            if parameter.type is str:
                return str(children(value)[0])[1:-1]
            raise self._error(value, f"{what} is a number, not a text")
        if parameter.type is bool:
            return self._truth(what, value)
        if parameter.type is str:
            raise self._error(value, f"{what} is a text: put it in quotes")
        number = self.read(value)
        if not isinstance(number, Constant):
            raise self._error(value, f"{what} is a number that does not change")
        if parameter.type is int:
            if not number.value.is_integer():
                raise self._error(value, f"{what} is a whole number")
            return int(number.value)
        return number.value

    def _truth(self, what: str, value: object) -> bool:
        word = text_of(self._rule, value).lower() if isinstance(value, Tree) else ""
        if word not in ("true", "false"):
            raise self._error(value, f"{what} is true or false")
        return word == "true"

    def _error(self, part: object, reason: str) -> RuleError:
        return RuleError(reason, rule=self._rule, column=column_of(part))


def _combined(sign: str, left: Number, right: Number) -> Number:
    if isinstance(left, Constant) and isinstance(right, Constant):
        if sign == "/":
            return Constant(left.value / right.value)
        value = float(getattr(left.value, _FOLDED[sign])(right.value))
        return Constant(value if math.isfinite(value) else math.copysign(1e300, value))
    return Arithmetic(sign, left, right)


def _plain(value: object) -> bool:
    """Whether a first argument is a parameter: a constant, a text, true or false."""
    if not isinstance(value, Tree):
        return True
    if value.data == "named":
        name, arguments, field = children(value)
        return arguments is None and field is None and str(name).lower() in ("true", "false")
    return value.data in ("number", "percentage", "span", "string") or (
        value.data in ("negative", "sum", "product") and all(_plain(each) for each in children(value))
    )


def _no_field(owner: str, name: str, fields: tuple[str, ...]) -> str:
    near = nearest(name, fields)
    meant = f"did you mean {near}? " if near else ""
    return f"{owner} has no field {cut(name)}: {meant}it has {', '.join(fields)}"
