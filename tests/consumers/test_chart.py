"""The value of ``--with`` is parsed."""

from __future__ import annotations

from typing import Any

import pytest

from stockstream.consumers.chart import completions, parts
from stockstream.consumers.registry import STUDIES
from stockstream.indicators.catalog import Parameter
from stockstream.views.study import Study


def default(study: Study, parameter: Parameter[Any]) -> Any:
    return parameter.default


def made(*texts: str) -> list[tuple[str, dict[str, Any]]]:
    return [(part.study.name, dict(part.parameters)) for part in parts(texts, default)]


def test_names_and_parameters_are_distinguished() -> None:
    assert made("bollinger:period=50:width=2.5, SMA:period=20", "volume") == [
        ("bollinger", {"period": 50, "width": 2.5}),
        ("sma", {"period": 20}),
        ("volume", {}),
    ]
    assert made() == made("", " , ") == []


def test_a_parameter_may_be_written_as_its_option_is() -> None:
    assert made("keltner:atr-period=7:width=3") == made("keltner:atr_period=7:width=3")
    assert made("Williams-R") == made("williams_r")


def test_a_value_may_hold_a_colon() -> None:
    ((_, values),) = made("vwap:opens=09:30:zone=America/New_York")
    assert (values["opens"], values["zone"], values["calendar"]) == ("09:30", "America/New_York", None)


def test_what_is_not_named_comes_from_the_settings() -> None:
    (part,) = parts(["bollinger:width=3"], lambda study, parameter: 7)
    assert part.parameters == {"period": 7, "width": 3.0}


@pytest.mark.parametrize(
    "text", ["bollinger:period", "bollinger:=5", "bollinger=5", "rsi:period=2:period=", "rsi:", ":"]
)
def test_what_is_malformed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an indicator of bars|has no parameter|should be"):
        parts([text], default)


def test_a_shell_is_offered_what_continues() -> None:
    assert list(completions("bollinger,rs")) == ["bollinger,rsi"]
    assert len(list(completions(""))) == len(STUDIES)
    assert list(completions("x")) == []
