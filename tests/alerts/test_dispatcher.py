"""Dispatcher: in order, again after failures, each sink by itself, and once by id through kill -9."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from stockstream.alerts.delivery import delivery_id
from stockstream.alerts.dispatcher import Dispatcher
from stockstream.alerts.outbox import Outbox, Progress
from stockstream.errors import SinkError, SinkRefused
from stockstream.producers.patience import Patience
from stockstream.records import Alert
from tests.alerts.numbered import alert
from tests.alerts.receiver import Receiver, receiver
from tests.alerts.reports import Reports
from tests.patience import PATIENCE, until

QUICK = Patience(first=0.001, longest=0.01)


class Kept:
    """A sink that keeps what it is given, and fails as often as it is told."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.attempts = 0
        self.ids: list[str] = []

    def send(self, alert: Alert) -> None:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        self.ids.append(delivery_id(alert))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


def put(path: Path, *alerts: Alert) -> None:
    with closing(Outbox(path)) as outbox:
        outbox.add(alerts)


def sent(path: Path, reports: Reports, *alerts: Alert, **sinks: Kept) -> Dispatcher:
    """Send alerts with a dispatcher until all sinks have all."""
    dispatcher = Dispatcher(path, sinks, reports, patience=QUICK)
    put(path, *alerts)
    dispatcher.start()
    assert dispatcher.drain(PATIENCE)
    dispatcher.close()
    return dispatcher


def test_all_sinks_get_all_alerts_in_order(path: Path) -> None:
    hook, mail = Kept(), Kept()
    sent(path, Reports(), *map(alert, range(250)), hook=hook, mail=mail)
    assert hook.ids == mail.ids == [alert(number).id for number in range(250)]


def test_a_failure_is_said_once_and_so_is_its_end_and_the_order_stays(path: Path) -> None:
    hook, reports = Kept(*[SinkError("the hook is away")] * 5), Reports()
    sent(path, reports, *map(alert, range(3)), hook=hook)
    assert hook.ids == [alert(number).id for number in range(3)]
    assert hook.attempts == 8
    assert [each.partition(";")[0] for each in reports.warnings] == ["alert sink hook: the hook is away"]
    assert reports.notes == ["alert sink hook works again"]


def test_one_sink_that_fails_holds_up_no_other(path: Path) -> None:
    bad, good, reports = Kept(*[SinkError("away")] * 1_000_000), Kept(), Reports()
    dispatcher = Dispatcher(path, {"bad": bad, "good": good}, reports, patience=QUICK)
    put(path, *map(alert, range(20)))
    dispatcher.start()
    until(lambda: len(good.ids) == 20)
    until(lambda: dispatcher.progress()["good"] == Progress(0, 0))
    dispatcher.close()
    assert len(good.ids) == 20
    assert bad.ids == []
    assert dispatcher.progress() == {"bad": Progress(20, 0), "good": Progress(0, 0)}


def test_an_alert_that_its_receiver_refuses_is_passed_over_said_and_counted(path: Path) -> None:
    hook, reports = Kept(SinkRefused("it answers 422")), Reports()
    dispatcher = sent(path, reports, alert(1), alert(2), hook=hook)
    assert hook.ids == [alert(2).id]
    assert reports.warnings == [f"alert sink hook: it answers 422; alert {alert(1).id} is passed over"]
    assert dispatcher.progress() == {"hook": Progress(0, 1)}


def test_a_sink_that_raises_anything_is_tried_again_and_its_words_are_not_repeated(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hook, reports = Kept(RuntimeError("token=canary")), Reports()
    sent(path, reports, alert(1), hook=hook)
    assert hook.ids == [alert(1).id]
    assert "RuntimeError" in reports.warnings[0]
    assert "canary" not in reports.warnings[0] + caplog.text


def test_an_alert_that_cannot_be_read_is_passed_over_said_and_counted(path: Path) -> None:
    hook, reports = Kept(), Reports()
    dispatcher = Dispatcher(path, {"hook": hook}, reports, patience=QUICK)
    put(path, alert(1), alert(2), alert(3))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE outgoing SET alert = ? WHERE id = ?", (b"{", alert(2).id))
    dispatcher.start()
    assert dispatcher.drain(PATIENCE)
    dispatcher.close()
    assert hook.ids == [alert(1).id, alert(3).id]
    assert reports.warnings == ["alert sink hook: number 2 of the outbox cannot be read; it is passed over"]
    assert dispatcher.progress() == {"hook": Progress(0, 1)}


class Unheard(Reports):
    """Reports that cannot be written, such as to a terminal that was closed, for some times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def warn(self, text: str) -> None:
        self.times -= 1
        if self.times >= 0:
            raise BrokenPipeError(text)
        super().warn(text)


def test_a_sink_goes_on_whatever_fails_beside_it(path: Path) -> None:
    hook, reports = Kept(SinkError("away"), SystemExit(1)), Unheard(2)
    sent(path, reports, alert(1), alert(2), hook=hook)
    assert hook.ids == [alert(1).id, alert(2).id]
    assert [each.partition(";")[0] for each in reports.warnings] == ["alert sink hook: it failed with SystemExit"]


def test_what_was_not_sent_is_sent_by_the_next_process(path: Path) -> None:
    first = Kept(*[SinkError("away")] * 1_000_000)
    dispatcher = Dispatcher(path, {"hook": first}, Reports(), patience=Patience(first=600.0))
    put(path, alert(1), alert(2))
    dispatcher.start()
    assert not dispatcher.drain(0.2)
    started = time.monotonic()
    dispatcher.close(250.0)
    assert time.monotonic() - started < PATIENCE, "a pause of minutes ends when the process does"
    second = Kept()
    sent(path, Reports(), alert(3), hook=second)
    assert second.ids == [alert(1).id, alert(2).id, alert(3).id]


AHEAD = 5
"""Requests that a process may be further than where it is to be killed."""


def is_beyond(there: Receiver, requests: int) -> bool:
    """Whether so many came."""
    return len(there.requests) >= requests


def killed_and_restarted(path: Path, there: Receiver, count: int, kills: int, seed: int) -> int:
    """Run the sending process, kill it at random moments, and let the last one finish; returns how many were killed."""
    chance, killed = random.Random(seed), 0
    command = [sys.executable, "-m", "tests.alerts.sending_process", str(path), there.url, str(count)]
    for _ in range(kills):
        goal = len(there.requests) + chance.randrange(1, count // kills - AHEAD)
        there.holds = partial(is_beyond, there, goal + AHEAD)
        with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
            while process.poll() is None and len(there.requests) < goal:
                time.sleep(0.001)
            time.sleep(chance.random() * 0.01)
            killed += process.poll() is None
            process.kill()
        there.holds = lambda: False
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=120)
    return killed


def test_through_kill_9_at_any_moment_each_alert_arrives_in_order_and_once_by_id(path: Path) -> None:
    with receiver() as there:
        there.status = lambda identity, attempt: 503 if attempt == 1 and identity.endswith("037") else 204
        there.headers = {"Retry-After": "0"}
        killed = killed_and_restarted(path, there, count=120, kills=4, seed=16)
    assert killed == 4
    assert there.heeded == [alert(number).id for number in range(120)]
    assert there.unsigned == 0
    assert all(len(bodies) == 1 for bodies in there.bodies.values()), "a repeat is the same, byte for byte"
    repeats = sum(Counter(there.requests).values()) - 120 - 1
    assert repeats <= killed, "no more than what was under way when a process was killed comes again"
