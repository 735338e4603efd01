"""What holds for every indicator; a new one is covered the moment its file exists."""

from __future__ import annotations

import importlib
import inspect
import json
import math
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream import indicators
from stockstream.indicators import RSI, SMA, Aroon, Bollinger, Chain, Indicator, InvalidBar, Together
from tests.indicators.inputs import (
    COLUMNS,
    Price,
    Stretch,
    assert_identical,
    cut,
    noise,
    prices,
    stream,
    stretch,
    table,
    timed,
    walk,
)


def discovered() -> list[type[Any]]:
    """Every indicator in the package."""
    found = []
    for module in pkgutil.iter_modules(indicators.__path__):
        for name, thing in vars(importlib.import_module(f"{indicators.__name__}.{module.name}")).items():
            ours = inspect.isclass(thing) and thing.__module__.endswith(f".{module.name}") and not name.startswith("_")
            if ours and issubclass(thing, Indicator) and hasattr(thing, "name"):
                found.append(thing)
    return found


@dataclass(frozen=True)
class Maker:
    kind: type[Any]
    parameters: dict[str, Any]

    def __call__(self) -> Any:
        return self.kind(**self.parameters)

    def __str__(self) -> str:
        return self.kind.__name__ + "".join(f"-{value}" for value in self.parameters.values() if isinstance(value, int))


EXAMPLES: dict[type[Any], list[dict[str, Any]]] = {
    Chain: [
        {"inner": RSI(3), "outer": Bollinger(5)},
        {"inner": Bollinger(4), "field": "percent_b", "outer": Chain(RSI(2), SMA(7))},
    ],
    Together: [
        {"parts": {"bands": Bollinger(5), "aroon": Aroon(70), "rsi": RSI(3)}},
        {"parts": {"slow": SMA(70), "both": Together({"fast": SMA(1), "aroon": Aroon(4)})}},
    ],
}
"""Parameters for those that do not come without any."""


def makers() -> list[Maker]:
    """Each indicator as it comes, and with shorter and longer periods where it has one."""
    return [
        Maker(kind, parameters)
        for kind in discovered()
        for parameters in EXAMPLES.get(kind, [{}, {"period": 2}, {"period": 3}, {"period": 70}])
        if set(parameters) <= set(kind.parameters)
    ]


def spiked() -> np.ndarray[Any, np.dtype[np.float64]]:
    closes = walk(600)
    closes[[40, 59, 60, 333]] = 1e9
    return closes


STRETCHES: dict[str, Stretch] = {
    "walk": stretch(walk(700), 0.4),
    "flat": stretch(np.full(300, 12.34)),
    "ties": {name: np.round(column) for name, column in stretch(walk(600), 1.0).items()},
    "plateaus": stretch(np.repeat(np.round(walk(40), 2), 20)),
    "falling": stretch(np.arange(600.0, 0.0, -1.0), 0.3),
    "rising": stretch(np.arange(600.0), 0.3),
    "spikes": stretch(spiked(), 0.4),
    "1e9": stretch(noise(500, level=1e9, size=0.01), 0.005),
    "1e-7": stretch(noise(500, level=1e-7, size=1e-9), 1e-10),
    "too small to square": stretch(noise(500, level=0.0, size=1e-180), 1e-190),
    "around zero": stretch(np.round(noise(500, level=0.0, size=2.0)), 1.0),
    "ten bars": stretch(walk(10), 0.4),
    "one bar": stretch(walk(1), 0.4),
    "none": stretch(walk(0)),
}
STRETCHES = {name: timed(bars) for name, bars in STRETCHES.items()}

every_indicator = pytest.mark.parametrize("make", makers(), ids=str)
every_stretch = pytest.mark.parametrize("bars", STRETCHES.values(), ids=STRETCHES.keys())


def test_discovery_finds_what_the_package_exports() -> None:
    exported = {thing for thing in vars(indicators).values() if inspect.isclass(thing) and issubclass(thing, Indicator)}
    assert {"Aroon", "Bollinger"} <= {kind.__name__ for kind in discovered()}
    assert set(discovered()) == exported - {Indicator}
    assert {kind.__name__ for kind in discovered()} <= set(indicators.__all__)


@every_stretch
@every_indicator
def test_stream_and_batch_give_the_same_and_end_in_the_same_state(make: Maker, bars: Stretch) -> None:
    one_by_one, at_once = make(), make()
    expected = stream(one_by_one, bars)
    assert_identical(at_once.batch(bars), expected)
    assert at_once.state() == one_by_one.state()


# Batches go in chunks of some 32,768 bars: the first number leaves a single block of 20 for the second chunk.
@pytest.mark.parametrize("count", [32_805, 70_001])
@every_indicator
def test_stream_and_batch_give_the_same_over_many_bars(make: Maker, count: int) -> None:
    bars = timed(stretch(walk(count), 0.4))
    one_by_one, at_once = make(), make()
    assert_identical(at_once.batch(bars), stream(one_by_one, bars))
    assert at_once.state() == one_by_one.state()


# Few distinct values make ties, plateaus and flat windows; the others make everything else.
levels = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 1.0 + 2**-52, 7.25, -3.0]),
    st.floats(-1e6, 1e6),
    st.floats(-1e99, 1e99),
)


@st.composite
def drawn_bars(draw: st.DrawFn) -> Stretch:
    pairs = draw(st.lists(st.tuples(levels, levels), max_size=120)) * draw(st.integers(1, 4))
    one, other = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    high, low = np.maximum(one, other), np.minimum(one, other)
    columns = {"open": other, "high": high, "low": low, "close": one, "volume": np.abs(other)}
    return timed(columns, draw(st.integers(1, 300)))


@every_indicator
@settings(deadline=None, max_examples=60)
@given(bars=drawn_bars(), cuts=st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=6))
def test_any_cut_into_batches_and_updates_gives_the_same(
    make: Maker, bars: Stretch, cuts: list[tuple[int, bool]]
) -> None:
    whole, pieces = make(), make()
    expected = whole.batch(bars)
    parts, start = [], 0
    for length, at_once in [*cuts, (len(bars["close"]), True)]:
        part = cut(bars, start, start + length)
        parts.append(pieces.batch(part) if at_once else stream(pieces, part))
        start += length
    assert_identical({name: np.concatenate([part[name] for part in parts]) for name in expected}, expected)
    assert pieces.state() == whole.state()


@pytest.mark.parametrize("length", [1, 7, 20, 26, 333])
@every_indicator
def test_batches_of_one_length_give_the_same(make: Maker, length: int) -> None:
    bars = STRETCHES["walk"]
    whole, pieces = make(), make()
    parts = [pieces.batch(cut(bars, start, start + length)) for start in range(0, 700, length)]
    expected = whole.batch(bars)
    assert_identical({name: np.concatenate([part[name] for part in parts]) for name in expected}, expected)
    assert pieces.state() == whole.state()


@pytest.mark.parametrize("name", ["walk", "flat", "ties", "ten bars"])
@every_indicator
def test_peek_gives_what_update_gives_and_changes_nothing(make: Maker, name: str) -> None:
    bars = STRETCHES[name]
    peeking, plain = make(), make()
    peeked = []
    for price in prices(bars):
        before = json.dumps(peeking.state())
        peeking.peek(price._replace(high=price.high + 5, low=price.low - 5, close=price.close + 3))
        peeked.append(peeking.peek(price))
        assert json.dumps(peeking.state()) == before
        peeking.update(price)
    assert_identical(table(peeked, plain.fields), stream(plain, bars))


@pytest.mark.parametrize("name", ["walk", "ties", "spikes", "1e9"])
@every_indicator
def test_a_restored_one_goes_on_bit_for_bit(make: Maker, name: str) -> None:
    bars = STRETCHES[name]
    expected = make().batch(bars)
    for place in (0, 1, 2, 3, 19, 20, 21, 25, 26, 39, 40, 47, 141, 260):
        saved = make()
        saved.batch(cut(bars, 0, place))
        restored = make()
        restored.batch(cut(STRETCHES["rising"], 0, 33))
        restored.restore(json.loads(json.dumps(saved.state(), allow_nan=False)))
        assert restored.state() == saved.state()
        assert_identical(stream(restored, cut(bars, place)), cut(expected, place))
        again = make()
        again.restore(saved.state())
        assert_identical(again.batch(cut(bars, place)), cut(expected, place))


@every_indicator
def test_a_state_is_a_snapshot(make: Maker) -> None:
    indicator = make()
    indicator.batch(cut(STRETCHES["walk"], 0, 90))
    state = indicator.state()
    before = json.dumps(state)
    indicator.batch(cut(STRETCHES["walk"], 90, 137))
    assert json.dumps(state) == before
    other = make()
    other.restore(state)
    other.batch(cut(STRETCHES["walk"], 90, 137))
    assert json.dumps(state) == before


@every_indicator
def test_a_copy_goes_its_own_way(make: Maker) -> None:
    indicator = make()
    indicator.batch(cut(STRETCHES["walk"], 0, 95))
    before = json.dumps(indicator.state())
    twin = indicator.copy()
    assert json.dumps(twin.state()) == before
    stream(twin, cut(STRETCHES["ties"], 95))
    assert json.dumps(indicator.state()) == before


def with_one_bad(price: Price, name: str, value: float) -> Price:
    return price._replace(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf], ids=str)
@every_indicator
def test_what_is_not_finite_is_refused_and_changes_nothing(make: Maker, value: float) -> None:
    bars = STRETCHES["walk"]
    for name in set(make().inputs) & set(COLUMNS):
        for place in (0, 5, 77, 500):
            indicator = make()
            indicator.batch(cut(bars, 0, place))
            before = json.dumps(indicator.state())
            bad = with_one_bad(prices(bars)[place], name, value)
            takes: list[Callable[[Any], object]] = [indicator.update, indicator.peek]
            for take in takes:
                with pytest.raises(InvalidBar, match=f"{name} {value}"):
                    take(bad)
            poisoned = cut(bars, place)
            poisoned[name] = poisoned[name].copy()
            poisoned[name][150] = value
            with pytest.raises(InvalidBar, match=rf"{name} {value}.* at place 150\b"):
                indicator.batch(poisoned)
            assert json.dumps(indicator.state()) == before


@every_indicator
def test_a_refusal_names_the_time_of_the_bar(make: Maker) -> None:
    indicator = make()
    bar = SimpleNamespace(**dict.fromkeys(COLUMNS, math.nan), time="2026-03-02 14:30:00+00:00")
    with pytest.raises(InvalidBar, match=r"nan at 2026-03-02 14:30:00\+00:00$"):
        indicator.update(bar)


@every_indicator
def test_the_first_point_comes_after_the_lookback(make: Maker) -> None:
    indicator = make()
    points = [indicator.update(price) for price in prices(STRETCHES["walk"])[: indicator.lookback + 3]]
    assert [point is None for point in points] == [True] * indicator.lookback + [False] * 3


@every_indicator
def test_a_point_has_the_fields_by_name_and_in_order(make: Maker) -> None:
    indicator = make()
    point = [indicator.update(price) for price in prices(STRETCHES["walk"])][-1]
    assert tuple(point) == tuple(getattr(point, name) for name in indicator.fields)
    assert list(make().batch(STRETCHES["walk"])) == list(indicator.fields)
    with pytest.raises(AttributeError):
        setattr(point, indicator.fields[0], 1.0)


@every_indicator
def test_a_state_of_something_else_is_refused_and_says_why(make: Maker) -> None:
    indicator = make()
    indicator.batch(cut(STRETCHES["walk"], 0, 90))
    before = json.dumps(indicator.state())
    plain = [name for name in indicator.parameters if isinstance(getattr(indicator, name), int | float | str | None)]
    for name, other in {"indicator": "other", "version": 99, **dict.fromkeys(plain, 77)}.items():
        with pytest.raises(ValueError, match=f"has {name} {other!r}"):
            indicator.restore(indicator.state() | {name: other})
    assert json.dumps(indicator.state()) == before


@pytest.mark.parametrize("seen", [0, 1, 90])
@every_indicator
def test_a_damaged_state_is_refused(make: Maker, seen: int) -> None:
    indicator = make()
    indicator.batch(cut(STRETCHES["walk"], 0, seen))
    before = json.dumps(indicator.state())
    for name in indicator.state():
        optional = name == "value" or "None" in str(make.kind.__annotations__.get(f"_{name}"))
        for bad in (None, "?", [None], [[1, 2, 3]], math.nan, [math.nan], [[0, math.nan]]):
            if bad == indicator.state()[name] or (bad in (None, [None]) and optional):
                continue
            with pytest.raises(ValueError, match="the saved state"):
                indicator.restore(indicator.state() | {name: bad})
        with pytest.raises(ValueError, match="the saved state"):
            indicator.restore({key: value for key, value in indicator.state().items() if key != name})
    assert json.dumps(indicator.state()) == before


@every_indicator
def test_a_batch_says_which_column_is_missing_or_too_short(make: Maker) -> None:
    indicator = make()
    bars = dict(STRETCHES["walk"])
    last = indicator.inputs[-1]
    with pytest.raises(ValueError, match=f"there is no {last}$"):
        indicator.batch({name: column for name, column in bars.items() if name != last})
    with pytest.raises(ValueError, match="one length"):
        indicator.batch(bars | {last: bars[last][:4].reshape(2, 2)})


@pytest.mark.parametrize("period", [0, -1, 2.5, "20", True, None, math.nan], ids=repr)
@pytest.mark.parametrize("kind", [kind for kind in discovered() if "period" in inspect.signature(kind).parameters])
def test_an_impossible_period_is_refused_with_its_value(kind: type[Any], period: object) -> None:
    with pytest.raises(ValueError, match=f"period .* not {period!r}$"):
        kind(period=period)


def test_importing_the_indicators_loads_nothing_heavy() -> None:
    heavy = ("numpy", "pandas", "matplotlib", "confluent_kafka")
    program = f"import sys, stockstream.indicators; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
