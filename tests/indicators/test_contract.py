"""Contract of every indicator; a new one is covered as soon as its file exists."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from collections import deque
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import Indicator
from stockstream.indicators.catalog import PACKAGES
from tests.indicators.every import BAR_SAMPLES, EXAMPLES, Maker, discovered, every_indicator, fit, long
from tests.indicators.inputs import BarColumns, assert_identical, cut, make_bars, prices, records, stream, table, walk


def test_discovery_finds_what_the_package_exports() -> None:
    packages = [importlib.import_module(name) for name in PACKAGES]
    things = [thing for package in packages for thing in vars(package).values()]
    exported = {thing for thing in things if inspect.isclass(thing) and issubclass(thing, Indicator)}
    assert {"Aroon", "Bollinger", "Outlier"} <= {kind.__name__ for kind in discovered()}
    assert set(discovered()) == {kind for kind in exported if hasattr(kind, "name")}
    assert {kind.__name__ for kind in discovered()} <= {name for package in packages for name in package.__all__}


@every_indicator(name=BAR_SAMPLES)
def test_stream_and_batch_give_the_same_and_end_in_the_same_state(make: Maker, name: str) -> None:
    bars = fit(make, BAR_SAMPLES[name])
    one_by_one, at_once = make(), make()
    expected = stream(one_by_one, bars)
    assert_identical(at_once.batch(bars), expected)
    assert at_once.state() == one_by_one.state()


MANY = records(make_bars(walk(65_573, start=1_000.0), 0.4))
# Batches go in chunks of 131,072 bars or half as many: this leaves a single block of 20 for the second.
MORE = records(make_bars(walk(131_109, start=1_000.0), 0.4))


@every_indicator(only=long)
def test_stream_and_batch_give_the_same_over_many_bars(make: Maker) -> None:
    bars = fit(make, MANY)
    one_by_one, at_once = make(), make()
    assert_identical(at_once.batch(bars), stream(one_by_one, bars))
    assert at_once.state() == one_by_one.state()


@every_indicator(only=long)
def test_a_batch_of_more_bars_than_are_computed_at_once_is_that_of_its_parts(make: Maker) -> None:
    bars = fit(make, MORE)
    count = len(bars["close"])
    whole, parts = make(), make()
    found = whole.batch(bars)
    each = [parts.batch(cut(bars, start, end)) for start, end in pairwise((0, 700, 40_001, count))]
    assert_identical(found, {name: np.concatenate([part[name] for part in each]) for name in found})
    assert whole.state() == parts.state()


MILLION = 1_000_000
EVERY = 50_000
ALONE = [kind for kind in discovered() if kind not in EXAMPLES and long(kind)]


class Run:
    """A million bars, and each indicator as it comes having taken them one by one, with some of its points.

    Those that are made of others are so slow, and so little besides their parts, that they are not among them.
    """

    def __init__(self) -> None:
        self.bars = records(make_bars(walk(MILLION, start=10_000.0), 0.4))
        self.indicators = {kind: kind() for kind in ALONE}
        self.points: dict[type[Any], list[Any]] = {kind: [] for kind in self.indicators}
        for start in range(0, MILLION, EVERY):
            part = prices(cut(self.bars, start, start + EVERY))
            for kind, indicator in self.indicators.items():
                deque(map(indicator.update, part), maxlen=0)
                self.points[kind].append(indicator.value)


@pytest.fixture(scope="module")
def run() -> Run:
    return Run()


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ALONE, ids=lambda kind: kind.__name__)
def test_stream_and_batch_give_the_same_over_a_million_bars(run: Run, kind: type[Any]) -> None:
    at_once = kind()
    points = {name: column[EVERY - 1 :: EVERY] for name, column in at_once.batch(run.bars).items()}
    assert_identical(points, table(run.points[kind], at_once.fields))
    assert at_once.state() == run.indicators[kind].state()


# Few distinct values make ties, plateaus and flat windows; the others make everything else.
levels = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 1.0 + 2**-52, 7.25, -3.0]),
    st.floats(-1e6, 1e6),
    st.floats(-1e99, 1e99),
)


@st.composite
def drawn_bars(draw: st.DrawFn) -> BarColumns:
    pairs = draw(st.lists(st.tuples(levels, levels), max_size=120)) * draw(st.integers(1, 4))
    one, other = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    high, low = np.maximum(one, other), np.minimum(one, other)
    columns = {"open": other, "high": high, "low": low, "close": one, "volume": np.abs(other)}
    return records(columns, draw(st.integers(1, 300)))


@every_indicator()
@settings(deadline=None, max_examples=20)
@given(bars=drawn_bars(), cuts=st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=6))
def test_any_cut_into_batches_and_updates_gives_the_same(
    make: Maker, bars: BarColumns, cuts: list[tuple[int, bool]]
) -> None:
    bars = fit(make, bars)
    whole, pieces = make(), make()
    expected = whole.batch(bars)
    parts, start = [], 0
    for length, at_once in [*cuts, (len(bars["close"]), True)]:
        part = cut(bars, start, start + length)
        parts.append(pieces.batch(part) if at_once else stream(pieces, part))
        start += length
    assert_identical({name: np.concatenate([part[name] for part in parts]) for name in expected}, expected)
    assert pieces.state() == whole.state()


@every_indicator(length=[1, 20, 333])
def test_batches_of_one_length_give_the_same(make: Maker, length: int) -> None:
    bars = BAR_SAMPLES["walk"]
    whole, pieces = make(), make()
    parts = [pieces.batch(cut(bars, start, start + length)) for start in range(0, 700, length)]
    expected = whole.batch(bars)
    assert_identical({name: np.concatenate([part[name] for part in parts]) for name in expected}, expected)
    assert pieces.state() == whole.state()


@every_indicator(name=["walk", "flat", "ties", "ten bars"])
def test_peek_gives_what_update_gives_and_changes_nothing(make: Maker, name: str) -> None:
    bars = cut(BAR_SAMPLES[name], 0, 300)
    peeking, plain = make(), make()
    peeked = []
    for price in prices(bars):
        before = peeking.state()
        peeking.peek(price._replace(high=price.high + 5, low=price.low - 5, close=price.close + 3))
        peeked.append(peeking.peek(price))
        assert peeking.state() == before
        peeking.update(price)
    assert_identical(table(peeked, plain.fields), stream(plain, bars))


@every_indicator(name=["walk", "ties", "spikes", "1e9"])
def test_a_restored_one_continues_bit_for_bit(make: Maker, name: str) -> None:
    bars = BAR_SAMPLES[name]
    expected = make().batch(bars)
    for place in (0, 1, 2, 3, 19, 20, 21, 25, 26, 39, 40, 47, 141, 260):
        saved = make()
        saved.batch(cut(bars, 0, place))
        restored = make()
        restored.batch(cut(BAR_SAMPLES["rising"], 0, 33))
        restored.restore(json.loads(json.dumps(saved.state(), allow_nan=False)))
        assert restored.state() == saved.state()
        assert_identical(stream(restored, cut(bars, place, place + 100)), cut(expected, place, place + 100))
        again = make()
        again.restore(saved.state())
        assert_identical(again.batch(cut(bars, place)), cut(expected, place))


@every_indicator(name=["walk", "flat", "ten bars"])
def test_the_value_is_the_last_point_and_none_until_ready(make: Maker, name: str) -> None:
    bars = BAR_SAMPLES[name]
    indicator = make()
    assert (indicator.value, indicator.ready) == (None, False)
    points = []
    for price in prices(bars)[:200]:
        points.append(indicator.update(price))
        indicator.peek(price._replace(high=price.high + 5, low=price.low - 5))
        assert indicator.value == points[-1]
        assert indicator.ready == (points[-1] is not None)
    for count in {0, 1, 2, indicator.lookback, indicator.lookback + 1, len(points)}:
        at_once = make()
        at_once.batch(cut(bars, 0, count))
        restored = make()
        restored.restore(at_once.state())
        for each in (at_once, at_once.copy(), restored):
            assert each.value == ([None, *points][count] if count <= len(points) else None)
            assert each.ready == (each.value is not None)


@every_indicator(zone=[None, "UTC", "America/New_York"])
def test_a_table_gives_a_table(make: Maker, zone: str | None) -> None:
    bars = BAR_SAMPLES["walk"]
    expected = make().batch(bars)
    frame = pd.DataFrame(bars)
    frame = frame.set_index(frame.pop("time").dt.tz_localize("UTC").dt.tz_convert(zone)) if zone else frame
    points = make().batch(frame)
    assert points.index is frame.index
    assert list(points) == list(make().fields)
    assert {str(kind) for kind in points.dtypes} == {"float64"}
    assert points[: make().lookback].isna().all(axis=None)
    assert points.iloc[make().lookback].notna().any()
    assert_identical({name: points[name].to_numpy() for name in points}, expected)


@every_indicator()
def test_a_state_is_a_snapshot(make: Maker) -> None:
    indicator = make()
    indicator.batch(cut(BAR_SAMPLES["walk"], 0, 90))
    state = indicator.state()
    before = json.dumps(state)
    indicator.batch(cut(BAR_SAMPLES["walk"], 90, 137))
    assert json.dumps(state) == before
    other = make()
    other.restore(state)
    other.batch(cut(BAR_SAMPLES["walk"], 90, 137))
    assert json.dumps(state) == before


@every_indicator()
def test_a_copy_goes_its_own_way(make: Maker) -> None:
    indicator = make()
    indicator.batch(cut(BAR_SAMPLES["walk"], 0, 95))
    before = json.dumps(indicator.state())
    twin = indicator.copy()
    assert json.dumps(twin.state()) == before
    stream(twin, cut(BAR_SAMPLES["ties"], 95))
    assert json.dumps(indicator.state()) == before


@every_indicator()
def test_the_first_point_comes_after_the_lookback(make: Maker) -> None:
    indicator = make()
    points = [indicator.update(price) for price in prices(BAR_SAMPLES["walk"])[: indicator.lookback + 3]]
    assert [point is None for point in points] == [True] * indicator.lookback + [False] * 3


@every_indicator()
def test_a_point_has_the_fields_by_name_and_in_order(make: Maker) -> None:
    indicator = make()
    point = [indicator.update(price) for price in prices(BAR_SAMPLES["walk"])][-1]
    assert tuple(point) == tuple(getattr(point, name) for name in indicator.fields)
    assert list(make().batch(BAR_SAMPLES["walk"])) == list(indicator.fields)
    with pytest.raises(AttributeError):
        setattr(point, indicator.fields[0], 1.0)


def test_importing_the_indicators_loads_nothing_heavy() -> None:
    heavy = ("numpy", "pandas", "matplotlib", "confluent_kafka", "river", "sklearn")
    imports = "import sys, stockstream.indicators, stockstream.models"
    program = f"{imports}; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
