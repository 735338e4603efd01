"""The catalog knows every indicator, and reads its documentation."""

from __future__ import annotations

import inspect

import pytest

from stockstream.indicators.catalog import AnyKind, Parameter, catalog, describe, parameters_of
from tests.indicators.every import discovered

KINDS = sorted(catalog().values(), key=lambda kind: kind.name)


def test_every_indicator_that_stands_alone_is_in_it() -> None:
    alone = {
        kind.name: kind
        for kind in discovered()
        if all(each.default is not each.empty for each in inspect.signature(kind).parameters.values())
    }
    assert catalog() == alone
    assert list(catalog()) == sorted(alone)
    assert {"aroon", "bollinger", "rsi", "sma"} <= set(alone)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_says_all_that_a_user_asks(kind: AnyKind) -> None:
    described = describe(kind)
    assert described.summary.endswith(".")
    assert described.formula
    assert described.units.endswith(".")
    assert described.lookback == kind().lookback
    assert ">>>" in described.example
    assert [each.name for each in described.parameters] == list(kind.parameters)
    assert all(each.help.endswith(".") for each in described.parameters)
    assert kind(**{each.name: each.default for each in described.parameters}).state() == kind().state()
    result = " ".join((described.summary, described.formula, described.units, *described.paragraphs))
    assert "`" not in result
    assert not any(section in result for section in ("Parameters", "Examples", "Raises"))


def test_a_docstring_is_taken_apart() -> None:
    bands = describe(catalog()["bollinger"])
    assert bands.formula.splitlines()[0] == "middle = mean of the closes"
    assert bands.source == 'John Bollinger, "Bollinger on Bollinger Bands" (2001)'
    assert bands.paragraphs[0].startswith("Source: John Bollinger")
    assert parameters_of(catalog()["bollinger"]) == (
        Parameter("period", int, 20, "Bars in the window, at least 2."),
        Parameter("width", float, 2.0, "Deviations from the middle to each band, from 1e-6 to 1e6."),
    )
    assert describe(catalog()["sma"]).source == ""
