"""The bars that every indicator refuses, without a change of state."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockstream.indicators import InvalidBar
from tests.indicators.every import BAR_SAMPLES, Maker, discovered, every_indicator, possible
from tests.indicators.inputs import NUMBERS, Price, cut, prices

BARS = BAR_SAMPLES["walk"]


def numbers_of(make: Maker) -> list[str]:
    """What an indicator reads that is a number."""
    return [name for name in make().inputs if name in NUMBERS]


def assert_refuses(indicator: Any, bad: Price, message: str) -> None:
    """Neither to update nor to peek goes, and nothing has changed."""
    before = json.dumps(indicator.state())
    takes: list[Callable[[Any], object]] = [indicator.update, indicator.peek]
    for take in takes:
        with pytest.raises(InvalidBar, match=re.escape(message)):
            take(bad)
        assert json.dumps(indicator.state()) == before


def after(make: Maker, bars: int) -> Any:
    """An indicator that has taken so many bars."""
    indicator = make()
    indicator.batch(cut(BARS, 0, bars))
    return indicator


@every_indicator(place=[0, 5, 77, 500], value=[math.nan, math.inf, -math.inf, 1.1e100, -1.1e100])
def test_what_is_not_finite_or_too_large_is_refused(make: Maker, value: float, place: int) -> None:
    indicator = after(make, place)
    before = json.dumps(indicator.state())
    for name in numbers_of(make):
        bad = prices(cut(BARS, place, place + 1))[0]._replace(**{name: value})  # type: ignore[arg-type]
        assert_refuses(indicator, bad, f"{name} {value}")
        poisoned = cut(BARS, place)
        poisoned[name] = poisoned[name].astype(np.float64)
        poisoned[name][150] = value
        with pytest.raises(InvalidBar, match=rf"{name} {re.escape(str(value))}.* at index 150\b"):
            indicator.batch(poisoned)
        assert json.dumps(indicator.state()) == before


@every_indicator()
def test_update_and_batch_refuse_the_same_bars(make: Maker) -> None:
    bars = BAR_SAMPLES["around zero"]
    good = possible(make(), bars)
    indicator = make()
    for fine, price in zip(good, prices(bars), strict=True):
        if fine:
            indicator.update(price)
        else:
            with pytest.raises(InvalidBar):
                indicator.update(price)
    if not good.all():
        with pytest.raises(InvalidBar, match=rf" at index {np.argmin(good)}\b"):
            make().batch(bars)


@every_indicator(reads=("volume",), place=[0, 90])
def test_a_volume_that_is_negative_or_not_known_is_refused(make: Maker, place: int) -> None:
    for volume, result in ((None, "nan"), (-1.0, "-1.0")):
        indicator = after(make, place)
        before = json.dumps(indicator.state())
        assert_refuses(indicator, prices(BARS)[place]._replace(volume=volume), f"volume {volume}")
        frame = pd.DataFrame(cut(BARS, place))
        frame["volume"] = frame["volume"].astype(object)
        frame.loc[3, "volume"] = volume
        with pytest.raises(InvalidBar, match=rf"volume {result}.* at index 3\b"):
            indicator.batch(frame)
        assert json.dumps(indicator.state()) == before


@every_indicator(reads=("high", "low"), place=[0, 90])
def test_a_high_below_the_low_is_refused(make: Maker, place: int) -> None:
    indicator = after(make, place)
    before = json.dumps(indicator.state())
    assert_refuses(indicator, prices(BARS)[place]._replace(high=9.0, low=9.5), "high 9.0, low 9.5")
    upside_down = cut(BARS, place) | {"high": BARS["low"][place:] - 1.0}
    with pytest.raises(InvalidBar, match=r"high .* low .* at index 0\b"):
        indicator.batch(upside_down)
    assert json.dumps(indicator.state()) == before


@every_indicator()
def test_a_refusal_names_the_time_of_the_bar(make: Maker) -> None:
    nothing = dict.fromkeys(NUMBERS, math.nan) | {"airline": "AA", "tz": None}
    bar = SimpleNamespace(**nothing, time="2026-03-02 14:30:00+00:00")
    with pytest.raises(InvalidBar, match=r"nan at 2026-03-02 14:30:00\+00:00$"):
        make().update(bar)


@every_indicator(indexed=[False, True])
def test_a_refused_batch_names_the_time_of_the_bar(make: Maker, *, indexed: bool) -> None:
    frame = pd.DataFrame(BARS)
    frame[numbers_of(make)] = frame[numbers_of(make)].astype(np.float64)
    frame.loc[123, numbers_of(make)[-1]] = math.nan
    time = str(BARS["time"][123].astype("M8[s]"))
    with pytest.raises(InvalidBar, match=rf"nan.* at index 123 of the batch, {time}"):
        make().batch(frame.set_index("time") if indexed else frame)


@every_indicator()
def test_a_state_of_something_else_is_refused_and_says_why(make: Maker) -> None:
    indicator = make()
    indicator.batch(cut(BARS, 0, 90))
    before = json.dumps(indicator.state())
    plain = [name for name in indicator.parameters if isinstance(getattr(indicator, name), int | float | str | None)]
    for name, other in {"indicator": "other", **dict.fromkeys(plain, 77)}.items():
        with pytest.raises(ValueError, match=f"has {name} {other!r}"):
            indicator.restore(indicator.state() | {name: other})
    assert json.dumps(indicator.state()) == before


@every_indicator()
def test_a_state_of_an_older_or_a_newer_version_is_refused_and_says_why(make: Maker) -> None:
    indicator = after(make, 90)
    own = indicator.version
    before = json.dumps(indicator.state())
    for version in (own - 1, own + 1, own + 98, -1, str(own), None):
        result = f"the saved state has version {version!r}, this indicator has version {own}$"
        with pytest.raises(ValueError, match=result):
            indicator.restore(indicator.state() | {"version": version})
    assert json.dumps(indicator.state()) == before


@every_indicator(seen=[0, 1, 90])
def test_a_damaged_state_is_refused(make: Maker, seen: int) -> None:
    indicator = make()
    indicator.batch(cut(BARS, 0, seen))
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


@every_indicator()
def test_a_batch_says_which_column_is_missing_or_too_short(make: Maker) -> None:
    indicator = make()
    bars = dict(BARS)
    last = indicator.inputs[-1]
    with pytest.raises(ValueError, match=f"; {last} is missing: the columns are "):
        indicator.batch({name: column for name, column in bars.items() if name != last})
    with pytest.raises(ValueError, match=f"{last} is one column with a value for each bar, not an array of shape"):
        indicator.batch(bars | {last: bars[last][:4].reshape(2, 2)})
    if len(indicator.inputs) > 1:
        with pytest.raises(ValueError, match=f"one length: .*{last} has 4"):
            indicator.batch(bars | {last: bars[last][:4]})


@pytest.mark.parametrize("period", [0, -1, 2.5, "20", True, None, math.nan], ids=repr)
@pytest.mark.parametrize("kind", [kind for kind in discovered() if "period" in inspect.signature(kind).parameters])
def test_an_impossible_period_is_refused_with_its_value(kind: type[Any], period: object) -> None:
    with pytest.raises(ValueError, match=f"period .* not {period!r}$"):
        kind(period=period)
