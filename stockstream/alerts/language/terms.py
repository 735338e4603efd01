"""Terms: what a rule means, as values that can be compared, so that equal parts of rules are computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Value: TypeAlias = int | float | str | bool | None
"""A value of an indicator's parameter; None only as a default."""

Direction: TypeAlias = Literal["above", "below", "either"]


@dataclass(frozen=True)
class Constant:
    """A number; of a span, its seconds; of a percentage, its fraction."""

    value: float


@dataclass(frozen=True)
class BarField:
    """A field of the bar: open, high, low, close or volume."""

    name: str


@dataclass(frozen=True)
class IndicatorTerm:
    """An indicator of the catalog with all its parameters, of the bars, or ``over`` other numbers as its closes."""

    name: str
    parameters: tuple[tuple[str, Value], ...]
    over: Number | None = None


@dataclass(frozen=True)
class Reading:
    """A field of an indicator's points."""

    indicator: IndicatorTerm
    field: str


@dataclass(frozen=True)
class Change:
    """The change of a number, as a fraction, over so many bars, or else over so many seconds."""

    of: Number
    bars: int = 0
    seconds: int = 0


@dataclass(frozen=True)
class Arithmetic:
    """Two numbers added, subtracted, multiplied or divided."""

    sign: str
    left: Number
    right: Number


@dataclass(frozen=True)
class TopicField:
    """A field of a topic: its lag, the number of its dead letters, or its age in seconds."""

    topic: str
    name: str


Number: TypeAlias = Constant | BarField | Reading | Change | Arithmetic | TopicField


@dataclass(frozen=True)
class Comparison:
    """Two numbers compared. ``band`` is a fraction of the right one by which the left has to go back to be another."""

    sign: str
    left: Number
    right: Number
    band: float = 0.0


@dataclass(frozen=True)
class Crossing:
    """The left number was at or below the right one and is above now, or the other way round."""

    direction: Direction
    left: Number
    right: Number
    band: float = 0.0


@dataclass(frozen=True)
class All:
    """Every condition is true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Any:
    """At least one condition is true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """A condition is false."""

    of: Condition


@dataclass(frozen=True)
class Lasting:
    """A condition is true at so many bars on end."""

    of: Condition
    bars: int


@dataclass(frozen=True)
class Sequence:
    """A condition was true, then another one within so many bars, and so on: true at the bar of the last."""

    first: Condition
    steps: tuple[tuple[Condition, int], ...]


Condition: TypeAlias = Comparison | Crossing | All | Any | Not | Lasting | Sequence


@dataclass(frozen=True)
class Silence:
    """No bar comes for so many seconds; ``while_open``: of those in which the exchange is open."""

    seconds: int
    while_open: bool = False


def is_event(condition: Condition) -> bool:
    """Whether it is true only at the bar where something happens, so that each true bar is an alert of its own.

    >>> level = Comparison(">", BarField("close"), Constant(180.0))
    >>> is_event(level), is_event(All((level, Crossing("above", BarField("close"), Constant(180.0)))))
    (False, True)
    """
    match condition:
        case Crossing() | Sequence():
            return True
        case All(parts):
            return any(map(is_event, parts))
        case Any(parts):
            return all(map(is_event, parts))
        case _:
            return False
