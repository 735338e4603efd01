"""Other processes that fall silent: told once, by one that goes on, under the same id whoever tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from stockstream.alerts.heartbeat import beat
from stockstream.alerts.other_runs import SILENCE, OtherRuns
from stockstream.alerts.rule import Rule
from stockstream.alerts.run_state import state_name
from stockstream.alerts.runner import Runner, RunOptions
from stockstream.present.beats import AlertsRun, Beats
from stockstream.topics import ALERTS, STOCKS
from tests.alerts.test_runner import Delivered, Silent, in_topic, told
from tests.patience import until
from tests.site import Site
from tests.views.bars import bar

RULE = Rule.of("high", "close > 180")


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


EVERY = 0.2
"""Seconds between two beats of those that are silent: so long they are looked at before that is told."""


def test_only_others_that_are_silent_are_told_of_and_once(site: Site) -> None:
    beats = [
        beat("dead", "running", ago(minutes=5), EVERY),
        beat("well", "running", ago(seconds=0), 30_000.0),
        beat("ended", "stopped", ago(minutes=5), 30.0),
        beat("given up", "running", ago(days=8), EVERY),
        beat("own", "stopped", ago(minutes=5), EVERY),
    ]
    site.send(ALERTS, beats)
    runs = OtherRuns(site.connection, "own", every=0.0)
    (found,) = until(runs.look)
    assert (found.rule, found.symbol, found.way, found.time) == (SILENCE, "alerts", "silent", beats[0].at)
    assert " is silent since " in found.text
    assert runs.look() == []
    others = OtherRuns(site.connection, "another", every=0.0)
    assert [each.id for each in until(others.look)][:1] == [found.id]
    others.close()
    site.send(ALERTS, [beat("dead", "running", ago(minutes=2), EVERY)])
    (later,) = until(runs.look)
    assert later.id != found.id
    runs.close()


def test_others_that_are_late_for_a_moment_are_not_told_of(site: Site) -> None:
    """The machine has slept, or the broker was away: all are late, until they send their next beat."""
    site.send(
        ALERTS, [beat("late", "running", ago(minutes=10), 600 * EVERY), beat("dead", "running", ago(hours=1), EVERY)]
    )
    runs = OtherRuns(site.connection, "own", every=0.0)
    assert runs.look() == []
    site.send(ALERTS, [beat("late", "running", ago(minutes=0), 600 * EVERY)])
    assert ["/dead/" in each.id for each in until(runs.look)] == [True]
    runs.close()


def test_a_process_that_goes_on_tells_sinks_of_one_that_is_silent(site: Site, tmp_path: Path) -> None:
    site.send(STOCKS, [bar(0, 100.0)])
    for number in range(2):
        # What the second run tells of the new one it would tell of the first one, too: it sees both from its start.
        site.send(ALERTS, [beat(f"dead{number}", "running", ago(minutes=5), EVERY)])
        runner = Runner([RULE], site.connection, tmp_path / "states", Silent(), Delivered(tmp_path / "delivered"))
        runner.run(RunOptions(seconds=100), lambda: len(told(tmp_path)) > number)  # noqa: B023 - called at once
        silences = [each for each in in_topic(site) if each.rule == SILENCE]
        assert [f"raised {each.id}" for each in silences] == told(tmp_path)
        assert len(silences) == number + 1


def test_its_own_beats_have_the_name_of_its_state(site: Site) -> None:
    runs = OtherRuns(site.connection, state_name([RULE]), every=0.0)
    site.send(ALERTS, [beat(state_name([RULE]), "running", ago(seconds=-1), EVERY)])
    site.send(ALERTS, [beat("other", "running", ago(minutes=5), EVERY)])
    assert ["/other/" in each.id for each in until(runs.look)] == [True]
    runs.close()


def test_a_process_tells_that_its_former_run_was_silent_once_under_the_id_that_others_give_it(site: Site) -> None:
    site.send(ALERTS, [beat("own", "running", ago(minutes=5), EVERY)])
    runs = OtherRuns(site.connection, "own", every=0.0)
    site.send(ALERTS, [beat("own", "running", ago(seconds=-1), 30.0)])
    (found,) = runs.look()
    assert " was silent from " in found.text
    assert runs.look() == []
    runs.close()
    others = OtherRuns(site.connection, "another", every=0.0)
    site.send(ALERTS, [beat("own", "running", ago(minutes=4), EVERY)])
    assert len({each.id for each in until(others.look)} | {found.id}) == 2, "another silence has another id"
    others.close()
    ended = OtherRuns(site.connection, "well", every=0.0)
    site.send(ALERTS, [beat("well", "stopped", ago(minutes=5), 30.0), beat("well", "running", ago(seconds=-1), 30.0)])
    assert ended.look() == []
    ended.close()


def test_beats_say_what_runs_since_when_and_with_how_many_rules() -> None:
    beats, began, now = Beats(), ago(hours=3).replace(microsecond=0), ago(seconds=0)
    running = beat("a", "running", ago(seconds=20), 30.0, rules=7, since=began)
    silent = beat("b", "running", ago(minutes=5), 30.0, rules=2, since=began)
    ended = beat("c", "stopped", ago(hours=2), 30.0)
    for each in (ended, silent, running, beat("d", "stopped", ago(hours=25), 30.0)):
        assert beats.take(each)
    found = beats.runs(now)
    assert [(each.state, each.since, each.rules) for each in found] == [
        ("running", began, 7),
        ("silent", silent.at, 2),
        ("ended", ended.at, 0),
    ]
    assert all(", process " in each.process for each in found)
    assert isinstance(found[0], AlertsRun)
