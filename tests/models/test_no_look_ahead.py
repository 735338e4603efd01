"""A value at a bar uses nothing after it: whatever the future, all values before stay as they are, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.indicators.inputs import BarColumns, assert_identical, cut, make_bars, records, walk
from tests.models.every import MODELS

BARS = records(make_bars(walk(500), 0.4))
FUTURES: dict[str, BarColumns] = {
    "shifted": records(make_bars(np.roll(walk(500), 1), 0.4)),
    "another walk": records(make_bars(walk(500, start=300.0, seed=8), 3.0)),
    "rising": records(make_bars(np.arange(100.0, 600.0), 0.1)),
    "flat": records(make_bars(np.full(500, 77.0))),
}


def joined(past: BarColumns, future: BarColumns, place: int) -> BarColumns:
    """The bars before a place, and others, at the same times, from there on."""
    times = past["time"]
    return {name: np.concatenate((past[name][:place], future[name][place:])) for name in past} | {"time": times}


@pytest.mark.parametrize("kind", MODELS.values(), ids=MODELS)
def test_another_future_changes_nothing_before_it(kind: type[Any]) -> None:
    expected = kind().batch(BARS)
    for name, future in FUTURES.items():
        for place in (0, 1, 150, 303, 499) if name == "shifted" else (150,):
            got = kind().batch(joined(BARS, future, place))
            assert_identical(cut(got, 0, place), cut(expected, 0, place))
            if place == 150:
                changed = any(not np.array_equal(got[field], expected[field], equal_nan=True) for field in expected)
                assert changed, f"{name}: nothing has changed at all"


@pytest.mark.parametrize("kind", MODELS.values(), ids=MODELS)
def test_a_model_says_where_it_is_from_and_what_it_gives(kind: type[Any]) -> None:
    from stockstream.indicators.catalog import describe

    described = describe(kind)
    assert described.source
    assert described.formula
