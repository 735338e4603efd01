"""The runner on a real broker: every alert once by its id, whatever ends the process; nobody is told of the past."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from stockstream.alerts.alert import muting
from stockstream.alerts.alerts_topic import AlertsRead
from stockstream.alerts.rule import Rule
from stockstream.alerts.runner import Runner, RunOptions, Summary
from stockstream.alerts.topic_outbox import TopicOutbox
from stockstream.alerts.watched_levels import Levels, watching
from stockstream.errors import BrokerError, StateError
from stockstream.kafka.admin import Admin
from stockstream.kafka.to_end import scan
from stockstream.kafka.waiting import Awaited, Waiting
from stockstream.records import Alert, Bar
from stockstream.topics import ALERTS, STOCKS
from stockstream.views.checkpoint import Checkpoint
from tests.alerts import numbered
from tests.alerts.evaluation.rules import bars
from tests.alerts.evaluation.test_brute_force import deliveries, expected
from tests.patience import PATIENCE
from tests.site import Site
from tests.views.bars import bar

TEXTS = (
    "close crosses above sma(4)",
    "rsi(3) < 30 for 2 bars",
    "sequence: close < sma(4) then close crosses sma(4) within 3 bars",
    "volume > 2 * sma(volume, 4) cooldown 5m",
    "close > sma(4) interval 5m",
)

# Kills itself at a call of one of our own functions that save, send or decide between the two.
CHILD = """
import os, signal, sys
from pathlib import Path
from tests.alerts.test_runner import run

broker, folder, at = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
calls = 0
own = "runner topic_outbox alerts_topic former_rules checkpoint publisher to_end"
ours = tuple(f"{name}.py" for name in own.split())

def count(frame, event, argument):
    global calls
    if event in ("call", "return") and frame.f_code.co_filename.endswith(ours):
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(count)
run(broker, folder)
sys.setprofile(None)
print(calls)
"""


class Delivered:
    """Appends the id of each alert to a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def begin(self, folder: Path | None) -> None:
        """Nothing is needed."""

    def put(self, alerts: Sequence[Alert]) -> None:
        with self._file.open("a") as file:
            file.writelines(f"{alert.state} {alert.id}\n" for alert in alerts)


class Silent:
    """Shows nothing, and keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.bars = self.lives = 0

    def progress(self, bars: int, state: str) -> None:
        self.lives = self.lives + 1 if state == "live" and bars == self.bars else 0
        self.bars = bars

    def rests(self) -> bool:
        """Whether for a while nothing has come, so that all is saved and sent."""
        return self.bars > 0 and self.lives > 40

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def run(broker: str, folder: Path, texts: Sequence[str] = TEXTS, *, once: bool = True) -> Summary:
    """Run the rules to the end of the topic; without ``once`` as a run that goes on, until it rests."""
    rules = [Rule.of(text, text) for text in texts]
    shown, delivered = Silent(), Delivered(folder / "delivered")
    runner = Runner(rules, {"bootstrap.servers": broker}, folder / "states", shown, delivered)
    return runner.run(RunOptions(once=once, patience=1.0), shown.rests)


def in_topic(site: Site) -> list[Alert]:
    """All messages of the topic of alerts, before compaction."""
    decode = ALERTS.decoder()
    return [decode(message.value()) for message in scan(ALERTS.name, site.connection)]


def told(folder: Path) -> list[str]:
    file = folder / "delivered"
    return file.read_text().splitlines() if file.exists() else []


def standing(site: Site) -> dict[str, list[tuple[datetime, str]]]:
    found: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for alert in AlertsRead(site.connection).look().values():
        if alert.state == "raised":
            found[alert.rule].append((alert.time, alert.way))
    return {rule: sorted(comings) for rule, comings in found.items()}


def test_kill_9_anywhere_leaves_every_alert_once(site: Site, tmp_path: Path) -> None:
    series = bars(160, 3)
    arriving = deliveries(series, 3)
    dice, kills = random.Random(8), 0
    calls = 0  # of a child that runs to its end, as the first one does
    for start in range(0, len(arriving), 50):
        part = arriving[start : start + 50]
        newest = max(part, key=lambda bar: bar.time)
        site.send(STOCKS, [*part, msgspec.structs.replace(newest, close=300.0, high=300.0, final=True, flags=())])
        for _ in range(2):
            child = subprocess.run(
                [sys.executable, "-c", CHILD, site.bootstrap_servers, str(tmp_path), str(dice.randint(0, calls))],
                cwd=Path(__file__).parents[2],
                capture_output=True,
                text=True,
                check=False,
            )
            assert child.returncode in (0, -signal.SIGKILL), child.stderr
            kills += child.returncode != 0
            calls = max(calls, int(child.stdout or 0))
        site.send(STOCKS, [bar for bar in series if bar.time == newest.time])
    assert kills > 2
    run(site.bootstrap_servers, tmp_path)
    wanted = {text: sorted(expected(Rule.of(text, text), series)) for text in TEXTS}
    assert standing(site) == {text: comings for text, comings in wanted.items() if comings}
    states: defaultdict[str, list[str]] = defaultdict(list)
    for alert in in_topic(site):
        states[alert.id].append(alert.state)
    assert any(len(each) > 1 for each in states.values())  # some were withdrawn
    for each in states.values():
        assert each == (["raised", "withdrawn"] * len(each))[: len(each)]
    assert {line.split()[1] for line in told(tmp_path)} == set(states)


def test_all_bars_once_more_send_nothing_and_leave_what_was_acknowledged(site: Site, tmp_path: Path) -> None:
    site.send(STOCKS, deliveries(bars(120, 4), 4))
    first = run(site.bootstrap_servers, tmp_path)
    messages = in_topic(site)
    assert first.raised == len(messages) > 5
    site.send(ALERTS, [msgspec.structs.replace(messages[0], state="acknowledged")])
    again = tmp_path / "again"
    again.mkdir()
    assert run(site.bootstrap_servers, again)[1:] == (0, 0)
    assert len(in_topic(site)) == len(messages) + 1
    assert AlertsRead(site.connection).look()[messages[0].id].state == "acknowledged"


class _KilledError(Exception):
    """In place of a kill."""


def _killed(_: Sequence[Alert]) -> None:
    raise _KilledError


def test_only_what_the_topic_holds_is_told_and_a_kill_between_loses_neither(site: Site) -> None:
    site.send(ALERTS, [numbered.alert(0), numbered.alert(3)])
    dies = TopicOutbox(site.connection, _killed)
    dies.put([numbered.alert(1)])
    with pytest.raises(_KilledError):
        dies.send()
    told: list[Alert] = []
    outbox = TopicOutbox(site.connection, told.extend)
    # 1 is in the topic, 2 never came there before it was withdrawn; 3 is met in the topic by one that did not send it.
    outbox.restore([numbered.alert(1), numbered.alert(2)], [])
    outbox.put([numbered.alert(2, state="withdrawn"), numbered.alert(3), numbered.alert(4)])
    assert [alert.id for alert in outbox.send()] == ["004"]
    outbox.put([numbered.alert(1)])
    assert outbox.send() == []
    assert [alert.id for alert in told] == ["001", "004"]


def test_nobody_is_told_of_the_past_nor_of_what_is_muted(site: Site, tmp_path: Path) -> None:
    series = bars(200, 6)
    site.send(STOCKS, series[:100])
    past = run(site.bootstrap_servers, tmp_path, once=False)
    assert past.raised > 5
    assert told(tmp_path) == []
    now = datetime.now(UTC)
    site.send(ALERTS, [muting(TEXTS[0], "AAPL", now + timedelta(hours=1), now)])
    site.send(STOCKS, series[100:])
    new = run(site.bootstrap_servers, tmp_path, once=False)
    rules = {alert.id: alert.rule for alert in in_topic(site)}
    heard = [rules[line.split()[1]] for line in told(tmp_path)]
    assert 0 < len(heard) < new.raised
    assert TEXTS[0] not in heard


def test_changed_rules_evaluate_all_bars_again_and_say_so(site: Site, tmp_path: Path) -> None:
    site.send(STOCKS, bars(50, 2))
    run(site.bootstrap_servers, tmp_path)
    shown = Silent()
    runner = Runner(
        [Rule.of(text, "close > 1") for text in TEXTS],
        site.connection, tmp_path / "states", shown, Delivered(tmp_path / "delivered"),
    )  # fmt: skip
    assert runner.run(RunOptions(once=True), lambda: False).raised == len(TEXTS)
    assert shown.warnings == ["the rules have changed: all bars of the topic are evaluated again"]


def test_two_processes_with_the_same_rules_and_no_topic_are_errors(site: Site, tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="topic stocks"):
        run(site.bootstrap_servers, tmp_path, texts=TEXTS)
    site.send(STOCKS, [msgspec.structs.replace(bars(1, 1)[0], flags=())])
    run(site.bootstrap_servers, tmp_path, ["close > 1"])
    folder = next((tmp_path / "states" / Admin(site.connection).cluster_id() / "alerts").iterdir())
    held = Checkpoint(folder)
    with pytest.raises(StateError, match="another process runs these rules"):
        run(site.bootstrap_servers, tmp_path, ["close > 1"])
    held.close()


class _Locked:
    """A database that another process has locked."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *error: object) -> None:
        """End."""

    def execute(self, *_: object) -> None:
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_BUSY, "SQLITE_BUSY"
        raise error

    def close(self) -> None:
        """Nothing is open."""


class _Hindered(Runner):
    def _opened(self, folder: Path) -> Checkpoint:
        checkpoint = super()._opened(folder)
        checkpoint._database.close()
        checkpoint._database = _Locked()  # type: ignore[assignment]
        return checkpoint


def test_a_state_that_cannot_be_read_for_now_ends_the_run_and_is_left_as_it_is(site: Site, tmp_path: Path) -> None:
    site.send(STOCKS, [bar(0, 100.0)])
    run(site.bootstrap_servers, tmp_path, ["close > 1"])
    rules, deadline = [Rule.of("close > 1", "close > 1")], time.monotonic() + PATIENCE
    hindered = _Hindered(
        rules, site.connection, tmp_path / "states", shown := Silent(), Delivered(tmp_path / "delivered")
    )
    with pytest.raises(StateError, match=r"no state can be saved in .*: database is locked"):
        hindered.run(RunOptions(), lambda: time.monotonic() > deadline)
    site.send(STOCKS, [bar(1, 100.0), bar(2, 0.5), bar(3, 100.0)])
    run(site.bootstrap_servers, tmp_path, ["close > 1"])
    assert shown.warnings == []
    assert len(told(tmp_path)) == 2
    assert not list(tmp_path.rglob("*.damaged"))


class Told(Silent):
    """Keeps the states, too."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[str] = []

    def progress(self, bars: int, state: str) -> None:
        super().progress(bars, state)
        self.states.append(state)


def test_levels_that_cannot_be_read_are_waited_for_in_words_and_not_for_ever(site: Site, tmp_path: Path) -> None:
    site.send(STOCKS, [bar(0, 100.0)])
    levels, shown, ends = Levels(), Told(), time.monotonic() + PATIENCE
    levels.waiting = Waiting(Awaited.ANSWER, site.bootstrap_servers, ALERTS.name)
    runner = Runner(
        [Rule.of("high", "close > 1")], site.connection, tmp_path, shown, Delivered(tmp_path / "told"), levels=levels
    )
    with pytest.raises(BrokerError, match="has not told of the topic alerts"):
        runner.run(RunOptions(once=True, patience=0.1), lambda: time.monotonic() > ends)
    assert shown.states[-1] == f"waiting for an answer about topic alerts on {site.bootstrap_servers}"
    assert shown.bars == 0


class _Dies(Delivered):
    """Is killed before anybody is told."""

    def put(self, alerts: Sequence[Alert]) -> None:
        _killed(alerts)


def test_a_level_of_once_whose_end_waits_is_not_crossed_again(site: Site, tmp_path: Path) -> None:
    def crossed(delivered: Delivered, *bars: Bar) -> list[Alert]:
        levels = Levels()
        levels.take([watching("ann", bar(0, 100.0), 101.0, datetime(2026, 3, 2, tzinfo=UTC), once=True)])
        levels.settled = True
        site.send(STOCKS, [*bars])
        runner = Runner(
            [Rule.of("high", "close > 1000")], site.connection, tmp_path, Silent(), delivered, levels=levels
        )
        runner.run(RunOptions(once=True), lambda: False)
        return in_topic(site)

    with pytest.raises(_KilledError):
        crossed(_Dies(tmp_path / "told"), bar(0, 100.0), bar(1, 102.0))
    found = crossed(Delivered(tmp_path / "told"), bar(2, 100.5), bar(3, 103.0))
    assert [each.state for each in found] == ["raised", "watched"]
