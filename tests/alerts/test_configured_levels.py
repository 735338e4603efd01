"""Price levels of the settings are rules of the language, and windows and rules have one idea of a crossing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from stockstream.alerts.configured import level_rules, rules_of
from stockstream.alerts.evaluation.engine import Engine
from stockstream.alerts.rule import Rule
from stockstream.config import Settings
from stockstream.config_sections import WindowSettings
from stockstream.present.memory import Memory
from stockstream.present.price_levels import Alerts
from stockstream.records import Bar
from stockstream.views.bar_batch import gather
from stockstream.views.frame import Frame
from tests.charts.fake_model import PRICES
from tests.views.bars import bar, restorable

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def bars(closes: list[float]) -> list[Bar]:
    return [
        Bar(
            symbol="AAPL", interval="1m", time=START + timedelta(minutes=minute), open=close, high=close, low=close,
            close=close, volume=1.0, source="test",
        )
        for minute, close in enumerate(closes)
    ]  # fmt: skip


def by_rules(rules: list[Rule], closes: list[float]) -> list[tuple[int, str]]:
    engine = Engine(rules)
    found = engine.take(gather(bars(closes)), START)
    return [(round((each.time - START).total_seconds() / 60), each.way) for each in found]


def by_window(level: float, band: float, closes: list[float]) -> list[tuple[int, str]]:
    watched = Alerts(PRICES, Memory(None), {"AAPL": [level]}, band=band)
    times = np.datetime64("2026-03-02T14:30", "us") + np.arange(len(closes)) * np.timedelta64(1, "m")
    whole = Frame("time", {"time": times, "close": np.array(closes)})
    watched.check("AAPL", whole.slice(slice(0, 1)))
    crossings = watched.check("AAPL", whole)
    places = [int(np.searchsorted(times, each.instant)) for each in crossings]
    return [(place, "above" if each.rising else "below") for place, each in zip(places, crossings, strict=True)]


def test_a_level_comes_once_though_bars_of_several_intervals_arrive() -> None:
    (rule,) = level_rules(Settings(window=WindowSettings(alerts={"AAPL": (180.0,)})))
    plain = replace(rule, name="plain", is_level=False)
    engine, now = Engine([rule, plain]), datetime(2026, 3, 2, 16, tzinfo=UTC)
    series = [
        *(bar(minute, 170.0 + 20.0 * (minute >= 20), interval="5m") for minute in range(0, 15, 5)),
        *(bar(minute, 170.0 + 20.0 * (minute >= 17)) for minute in range(40)),
        *(bar(minute, 170.0 + 20.0 * (minute >= 20), interval="5m") for minute in range(15, 40, 5)),
    ]
    found = [alert for each in series for alert in engine.take(gather([each]), now)]
    assert [(alert.interval, alert.rule == "plain") for alert in found] == [("1m", False), ("1m", True), ("5m", True)]


def crossings(engine: Engine, series: list[Bar]) -> list[tuple[str, str]]:
    now = datetime(2026, 3, 2, 16, tzinfo=UTC)
    found = [alert for each in series for alert in engine.take(gather([each]), now)]
    return [(alert.interval, alert.way) for alert in found]


def test_a_level_is_told_of_by_longer_bars_where_the_shorter_ones_have_ended() -> None:
    """A backfill left them in the topic, or their producer was stopped."""
    (rule,) = level_rules(Settings(window=WindowSettings(alerts={"AAPL": (180.0,)})))
    engine = Engine([rule])
    assert crossings(engine, [bar(minute, 170.0 + 20.0 * (minute >= 3)) for minute in range(12)]) == [("1m", "above")]
    longer = [bar(minute, close, interval="5m") for minute, close in ((0, 190.0), (5, 170.0), (10, 190.0), (15, 170.0))]
    assert crossings(engine, longer) == [("5m", "above"), ("5m", "below")]
    again = Engine([rule])
    again.restore(restorable(engine.pages()))
    assert crossings(again, [bar(20, 190.0, interval="5m")]) == [("5m", "above")]


def test_a_level_comes_once_while_longer_bars_are_forming() -> None:
    (rule,) = level_rules(Settings(window=WindowSettings(alerts={"AAPL": (180.0,)})))
    series = [
        *(bar(minute, 170.0, interval=interval) for minute, interval in ((0, "5m"), (4, "1m"))),
        *(bar(minute, 190.0, interval=interval) for minute, interval in ((5, "1m"), (6, "1m"))),
        bar(5, 190.0, interval="5m", final=False),
    ]
    assert crossings(Engine([rule]), series) == [("1m", "above")]


def test_a_level_is_a_rule_of_its_symbol() -> None:
    window = WindowSettings(alerts={"AAPL": (180.0, 180.0, 0.5), "MSFT": (-3.0,)}, alert_band=0.25)
    rules = rules_of(Settings(window=window))
    assert [(rule.name, rule.when) for rule in rules] == [
        ("level AAPL 180", "close crosses 180 band 0.25% on forming"),
        ("level AAPL 0.5", "close crosses 0.5 band 0.25% on forming"),
        ("level MSFT -3", "close crosses -3 band 0.25% on forming"),
    ]
    assert [sorted(rule.symbols or ()) for rule in rules] == [["AAPL"], ["AAPL"], ["MSFT"]]


@settings(max_examples=60, deadline=None)
@given(
    some.lists(some.sampled_from([98.0, 99.0, 99.9, 100.0, 100.1, 101.0, 102.0]), min_size=2, max_size=40),
    some.sampled_from([0.0, 0.5, 1.0]),
)
def test_windows_and_rules_find_the_same_crossings(closes: list[float], band: float) -> None:
    window = WindowSettings(alerts={"AAPL": (100.0,)}, alert_band=band)
    assert by_rules(level_rules(Settings(window=window)), closes) == by_window(100.0, band, closes)
