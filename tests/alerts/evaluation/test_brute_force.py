"""Rules against their definitions over whole series, in one delivery and in any, with corrections and restarts."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stockstream.alerts.evaluation.engine import Engine
from stockstream.alerts.evaluation.program import Program
from stockstream.alerts.rule import Rule
from stockstream.records import Alert, Bar
from stockstream.views.bar_batch import gather
from tests.alerts.evaluation.oracle import Oracle
from tests.alerts.evaluation.rules import bars, rules
from tests.producers.stock_csv.helpers import read as read_csv

NOW = datetime(2026, 3, 9, tzinfo=UTC)


def expected(rule: Rule, series: Sequence[Bar]) -> list[tuple[Any, str]]:
    comings = Oracle(series, rule.meaning.interval).comings(rule.meaning)
    return [(time.replace(tzinfo=UTC), way) for time, way in comings]


def standing(alerts: Iterable[Alert]) -> list[tuple[Any, str]]:
    """What the last state of each id says."""
    last = {alert.id: alert for alert in alerts}
    return sorted((each.time, each.way) for each in last.values() if each.state == "raised")


def deliveries(series: Sequence[Bar], seed: int) -> list[Bar]:
    """The bars as a bad feed brings them: forming ones, wrong ones that are corrected, late ones, repeats."""
    chance = random.Random(seed)
    keyed: list[tuple[float, Bar]] = []
    for place, bar in enumerate(series):
        fate, when = chance.random(), float(place)
        if fate < 0.1:
            when += chance.choice((1.5, 3.5, 20.5))  # late
        elif fate < 0.3:
            wrong = msgspec.structs.replace(bar, close=bar.low, high=bar.high + 1.0, flags=())
            keyed.append((when, wrong))
            when += chance.choice((0.5, 2.5, 30.5))
        elif fate < 0.5:
            keyed.append((when - 0.4, msgspec.structs.replace(bar, final=False, close=bar.high, flags=())))
        elif fate < 0.6:
            keyed.append((when + chance.choice((0.6, 5.6)), bar))
        keyed.append((when, bar))
    return [bar for _, bar in sorted(keyed, key=lambda pair: pair[0])]


@given(rules(), st.integers(0, 10_000))
@settings(max_examples=120, deadline=None)
def test_a_rule_comes_where_its_definition_says(text: str, seed: int) -> None:
    series, rule = bars(90, seed), Rule.of("rule", text)
    alerts = Engine([rule]).take(gather(series), NOW)
    assert [alert.state for alert in alerts] == ["raised"] * len(alerts)
    assert [(alert.time, alert.way) for alert in alerts] == expected(rule, series)


def states(alerts: Sequence[Alert], rule: str) -> list[tuple[str, str]]:
    """The alerts of a rule with their states, in the order in which they came."""
    return [(each.id, each.state) for each in alerts if each.rule == rule]


@given(st.lists(rules(), min_size=1, max_size=4), st.integers(0, 10_000), st.integers(1, 40))
@example(["close > 100", "rsi(3) > 50", "high > bollinger(5).upper interval 5m"], 1, 2)
@settings(max_examples=60, deadline=None)
def test_corrections_late_bars_and_restarts_end_with_the_same_alerts(texts: list[str], seed: int, often: int) -> None:
    series = bars(90, seed)
    arriving = deliveries(series, seed)
    made = [Rule.of(f"rule {number}", text) for number, text in enumerate(texts)]
    one_by_one = Engine(made)
    singly = [alert for bar in arriving for alert in one_by_one.take(gather([bar]), NOW)]
    chance, engine, told = random.Random(seed), Engine(made), list[Alert]()
    pages: dict[str, bytes] = {}
    place = 0
    while place < len(arriving):
        count = chance.randint(1, often)
        told += engine.take(gather(arriving[place : place + count]), NOW)
        place += count
        pages |= {name: page for name, page in engine.pages(changed=bool(pages)).items() if page is not None}
        if chance.random() < 0.3:
            engine = Engine(made)
            engine.restore(pages)
    for rule in made:  # of two rules over other intervals, either may come first in a batch
        assert states(told, rule.name) == states(singly, rule.name), rule.when
        assert standing(each for each in told if each.rule == rule.name) == sorted(expected(rule, series)), rule.when


@pytest.mark.parametrize("keep", [40, 100])
def test_old_bars_that_were_dropped_change_no_alert(keep: int) -> None:
    series = bars(700, 5)
    texts = ("close crosses sma(4)", "rsi(3) < 30 for 2 bars", "close > sma(4) interval 5m", "change(3m) > 0.3%")
    made = [Rule.of(text, text) for text in texts]
    engine = Engine(made, keep=keep)
    alerts: list[Alert] = []
    pages: dict[str, bytes] = {}
    for place in range(0, len(series), 7):
        alerts += engine.take(gather(series[place : place + 7]), NOW)
        if place % 21 == 0:
            changes = engine.pages(changed=bool(pages))
            pages |= {name: page for name, page in changes.items() if page is not None}
            pages = {name: page for name, page in pages.items() if changes.get(name, b"") is not None}
            engine = Engine(made, keep=keep)
            engine.restore(pages)
    for rule in made:
        assert standing(each for each in alerts if each.rule == rule.name) == expected(rule, series)
    assert sum(map(len, pages.values())) < 40_000
    late = msgspec.structs.replace(series[0], close=1.0, low=1.0)
    assert engine.take(gather([late]), NOW) == []
    assert engine.counts()["older than kept"] == 1


def test_equal_parts_of_rules_are_one_node() -> None:
    texts = ("rsi(14) < 30", "rsi > 70", "rsi < 30 for 3 bars", "bollinger.upper < close", "close > bollinger.upper")
    program = Program([Rule.of(text, text) for text in texts], lambda time: time)
    # rsi, its field, 30, 70; close, bollinger, its field; three comparisons and one that lasts; two of bands
    assert len(program) == 13 - 2 + 1


def test_an_alert_at_a_forming_bar_stays_though_the_bar_ends_elsewhere() -> None:
    series = bars(5, 1)
    last = msgspec.structs.replace(series[-1], flags=(), time=series[-1].time + timedelta(minutes=1))
    forming = msgspec.structs.replace(last, close=500.0, high=500.0, final=False)
    final = Engine([Rule.of("far", "close > 400")])
    both = Engine([Rule.of("far", "close > 400 on forming")])
    assert final.take(gather([*series, forming]), NOW) == []
    (alert,) = both.take(gather([*series, forming]), NOW)
    assert (alert.time, alert.state) == (last.time, "raised")
    assert both.take(gather([forming]), NOW) == []
    assert both.take(gather([last]), NOW) == []
    assert final.take(gather([last]), NOW) == []


def test_rules_over_real_minutes_and_days(real_data: Path) -> None:
    texts = (
        "close crosses above bollinger.upper",
        "rsi(14) < 30 for 3 bars",
        "change(15m) > 0.5%",
        "volatility > 2 * volatility(100)",
        "volume > 5 * sma(volume, 20) cooldown 30m",
        "sequence: rsi < 30 then close crosses above sma(20) within 10 bars",
        "aroon.oscillator crosses 0 band 0.1%",
        "close > ema(20) and not macd.histogram < 0 interval 15m",
    )
    minutes = read_csv(real_data / "stocks_intraday" / "AAPL_1m.csv")[:1_000]
    engine = Engine([Rule.of(text, text) for text in texts])
    alerts = engine.take(gather(minutes), NOW)
    assert len(alerts) > 20
    for text in texts:
        rule = Rule.of(text, text)
        assert standing(each for each in alerts if each.rule == text) == sorted(expected(rule, minutes)), text
