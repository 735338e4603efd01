"""Runs after the rules, the topic or the disk have changed: nobody misses an alert, and nobody is told of the past."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from filelock import FileLock

from stockstream.alerts import runner as runner_module
from stockstream.alerts.alert import acknowledged, level_name
from stockstream.alerts.evaluation.topic_rules import Values
from stockstream.alerts.rule import Rule
from stockstream.alerts.run_state import state_name
from stockstream.alerts.runner import Runner, RunOptions, Summary
from stockstream.errors import StateError
from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.records import Alert, Bar
from stockstream.topics import ALERTS, STOCKS
from tests.alerts.test_runner import Delivered, Silent, in_topic, told
from tests.cli.helpers import until
from tests.site import Site
from tests.views.bars import bar


def run(
    site: Site, folder: Path, rules: Sequence[Rule], *, once: bool = False, delivery: Delivered | None = None
) -> tuple[Summary, list[str]]:
    """Run rules until all bars are evaluated and all is sent; returns also what the user was warned of."""
    shown = Silent()
    runner = Runner(rules, site.connection, folder / "states", shown, delivery or Delivered(folder / "delivered"))
    return runner.run(RunOptions(once=once, patience=1.0), lambda: not once and shown.rests()), shown.warnings


def folder(site: Site, of: Path, rules: Sequence[Rule]) -> Path:
    """The folder of the state of rules; whoever holds its lock is a process that runs them."""
    return of / "states" / Admin(site.connection).cluster_id() / "alerts" / state_name(rules)


def peaks(*minutes: int) -> list[Bar]:
    """Bars of which every second one is above 180."""
    return [bar(minute, 181.0 if minute % 2 else 170.0) for minute in minutes]


def test_rules_with_other_names_tell_of_the_bars_since_the_former_run(site: Site, tmp_path: Path) -> None:
    high = Rule.of("high", "close > 180")
    site.send(STOCKS, peaks(*range(10)))
    run(site, tmp_path, [high])
    assert told(tmp_path) == []
    site.send(STOCKS, peaks(10, 11, 12))
    run(site, tmp_path, [high, Rule.of("low", "close < 100")])
    rules = {alert.id: (alert.rule, alert.time.minute) for alert in in_topic(site)}
    assert [rules[line.split()[1]] for line in told(tmp_path)] == [("high", 41)]
    # The same name with another text.
    site.send(STOCKS, peaks(13, 14))
    run(site, tmp_path, [Rule.of("high", "close > 180.5"), Rule.of("low", "close < 100")])
    rules = {alert.id: (alert.rule, alert.time.minute) for alert in in_topic(site)}
    assert [rules[line.split()[1]] for line in told(tmp_path)] == [("high", 41), ("high", 43)]
    # Rules of which none was there before have no run before them.
    run(site, tmp_path, [Rule.of("other", "close > 180")])
    assert len(told(tmp_path)) == 2


def states(site: Site) -> dict[tuple[str, int], str]:
    """The last state of each alert by its rule and minute."""
    return {(alert.rule, alert.time.minute): alert.state for alert in in_topic(site)}


def test_what_a_former_text_raised_is_withdrawn_and_nobody_is_told(site: Site, tmp_path: Path) -> None:
    site.send(STOCKS, [*peaks(*range(6)), bar(6, 170.0), bar(7, 190.0), bar(8, 170.0), bar(0, 1.0, "MSFT")])
    run(site, tmp_path, [Rule.of("high", "close > 180")], once=True)
    before = told(tmp_path)
    assert states(site) == {("high", minute): "raised" for minute in (31, 33, 35, 37)}
    first = in_topic(site)[0]
    with Publisher(ALERTS, site.connection) as publisher:
        publisher.send(acknowledged(first, first.at))
    run(site, tmp_path, [Rule.of("high", "close > 185")])
    raised, gone = "raised", "withdrawn"
    assert states(site) == {("high", 31): "acknowledged", ("high", 33): gone, ("high", 35): gone, ("high", 37): raised}
    last = {alert.id: alert for alert in in_topic(site)}.values()
    assert {alert.when for alert in last if alert.state == "raised"} == {"close > 185"}
    assert {alert.text.partition("AAPL")[0] for alert in last if alert.state == gone} == {
        "withdrawn: by a former rule: "
    }
    run(site, tmp_path, [Rule.of("high", "close > 185", ["MSFT"])])
    assert states(site)["high", 37] == gone, "its symbol is no longer among those of the rule"
    count = len(in_topic(site))
    run(site, tmp_path, [Rule.of("high", "close > 180")])
    assert states(site) == {("high", 31): "acknowledged", **{("high", minute): raised for minute in (33, 35, 37)}}
    assert told(tmp_path) == before
    run(site, tmp_path, [Rule.of("high", "close > 180")], once=True)
    assert len(in_topic(site)) == count + 3, "nothing is sent twice"


def test_what_a_rule_raised_that_was_given_up_is_withdrawn_but_not_that_of_another_run(
    site: Site, tmp_path: Path
) -> None:
    high, low = Rule.of("high", "close > 180"), Rule.of("low", "close < 175")
    site.send(STOCKS, peaks(0, 1))
    run(site, tmp_path, [low], once=True)
    run(site, tmp_path, [high], once=True)
    assert states(site) == {("low", 30): "raised", ("high", 31): "raised"}, "two runs, each with its own rules"
    run(site, tmp_path, [high, low], once=True)
    assert set(states(site).values()) == {"raised"}
    for _ in range(2):
        run(site, tmp_path, [high], once=True)
        assert states(site) == {("low", 30): "withdrawn", ("high", 31): "raised"}
    run(site, tmp_path, [high, low], once=True)
    run(site, tmp_path, [low], once=True)
    assert states(site) == {("low", 30): "raised", ("high", 31): "withdrawn"}


def test_what_another_process_raises_by_a_rule_of_the_same_name_stays(site: Site, tmp_path: Path) -> None:
    """It runs on another machine, whose states are not known here; or on this one, and goes on."""
    other, own = Rule.of("high", "close > 180", ["AAPL"]), Rule.of("high", "close > 500")
    low = Rule.of("low", "close < 175")
    site.send(STOCKS, [*peaks(0, 1), bar(0, 1.0, "MSFT")])
    run(site, tmp_path / "other machine", [other], once=True)
    run(site, tmp_path, [own], once=True)
    run(site, tmp_path, [Rule.of("high", "close > 180", ["MSFT"])], once=True)
    assert states(site) == {("high", 31): "raised"}
    run(site, tmp_path, [other, low], once=True)
    with FileLock(folder(site, tmp_path, [other, low]) / "lock"):
        run(site, tmp_path, [own], once=True)
        assert set(states(site).values()) == {"raised"}
    run(site, tmp_path, [Rule.of("high", "close > 600")], once=True)
    assert set(states(site).values()) == {"raised"}, "it began before these were last run: it was no former one then"


def test_a_run_goes_on_from_the_start_where_one_that_runs_has_withdrawn_what_it_raised(
    site: Site, tmp_path: Path
) -> None:
    high, low = Rule.of("high", "close > 180"), Rule.of("low", "close < 175")
    site.send(STOCKS, peaks(0, 1))
    run(site, tmp_path, [high, low], once=True)
    run(site, tmp_path, [high], once=True)
    assert states(site) == {("low", 30): "withdrawn", ("high", 31): "raised"}
    with FileLock(folder(site, tmp_path, [high]) / "lock"):
        run(site, tmp_path, [high, low], once=True)
    assert set(states(site).values()) == {"raised"}


class Releases(logging.Handler):
    """Releases a lock as soon as somebody has found it held."""

    def __init__(self, held: FileLock) -> None:
        super().__init__()
        self.held = held

    def emit(self, record: logging.LogRecord) -> None:
        if "holds the state" in record.getMessage():
            self.held.release()


def test_a_start_waits_for_another_one_that_looks_at_its_state(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of two services that start at once each tries the lock of the other, to see whether it runs."""
    high = Rule.of("high", "close > 180")
    site.send(STOCKS, peaks(0, 1))
    run(site, tmp_path, [high], once=True)
    releases = Releases(FileLock(folder(site, tmp_path, [high]) / "lock"))
    caplog.set_level(logging.INFO, logger=runner_module.LOG.name)
    runner_module.LOG.addHandler(releases)
    try:
        with releases.held:
            site.send(STOCKS, peaks(2, 3))
            summary, warnings = run(site, tmp_path, [high], once=True)
    finally:
        runner_module.LOG.removeHandler(releases)
    assert (summary.bars, summary.raised, warnings) == (2, 1, [])


def test_alerts_of_a_price_level_that_left_the_settings_stay(site: Site, tmp_path: Path) -> None:
    """Somebody may watch the same level on the page: it has the same name, and the same alerts."""
    high = Rule.of("high", "close > 180")
    level = replace(Rule.of(level_name("AAPL", 180.0), "close crosses 180 on forming", ["AAPL"]), is_level=True)
    site.send(STOCKS, peaks(0, 1))
    run(site, tmp_path, [high, level], once=True)
    before = states(site)
    run(site, tmp_path, [high], once=True)
    assert states(site) == before == {("high", 31): "raised", (level.name, 31): "raised"}


def test_a_topic_made_anew_leaves_nothing_of_the_old_one_in_the_state(site: Site, tmp_path: Path) -> None:
    rule = Rule.of("high", "close > 180")
    site.send(STOCKS, [*peaks(*range(300)), bar(0, 1.0, "MSFT")])
    shown, anew = Silent(), False

    def ended() -> bool:
        nonlocal anew
        if shown.rests() and not anew:
            anew = True
            Admin(site.connection).delete({STOCKS.name})
            until(lambda: STOCKS.name not in Admin(site.connection).names())
            site.send(STOCKS, peaks(*range(3)))
        return shown.bars >= 304 and shown.rests()

    runner = Runner([rule], site.connection, tmp_path / "states", shown, Delivered(tmp_path / "delivered"))
    runner.run(RunOptions(seconds=60), ended)
    site.send(STOCKS, peaks(3))
    summary, warnings = run(site, tmp_path, [rule])
    assert (summary.bars, warnings) == (1, [])


class Full(Delivered):
    """A disk that is full for the first calls."""

    def __init__(self, file: Path, calls: float) -> None:
        super().__init__(file)
        self.calls = calls
        self.asked = 0

    def put(self, alerts: Sequence[Alert]) -> None:
        self.asked += 1
        if self.asked <= self.calls:
            raise StateError("the outbox of alerts cannot be used: database or disk is full")
        super().put(alerts)


def test_a_full_disk_makes_alerts_wait(site: Site, tmp_path: Path) -> None:
    rule = Rule.of("high", "close > 180")
    site.send(STOCKS, peaks(*range(6)))
    full = Full(tmp_path / "delivered", float("inf"))
    with pytest.raises(StateError, match="disk is full"):
        run(site, tmp_path, [rule], once=True, delivery=full)
    assert full.asked < 4, "it pauses between two tries"
    assert (len(in_topic(site)), told(tmp_path)) == (3, [])
    full.calls = full.asked + 1
    shown = Silent()
    runner = Runner([rule], site.connection, tmp_path / "states", shown, full)
    runner.run(RunOptions(seconds=60), lambda: len(told(tmp_path)) == 3)
    assert len(in_topic(site)) == 3
    assert shown.warnings == ["alerts wait: the outbox of alerts cannot be used: database or disk is full"]


def test_a_silence_of_before_the_first_start_is_of_the_past(site: Site, tmp_path: Path) -> None:
    site.send(STOCKS, [bar(0, 1.0, "MSFT"), bar(1, 1.0, "MSFT")])
    shown, sent = Silent(), list[Bar]()

    def ended() -> bool:
        if shown.rests() and not sent:
            sent.append(bar(0, 1.0, "AAPL"))
            site.send(STOCKS, sent)
        return bool(told(tmp_path))

    rule = Rule.of("stale", "no bar for 1m")
    runner = Runner([rule], site.connection, tmp_path / "states", shown, Delivered(tmp_path / "delivered"))
    runner.run(RunOptions(seconds=60), ended)
    symbols = {alert.id: alert.symbol for alert in in_topic(site)}
    assert sorted(symbols.values()) == ["AAPL", "MSFT"]
    assert [symbols[line.split()[1]] for line in told(tmp_path)] == ["AAPL"]


def test_rules_about_topics_need_no_bars(site: Site, tmp_path: Path) -> None:
    rule = Rule.of("behind", "flights.lag > 1000")

    def look(wanted: frozenset[tuple[str, str]], now: datetime) -> Values:
        return dict.fromkeys(wanted, 2_000.0)

    for _ in range(2):
        runner = Runner(
            [rule], site.connection, tmp_path / "states", Silent(), Delivered(tmp_path / "delivered"), look=look
        )
        runner.run(RunOptions(once=True, patience=20.0), lambda: False)
        assert len(told(tmp_path)) == len(in_topic(site)) == 1
