"""Oracle of rules: their definitions, by plain loops over whole series, without any state between two bars."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any as Anything

import numpy as np

from stockstream.alerts.language.meaning import Meaning
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
    is_event,
)
from stockstream.alerts.language.terms import Sequence as SequenceTerm
from stockstream.indicators import Resampler
from stockstream.indicators.catalog import catalog
from stockstream.records import Bar
from stockstream.views.history import History

Values = list[float | None]
Truths = list[bool | None]

COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
OPERATE = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


class Oracle:
    """A rule over bars that are known from the beginning: in order, each once, all final."""

    def __init__(self, bars: Sequence[Bar], interval: str | None = None) -> None:
        self._bars = bars
        self._interval = interval
        frame = self._frame({})
        self.times: list[Anything] = frame["time"].tolist()
        self._columns = {name: frame[name] for name in ("open", "high", "low", "close", "volume")}
        self._doubts = {name: ~frame.sure(name) for name in self._columns}
        self._complete = self._number_of_complete(frame)

    def _frame(self, makers: Anything) -> Anything:
        resampler = None if self._interval is None else Resampler(self._interval)
        kept = History(makers, resampler=resampler)
        kept.take(self._bars)
        return kept.frame()

    def _number_of_complete(self, frame: Anything) -> int:
        return len(frame) - int(not frame["final"][-1]) if len(frame) else 0

    def comings(self, meaning: Meaning) -> list[tuple[Anything, str]]:
        """When and how the rule comes."""
        assert not isinstance(meaning.condition, tuple)
        condition: Condition = meaning.condition  # type: ignore[assignment]
        truths = self.truths(condition)
        found: list[tuple[Anything, str]] = []
        for place in range(self._complete):
            if not truths[place]:
                continue
            former = [truths[before] for before in range(place) if truths[before] is not None]
            if not is_event(condition) and former and former[-1]:
                continue
            if found and meaning.once:
                continue
            if found and (self.times[place] - found[-1][0]).total_seconds() < meaning.cooldown:
                continue
            found.append((self.times[place], meaning.way or self._direction(condition, place)))
        return found

    def _direction(self, condition: Condition, place: int) -> str:
        assert isinstance(condition, Crossing)
        left, right = self.numbers(condition.left)[place], self.numbers(condition.right)[place]
        assert left is not None and right is not None  # noqa: PT018
        return "above" if left > right else "below"

    def numbers(self, term: Number) -> Values:
        match term:
            case Constant(value):
                return [value] * len(self.times)
            case BarField(name):
                pairs = zip(self._columns[name].tolist(), self._doubts[name].tolist(), strict=True)
                return [None if doubt or value != value else value for value, doubt in pairs]
            case Reading(indicator, field):
                return self._reading(indicator, field)
            case Arithmetic(sign, left, right):
                return [self._result(sign, *pair) for pair in zip(self.numbers(left), self.numbers(right), strict=True)]
            case Change():
                return self._change(term)
        raise AssertionError(term)

    def _result(self, sign: str, left: float | None, right: float | None) -> float | None:
        if left is None or right is None or (sign == "/" and right == 0):
            return None
        value = OPERATE[sign](left, right)
        return value if abs(value) <= 1e300 else None

    def _reading(self, term: IndicatorTerm, field: str) -> Values:
        if term.over is None:
            column = self._frame({"x": lambda: catalog()[term.name](**dict(term.parameters))})
            name = next(each for each in column if each in (f"x.{field}", f"x_{field}", "x", field))
            return [None if value != value else value for value in column[name].tolist()]
        inner = self.numbers(term.over)
        known = [place for place, value in enumerate(inner) if value is not None]
        found: Values = [None] * len(inner)
        if known:
            closes = np.array([inner[place] for place in known], float)
            points = catalog()[term.name](**dict(term.parameters)).batch({"close": closes})[field]
            for place, value in zip(known, points.tolist(), strict=True):
                found[place] = None if value != value else value
        return found

    def _change(self, term: Change) -> Values:
        values = self.numbers(term.of)
        found: Values = [None] * len(values)
        for place, value in enumerate(values):
            if value is None:
                continue
            known = [before for before in range(place) if values[before] is not None]
            if term.bars:
                known = known[-term.bars :][:1] if len(known) >= term.bars else []
            else:
                known = [b for b in known if (self.times[place] - self.times[b]).total_seconds() >= term.seconds][-1:]
            base = values[known[0]] if known else None
            if base:
                found[place] = (value - base) / abs(base)
        return found

    def truths(self, term: Condition) -> Truths:
        match term:
            case Comparison():
                return self._comparison(term)
            case Crossing():
                return self._crossing(term)
            case All(parts):
                return [_and(each) for each in zip(*map(self.truths, parts), strict=True)]
            case Any(parts):
                return [_or(each) for each in zip(*map(self.truths, parts), strict=True)]
            case Not(of):
                return [None if each is None else not each for each in self.truths(of)]
            case Lasting(of, bars):
                return self._lasting(self.truths(of), bars)
            case SequenceTerm(first, steps):
                truths = [self.truths(first), *(self.truths(part) for part, _ in steps)]
                return self._sequence(truths, [limit for _, limit in steps])

    def _pairs(self, term: Comparison | Crossing) -> list[tuple[float, float] | None]:
        pairs = zip(self.numbers(term.left), self.numbers(term.right), strict=True)
        return [None if left is None or right is None else (left, right) for left, right in pairs]

    def _comparison(self, term: Comparison) -> Truths:
        plain = [None if pair is None else COMPARE[term.sign](*pair) for pair in self._pairs(term)]
        if not term.band or term.sign in ("==", "!="):
            return plain
        found: Truths = []
        up = term.sign.startswith(">")
        for pair, true in zip(self._pairs(term), plain, strict=True):
            former = [each for each in found if each is not None]
            if pair is not None and not true and former and former[-1]:
                edge = abs(pair[1]) * term.band
                true = pair[0] > pair[1] - edge if up else pair[0] < pair[1] + edge
            found.append(true)
        return found

    def _crossing(self, term: Crossing) -> Truths:
        """At each known pair: since the last told crossing, or ever, it was on the other side, by the band."""
        rises, falls = term.direction != "below", term.direction != "above"
        known = [(place, pair) for place, pair in enumerate(self._pairs(term)) if pair is not None]
        found: Truths = [None] * len(self.times)
        rose_at = fell_at = -1
        for now, (place, (left, right)) in enumerate(known):
            rose = left > right and _was(known, rose_at, now, term.band, up=True)
            fell = left < right and _was(known, fell_at, now, term.band, up=False)
            rose_at, fell_at = now if rose else rose_at, now if fell else fell_at
            found[place] = (rose and rises) or (fell and falls)
        return found

    def _lasting(self, truths: Truths, bars: int) -> Truths:
        found: Truths = []
        for place, true in enumerate(truths):
            known = [each for each in truths[: place + 1] if each is not None]
            found.append(None if true is None else len(known) >= bars and all(known[-bars:]))
        return found

    def _sequence(self, parts: list[Truths], limits: list[int]) -> Truths:
        found: Truths = [False] * len(self.times)
        after = -1
        for place in range(len(self.times)):
            if parts[-1][place] and _chained(parts, limits, place, after):
                found[place] = True
                after = place
        return found


def _chained(parts: list[Truths], limits: list[int], end: int, after: int) -> bool:
    """Whether the parts before the last were true in their order, each within its limit, behind a place."""
    if len(parts) == 1:
        return True
    for place in range(max(after + 1, end - limits[-1]), end):
        if parts[-2][place] and _chained(parts[:-1], limits[:-1], place, after):
            return True
    return False


def _was(known: Sequence[tuple[int, tuple[float, float]]], told: int, now: int, band: float, *, up: bool) -> bool:
    """Whether the left number was on the other side behind the last told crossing, before now."""
    for place in range(max(told + 1, 0), now):
        left, right = known[place][1]
        edge = abs(right) * band if place else 0.0
        if (left <= right - edge) if up else (left >= right + edge):
            return True
    return False


def _and(values: Sequence[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def _or(values: Sequence[bool | None]) -> bool | None:
    return True if True in values else None if None in values else False
