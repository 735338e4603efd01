"""One declaration, every engine: each indicator gives the same values everywhere, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from msgspec import structs

from stockstream.records import Bar
from tests.everywhere.engines import ENGINES, KINDS, Columns, Engine, Stream, send
from tests.site import Site
from tests.views.bars import walk

SLOW = {"spark": pytest.mark.spark}
"""Engines whose tests are apart from the usual ones."""


@pytest.fixture(scope="module")
def bars() -> list[Bar]:
    """Two sessions of a walk, with volumes that are 0 now and then, and a time in which the price does not move."""
    bars = walk(700)
    dice = np.random.default_rng(5)
    for place in dice.integers(0, len(bars), 40):
        bars[place] = structs.replace(bars[place], volume=0.0)
    still = bars[300].close
    for place in range(300, 340):
        bars[place] = structs.replace(bars[place], open=still, high=still, low=still, close=still)
    return bars


@pytest.fixture(scope="module")
def engine(bars: list[Bar], running_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Engine]:
    running_site.clear()
    send(bars, running_site)
    made: dict[str, Engine] = {}

    def of(name: str) -> Engine:
        """The engine of a name, made when it is first asked for."""
        if name not in made:
            made[name] = ENGINES[name](bars, running_site, tmp_path_factory.mktemp(name))
        return made[name]

    return of


@pytest.fixture(scope="module")
def expected(bars: list[Bar], running_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Columns]:
    stream = Stream(bars, running_site, tmp_path_factory.mktemp("expected"))
    return {name: stream.columns(name) for name in KINDS}


@pytest.mark.parametrize("where", [pytest.param(each, marks=SLOW.get(each, ())) for each in ENGINES])
@pytest.mark.parametrize("name", KINDS)
def test_every_indicator_gives_the_same_in_every_engine(
    name: str, where: str, engine: Callable[[str], Engine], expected: Mapping[str, Columns]
) -> None:
    got, wanted = engine(where).columns(name), expected[name]
    assert list(got) == list(wanted)
    for field, values in wanted.items():
        np.testing.assert_array_equal(got[field], values, err_msg=f"{name}.{field} in {where}")
        assert np.isfinite(values).any()
