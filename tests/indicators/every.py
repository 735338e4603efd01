"""Every indicator, and the bars that it is tested with."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stockstream.indicators import RSI, SMA, VWAP, Aroon, Bollinger, Chain, FlightsPerDay, Indicator, Together
from stockstream.indicators.catalog import PACKAGES
from stockstream.models import DirectionForest, Forecast, Model, Trend
from tests.indicators.inputs import BarColumns, Floats, changed, make_bars, noise, records, walk


def discovered() -> list[type[Any]]:
    """Every indicator, and every model."""
    found = []
    for package in map(importlib.import_module, PACKAGES):
        found += _discovered(package)
    return found


def _discovered(package: ModuleType) -> list[type[Any]]:
    found = []
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for name, thing in vars(importlib.import_module(module.name)).items():
            ours = inspect.isclass(thing) and thing.__module__ == module.name and not name.startswith("_")
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
        {"inner": VWAP(), "outer": Together({"sma": SMA(2), "rsi": RSI(5)})},
    ],
    Together: [
        {"parts": {"bands": Bollinger(5), "aroon": Aroon(70), "rsi": RSI(3)}},
        {"parts": {"slow": SMA(70), "flights": FlightsPerDay(), "both": Together({"fast": SMA(1), "vwap": VWAP()})}},
    ],
}
"""Parameters for those that do not come without any."""

OTHERWISE: dict[type[Any], list[dict[str, Any]]] = {
    DirectionForest: [
        {"warmup": 20, "train": 120, "every": 60, "trees": 3},
        {"ahead": 3, "train": 40, "every": 25, "trees": 2},
        {"ahead": 1, "train": 60, "every": 200, "trees": 1},
    ],
    Forecast: [{}, {"ahead": 2, "coverage": 0.5}, {"ahead": 30}],
    Trend: [{}, {"period": 3}, {"period": 4}, {"period": 70, "confidence": 0.5}],
}
"""Parameters for those that cannot have the usual ones."""


def makers() -> list[Maker]:
    """Each indicator as it comes first, and with shorter and longer periods where it has any."""
    return [
        Maker(kind, parameters)
        for kind in discovered()
        for parameters in EXAMPLES.get(kind) or OTHERWISE.get(kind) or variations(kind)
        if set(parameters) <= set(kind.parameters)
    ]


def variations(kind: type[Any]) -> list[dict[str, Any]]:
    """Sets of parameters, some of which the indicator may not have."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(kind).parameters.items()}
    periods = {name: default for name, default in defaults.items() if type(default) is int}
    if len(periods) < 2:
        return [{}, {"period": 2}, {"period": 3}, {"period": 70}]
    shorter = {name: max(1, default // 4) for name, default in periods.items()}
    longer = {name: 5 * default for name, default in periods.items()}
    return [{}, {"period": 2}, shorter, longer]


def spiked(*places: int) -> Floats:
    closes = walk(600)
    closes[list(places)] = 1e9
    return closes


BAR_SAMPLES: dict[str, BarColumns] = {
    "walk": make_bars(walk(700), 0.4),
    "flat": make_bars(np.full(300, 12.34)),
    "ties": changed(make_bars(walk(600), 1.0), np.round),
    "plateaus": make_bars(np.repeat(np.round(walk(40), 2), 20)),
    "falling": make_bars(np.arange(600.0, 0.0, -1.0), 0.3),
    "rising": make_bars(np.arange(1.0, 601.0), 0.3),
    "one spike": make_bars(spiked(200), 0.4),
    "spikes": make_bars(spiked(40, 59, 60, 333), 0.4),
    "1e9": make_bars(noise(500, level=1e9, size=0.01), 0.005),
    "1e-7": make_bars(noise(500, level=1e-7, size=1e-9), 1e-10),
    "too small to square": make_bars(noise(500, level=0.0, size=1e-180), 1e-190),
    "around zero": make_bars(np.round(noise(500, level=0.0, size=2.0)), 1.0),
    "ten bars": make_bars(walk(10), 0.4),
    "one bar": make_bars(walk(1), 0.4),
    "none": make_bars(walk(0)),
}
BAR_SAMPLES = {name: records(bars) for name, bars in BAR_SAMPLES.items()}
for column in (column for bars in BAR_SAMPLES.values() for column in bars.values()):
    column.flags.writeable = False  # a batch leaves what it is given as it was


Check = Callable[..., None]


def long(kind: type[Any]) -> bool:
    """Whether its batch is code of its own, so that long histories, which go in chunks, may differ from the stream."""
    return not issubclass(kind, Model) or kind._fill is not Indicator._fill


def every_indicator(
    *, reads: Collection[str] = (), only: Callable[[type[Any]], bool] = lambda _: True, **crosses: Iterable[Any]
) -> Callable[[Check], Check]:
    """Make of a check a test an indicator, which loops over its parameters and over the product of ``crosses``.

    The indicator as it comes first is what `make test` runs; its other parameters are left to `make test-all`. Only
    indicators that read all of ``reads``, and of which ``only`` is true, are among them.
    """
    by_kind: defaultdict[type[Any], list[Maker]] = defaultdict(list)
    for make in makers():
        if set(reads) <= set(make().inputs) and only(make.kind):
            by_kind[make.kind].append(make)
    combinations = [dict(zip(crosses, values, strict=True)) for values in product(*crosses.values())]

    def decorate(check: Check) -> Check:
        def test(makes: list[Maker]) -> None:
            for make in makes:
                for values in combinations:
                    try:
                        check(make=make, **values)
                    except BaseException as error:
                        error.add_note(f"with {make} and {values}")
                        raise

        test.__doc__ = check.__doc__
        first = [pytest.param(makes[:1], id=kind.__name__) for kind, makes in by_kind.items()]
        others = [
            pytest.param(makes[1:], id=f"{kind.__name__}-otherwise", marks=pytest.mark.thorough)
            for kind, makes in by_kind.items()
            if len(makes) > 1
        ]
        return pytest.mark.parametrize("makes", [*first, *others])(test)

    return decorate


def possible(indicator: Any, bars: BarColumns) -> NDArray[np.bool_]:
    """Which bars an indicator does not refuse: of most all, of some those above 0."""
    result: NDArray[np.bool_] = indicator._computable(*indicator._columns(bars))
    return result


def fit(make: Maker, bars: BarColumns) -> BarColumns:
    """The bars that an indicator does not refuse."""
    good = possible(make(), bars)
    return {name: column[good] for name, column in bars.items()}
