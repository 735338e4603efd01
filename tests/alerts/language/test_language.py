"""The language of rules: what rules mean, and what is said of those that mean nothing."""

from __future__ import annotations

import pytest

from stockstream.alerts.language.meaning import understand
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
    Sequence,
    Silence,
    TopicField,
)
from stockstream.errors import RuleError
from stockstream.indicators.catalog import catalog, of_bars, parameters_of

CLOSE, VOLUME = BarField("close"), BarField("volume")
RSI = Reading(IndicatorTerm("rsi", (("period", 14),)), "rsi")

OSCILLATOR = Reading(IndicatorTerm("aroon", (("period", 25),)), "oscillator")


def sma(period: int, over: Number | None = None) -> Reading:
    return Reading(IndicatorTerm("sma", (("period", period),), over), "sma")


def bollinger(field: str, width: float = 2.0) -> Reading:
    return Reading(IndicatorTerm("bollinger", (("period", 20), ("width", width))), field)


def volatility(period: int) -> Reading:
    return Reading(IndicatorTerm("volatility", (("period", period), ("factor", 252.0))), "volatility")


MEANINGS: list[tuple[str, Condition | Silence]] = [
    ("close > 180", Comparison(">", CLOSE, Constant(180.0))),
    ("CLOSE >= 1.5e2", Comparison(">=", CLOSE, Constant(150.0))),
    ("close crosses above bollinger.upper", Crossing("above", CLOSE, bollinger("upper"))),
    ("close crosses below bollinger(20, 2).lower", Crossing("below", CLOSE, bollinger("lower"))),
    ("close > bollinger(width=1.5).upper", Comparison(">", CLOSE, bollinger("upper", 1.5))),
    ("rsi(14) < 30 for 3 bars", Lasting(Comparison("<", RSI, Constant(30.0)), 3)),
    ("rsi(close, 14) < 30 for 1 bar", Lasting(Comparison("<", RSI, Constant(30.0)), 1)),
    ("change(15m) > 2%", Comparison(">", Change(CLOSE, seconds=900), Constant(0.02))),
    ("change(5, volume) != 0", Comparison("!=", Change(VOLUME, bars=5), Constant(0.0))),
    (
        "volatility > 3 * volatility(100)",
        Comparison(">", volatility(20), Arithmetic("*", Constant(3.0), volatility(100))),
    ),
    (
        "volume > 5 * sma(volume, 20)",
        Comparison(">", VOLUME, Arithmetic("*", Constant(5.0), sma(20, VOLUME))),
    ),
    ("sma(rsi, 3) > 2 + 3 * 4", Comparison(">", sma(3, RSI), Constant(14.0))),
    ("-close < -(1 + 2)", Comparison("<", Arithmetic("-", Constant(0.0), CLOSE), Constant(-3.0))),
    ("aroon.oscillator crosses 0", Crossing("either", OSCILLATOR, Constant(0.0))),
    ("no bar for 5m while open", Silence(300, while_open=True)),
    ("no bar for 90s", Silence(90)),
    (
        "sequence: rsi < 30 then close crosses above sma(20) within 10 bars",
        Sequence(Comparison("<", RSI, Constant(30.0)), ((Crossing("above", CLOSE, sma(20)), 10),)),
    ),
    (
        "close > 1 or close > 2 and not close > 3",
        Any(
            (
                Comparison(">", CLOSE, Constant(1.0)),
                All((Comparison(">", CLOSE, Constant(2.0)), Not(Comparison(">", CLOSE, Constant(3.0))))),
            )
        ),
    ),
    ("30 < rsi < 70", All((Comparison("<", Constant(30.0), RSI), Comparison("<", RSI, Constant(70.0))))),
    ("lag > 1000", Comparison(">", TopicField("stocks", "lag"), Constant(1000.0))),
    ("flights.age > 10m", Comparison(">", TopicField("flights", "age"), Constant(600.0))),
    ("close > 180 band 0.5%", Comparison(">", CLOSE, Constant(180.0), 0.005)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "condition"), MEANINGS, ids=[text for text, _ in MEANINGS])
def test_a_rule_means_this(text: str, condition: Condition | Silence) -> None:
    assert understand(text).condition == condition


def test_the_clauses_of_a_rule() -> None:
    meaning = understand("close  >  180\n interval 15m on forming cooldown 1h once")
    assert (meaning.when, meaning.interval, meaning.forming) == (
        "close > 180 interval 15m on forming cooldown 1h once",
        "15m",
        True,
    )
    assert (meaning.cooldown, meaning.once, meaning.way) == (3600, True, "above")
    plain = understand("rsi crosses 50 and close > 1 on final")
    assert (plain.interval, plain.forming, plain.cooldown, plain.once, plain.way) == (None, False, 0, False, "true")
    assert [name for name, _ in plain.operands] == ["rsi", "close"]


def test_every_indicator_of_bars_can_be_named_with_each_of_its_fields_and_parameters() -> None:
    """By discovery: a new indicator is a word of the language without a line for it."""
    for kind in filter(of_bars, catalog().values()):
        for field in kind().fields:
            ((name, number),) = understand(f"{kind.name}.{field} > 0").operands
            assert (name, number.field) == (f"{kind.name}.{field}", field)  # type: ignore[union-attr]
        for parameter in parameters_of(kind):
            if parameter.type in (int, float):
                condition = understand(f"{kind.name}({parameter.name}={parameter.default_text}).{kind().fields[0]} > 0")
                assert condition.condition == understand(f"{kind.name}.{kind().fields[0]} > 0").condition


ERRORS: list[tuple[str, int, str]] = [
    ("", 1, "the rule is empty"),
    ("close", 1, "close is a number: compare it"),
    ("close >", 8, "the rule ends here"),
    ("close >> 3", 8, "'>' cannot stand here"),
    ("clos > 3", 1, "did you mean close?"),
    ("close $ 3", 7, "'$' is no part of a rule"),
    ("close = 3", 7, "did you mean ==?"),
    ("close cross 3", 7, "did you mean crosses?"),
    ("close crosses belo 3", 15, "did you mean below?"),
    ("close > 3 fur 3 bars", 11, "did you mean for?"),
    ("close > 3 for 3 bers", 17, "did you mean bars?"),
    ("close > 3 for 0 bars", 15, "from 1 to 100,000"),
    ("close > (3", 11, "the rule ends here"),
    ("close > rsj", 9, "did you mean rsi?"),
    ("bollinger > 3", 1, "name one, such as bollinger."),
    ("bollinger.uper > 3", 11, "did you mean upper?"),
    ("rsi(perod=3) > 1", 5, "did you mean period?"),
    ("rsi(period=3, period=4) > 1", 15, "said twice"),
    ("rsi(1, 2) > 2", 8, "rsi has only period"),
    ("rsi(0) > 1", 4, "period is a whole number of at least 1"),
    ("rsi(2.5) > 1", 5, "period of rsi is a whole number"),
    ("rsi('a') > 1", 5, "is a number, not a text"),
    ("aroon(volume, 3).up > 2", 7, "aroon reads high, low"),
    ("close > 2 and 3", 15, "3 is a number"),
    ("(close > 2) > 3", 2, "this is a condition"),
    ("close > 3 and lag > 3", 1, "about bars or about a topic"),
    ("lag > 3 for 2 bars", 1, "a topic has no bars"),
    ("stocks.lagg > 1", 8, "did you mean lag?"),
    ("stocks > 1", 1, "say which field of the topic"),
    ("no bar for 5m and close > 2", 1, "a rule of its own"),
    ("no bars for 5m", 4, "did you mean bar?"),
    ("no bar for 1mo", 12, "no time of a fixed length"),
    ("close > 3 interval 1x", 20, "there may be a time such as 5m"),
    ("close > 3 on final on forming", 20, "said twice"),
    ("close crosses 3 for 3 bars", 1, "does not last"),
    ("change > 3", 1, "over a time or a number of bars"),
    ("change(2.5) > 1", 8, "over a time such as 15m"),
    ("close > 1e200", 9, "within 1e100"),
    ("close / 0 > 1", 9, "divided by 0"),
    ("3 > 2", 1, "nothing in it that changes"),
    ("close > 'a", 9, "a text has no end"),
    ("flights_per_day > 3", 1, "not over bars"),
    ("(" * 60 + "close", 51, "parentheses"),
    ("close > 1" + " and close > 1" * 500, 1, "at most 2,000 signs"),
    ("__import__('os') > 1", 1, "there is no field or indicator __import__"),
]


@pytest.mark.parametrize(("text", "column", "reason"), ERRORS, ids=[text[:40] for text, _, _ in ERRORS])
def test_an_error_points_at_its_column(text: str, column: int, reason: str) -> None:
    with pytest.raises(RuleError) as caught:
        understand(text)
    error = caught.value
    assert (error.column + 1, str(error).startswith(f"column {column}: ")) == (column, True)
    assert reason in str(error)
    assert "\n" not in str(error)
    assert error.excerpt.splitlines()[-1] == " " * min(error.column, 60) + "^"
