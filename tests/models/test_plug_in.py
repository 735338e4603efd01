"""The model of docs/models.md as a plug-in, with a stand-in for PyTorch: a network of NumPy with the same calls."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from stockstream.errors import StockstreamError
from stockstream.indicators.catalog import describe
from stockstream.models import Predictor
from stockstream.plugins import INDICATORS, Plugins
from tests.indicators.inputs import assert_identical, cut, prices, records, table
from tests.models.test_predictors import reverting

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")


class Weights:
    """Parameters of a layer."""

    def __init__(self, values: NDArray[np.float64]) -> None:
        self.values = values
        self.grad: Any = np.zeros_like(values)

    def __isub__(self, step: NDArray[np.float64]) -> Self:
        self.values = self.values - step
        return self


class Output(float):
    """Log-odds that know how they were computed."""

    network: Network
    features: NDArray[np.float64]


class Network:
    """What ``Sequential(Linear, Tanh, Linear)`` is in PyTorch."""

    def __init__(self, inner: tuple[int, int], _: object, outer: tuple[int, int]) -> None:
        dice = np.random.default_rng(0)
        self.inner = Weights(dice.uniform(-0.3, 0.3, (inner[1], inner[0])))
        self.outer = Weights(dice.uniform(-0.3, 0.3, outer[0]))

    def parameters(self) -> list[Weights]:
        return [self.inner, self.outer]

    def __call__(self, features: NDArray[np.float64]) -> Output:
        output = Output(self.outer.values @ np.tanh(self.inner.values @ features))
        output.network, output.features = self, features
        return output


class Loss:
    def __init__(self, output: Output, target: NDArray[np.float64]) -> None:
        self.output, self.target = output, target

    def backward(self) -> None:
        network, features = self.output.network, self.output.features
        error = 1.0 / (1.0 + np.exp(-float(self.output))) - self.target[0]
        hidden = np.tanh(network.inner.values @ features)
        network.outer.grad = error * hidden
        network.inner.grad = error * np.outer(network.outer.values * (1.0 - hidden**2), features)


def joined(parameters: Sequence[Weights]) -> NDArray[np.float64]:
    return np.concatenate([each.values.ravel() for each in parameters])


def spread(vector: NDArray[np.float64], parameters: Sequence[Weights]) -> None:
    start = 0
    for each in parameters:
        each.values = vector[start : start + each.values.size].reshape(each.values.shape)
        start += each.values.size


def stand_in() -> ModuleType:
    found: Any = ModuleType("torch")
    found.no_grad = nullcontext
    found.tensor = lambda values: np.array(values, dtype=np.float64)
    found.manual_seed = lambda _: None
    found.nn = SimpleNamespace(
        Sequential=Network,
        Linear=lambda inputs, outputs: (inputs, outputs),
        Tanh=lambda: None,
        functional=SimpleNamespace(binary_cross_entropy_with_logits=Loss),
        utils=SimpleNamespace(parameters_to_vector=joined, vector_to_parameters=spread),
    )
    return found  # type: ignore[no-any-return]


@pytest.fixture
def kind(tmp_path: Path) -> Iterator[type[Predictor]]:
    """The class, as a user's file offers it."""
    (code,) = re.findall(r"```python\n# direction_torch\.py\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "direction_torch.py").write_text(code)
    plugged = Plugins([tmp_path / "direction_torch.py"], points=())
    offers = {offer.name: offer.thing for offer in plugged.offers(INDICATORS)}
    assert plugged.failures == []
    found = offers["DirectionTorch"]
    assert isinstance(found, type)
    assert issubclass(found, Predictor)
    yield found
    del sys.modules["stockstream_plugin_direction_torch"]


def test_without_its_package_it_is_described_and_one_line_says_what_is_missing(kind: Any) -> None:
    assert describe(kind).summary == "The probability that the close will be higher, by a network of PyTorch."
    if kind.lacking():
        with pytest.raises(StockstreamError, match=r"^direction_torch needs the package torch - pip install torch$"):
            kind.require()


def test_it_keeps_to_the_contract_of_models(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", stand_in())
    bars = records(reverting(400))
    del bars["tz"]  # the bars one by one have none
    one_by_one, at_once = kind(rate=0.05), kind(rate=0.05)
    expected = at_once.batch(bars)
    points = []
    for place, price in enumerate(prices(bars)):
        if place == 333:
            saved = json.loads(json.dumps(one_by_one.state(), allow_nan=False))
            one_by_one = kind(rate=0.05)
            one_by_one.restore(saved)
        assert one_by_one.peek(price) == one_by_one.copy().update(price)
        points.append(one_by_one.update(price))
    assert_identical(table(points, kind.fields), expected)
    assert one_by_one.state() == at_once.state()
    whole = kind(rate=0.05).batch(cut(bars, 0, 300))
    assert_identical(cut(expected, 0, 300), whole)
    assert expected["hit_rate"][-1] > 0.55
