"""The supervisor, with small programs in place of our commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stockstream.cli.supervisor import State, Supervisor
from tests.cli.helpers import until
from tests.patience import PATIENCE

# Reports as our commands do, notes its end in a file when it is asked to end, and takes a while over it.
CHILD = """
import json, signal, subprocess, sys, time

name, what, ends = sys.argv[1:4]

def tell(event, **values):
    print(json.dumps({"time": "now", "event": event, **values}), file=sys.stderr, flush=True)

def end(number, frame):
    time.sleep(0.2)
    with open(ends, "a") as file:
        file.write(name + "\\n")
    sys.exit(143)

signal.signal(signal.SIGTERM, end)
if what == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if what == "parent":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)  # " + ends])
tell("progress", done=7, total=None, rate=2.5, state="working")
if what == "secret":
    tell("note", text="a note")
    tell("result", text="a secret")
if what == "done":
    sys.exit(0)
if what == "error":
    tell("error", text="no broker answers", hint="start one", log=None)
    sys.exit(1)
if what == "crash":
    raise RuntimeError("out of luck")
time.sleep(60)
"""


# Ends with an exit code, or by a signal where it is negative: at once, or when it is asked to.
ENDS = """
import os, resource, signal, sys, time

def end(*_):
    if code >= 0:
        os._exit(code)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)

code = int(sys.argv[1])
if len(sys.argv) == 2:
    end()
signal.signal(signal.SIGTERM, end)
print('{"event": "note", "text": "up"}', file=sys.stderr, flush=True)
time.sleep(60)
"""


BY_SIGNAL = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere an intermediate process reports the signal as a code"
)


class Family:
    """A supervisor of such children, and the order in which they ended."""

    def __init__(self, supervisor: Supervisor, ends: Path) -> None:
        self.supervisor = supervisor
        self.ends = ends

    def start(self, name: str, what: str = "work", rank: int = 0) -> None:
        self.supervisor.start(name, [sys.executable, "-c", CHILD, name, what, str(self.ends)], rank=rank)

    def state(self, name: str) -> State:
        return next(child.state for child in self.supervisor.children if child.name == name)

    def ended(self) -> list[str]:
        return self.ends.read_text().split() if self.ends.exists() else []


def left_behind(mark: str) -> list[psutil.Process]:
    """The processes that have a text in their command line."""
    running = [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE
    ]
    return [process for process in running if any(mark in part for part in process.info["cmdline"] or ())]


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    with Supervisor(os.environ, patience=PATIENCE) as supervisor:
        yield Family(supervisor, tmp_path / "ends")


def test_what_a_child_reports_is_known(family: Family) -> None:
    family.start("producer")
    (child,) = family.supervisor.children
    assert child.state is State.STARTING
    until(lambda: child.state is State.RUNNING)
    assert (child.report.done, child.report.rate, child.report.doing) == (7, 2.5, "working")


def test_the_others_go_on_when_one_dies_and_its_last_error_is_known(family: Family) -> None:
    for what in ("work", "error", "crash", "done"):
        family.start(what, what)
    until(lambda: [family.state(name) for name in ("error", "crash", "done")] == [State.DIED, State.DIED, State.DONE])
    assert [child.why() for child in family.supervisor.died()] == [
        "no broker answers (exit code 1)",
        "RuntimeError: out of luck (exit code 1)",
    ]
    assert family.state("work") is State.RUNNING


@pytest.mark.parametrize(
    ("code", "state", "why"),
    [
        (0, State.DONE, ""),
        (1, State.DIED, "exit code 1"),
        (2, State.DIED, "exit code 2"),
        # What is orderly after it was asked to end is none where nobody asked.
        (130, State.DIED, "exit code 130"),
        (143, State.DIED, "exit code 143"),
        pytest.param(-signal.SIGTERM, State.DIED, "killed by SIGTERM", marks=BY_SIGNAL),
        pytest.param(-signal.SIGSEGV, State.DIED, "killed by SIGSEGV", marks=BY_SIGNAL),
    ],
)
def test_an_end_that_nobody_asked_for_is_judged_by_its_exit_code(
    family: Family, code: int, state: State, why: str
) -> None:
    family.supervisor.start("x", [sys.executable, "-c", ENDS, str(code)], rank=0)
    (child,) = family.supervisor.children
    until(lambda: not child.alive)
    assert child.state is state
    assert [died.why() for died in family.supervisor.died()] == ([why] if why else [])


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (0, State.ENDED),
        (130, State.ENDED),
        (143, State.ENDED),
        pytest.param(-signal.SIGTERM, State.ENDED, marks=BY_SIGNAL),
        pytest.param(-signal.SIGINT, State.ENDED, marks=BY_SIGNAL),
        (1, State.DIED),
        pytest.param(-signal.SIGKILL, State.DIED, marks=BY_SIGNAL),
    ],
)
def test_an_end_that_was_asked_for_is_judged_by_its_exit_code(family: Family, code: int, state: State) -> None:
    family.supervisor.start("x", [sys.executable, "-c", ENDS, str(code), "when asked"], rank=0)
    (child,) = family.supervisor.children
    until(lambda: child.state is State.RUNNING)
    family.supervisor.stop()
    assert child.process.returncode == code
    assert child.state is state
    assert bool(family.supervisor.died()) == (state is State.DIED)


def test_a_killed_child_says_so(family: Family) -> None:
    family.start("work")
    (child,) = family.supervisor.children
    until(lambda: child.state is State.RUNNING)
    child.process.kill()
    until(lambda: child.state is State.DIED)
    assert child.why() == "killed by SIGKILL"


def test_they_are_ended_in_order_of_rank_the_highest_first(family: Family) -> None:
    for name, rank in (("broker", 0), ("stocks", 1), ("flights", 1), ("window", 2)):
        family.start(name, rank=rank)
    until(lambda: all(child.state is State.RUNNING for child in family.supervisor.children))
    family.supervisor.stop()
    ended = family.ended()
    assert (ended[0], set(ended[1:3]), ended[3]) == ("window", {"stocks", "flights"}, "broker")
    assert [child.state for child in family.supervisor.children] == [State.ENDED] * 4
    assert family.supervisor.died() == []


def test_one_that_is_stopped_ends_as_it_was_asked_to(tmp_path: Path) -> None:
    family = Family(Supervisor(os.environ, patience=PATIENCE), tmp_path / "ends")
    family.start("stopped")
    until(lambda: family.state("stopped") is State.RUNNING)
    family.supervisor.children[0].process.send_signal(signal.SIGSTOP)
    family.supervisor.stop()
    assert family.ended() == ["stopped"]


def test_one_that_is_deaf_is_killed(tmp_path: Path) -> None:
    family = Family(Supervisor(os.environ, patience=0.5), tmp_path / "ends")
    family.start("deaf", "deaf")
    until(lambda: family.state("deaf") is State.RUNNING)
    family.supervisor.stop()
    assert family.state("deaf") is State.DIED
    assert left_behind(str(family.ends)) == []


def test_what_a_child_started_itself_is_ended_with_it(family: Family) -> None:
    family.start("parent", "parent")
    until(lambda: len(left_behind(str(family.ends))) == 2)
    family.supervisor.stop()
    assert left_behind(str(family.ends)) == []


# Starts two children and waits; what a test does to it is done to a supervisor in a process of its own.
OWNER = """
import os, sys, time
from stockstream.cli.supervisor import Supervisor
program, ends = sys.argv[1:3]
with Supervisor(os.environ) as supervisor:
    for name in ("one", "two"):
        supervisor.start(name, [sys.executable, "-c", program, name, "work", ends], rank=0)
    while not all(child.report.done for child in supervisor.children):
        time.sleep(0.05)
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a process that its parent was killed")
def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    owner = subprocess.Popen([sys.executable, "-c", OWNER, CHILD, str(ends)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    owner.kill()
    owner.communicate()
    until(lambda: left_behind(str(ends)) == [])
    assert sorted(ends.read_text().split()) == ["one", "two"], "they were asked, not killed"


def test_ctrl_c_ends_all_and_a_second_one_at_once(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, CHILD, str(ends)], stdout=subprocess.PIPE, stderr=-3, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    owner.send_signal(signal.SIGINT)
    time.sleep(0.05)
    owner.send_signal(signal.SIGINT)
    owner.communicate(timeout=120)
    assert left_behind(str(ends)) == []


def test_children_can_only_be_started_from_the_main_thread(family: Family) -> None:
    failures: list[Exception] = []

    def start() -> None:
        try:
            family.start("x")
        except RuntimeError as error:
            failures.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert len(failures) == 1
    assert family.supervisor.children == []


def test_what_a_child_makes_is_shown_and_not_logged(family: Family, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    family.start("one", "secret")
    (child,) = family.supervisor.children
    until(lambda: child.report.text == "a secret")
    assert "a note" in caplog.text
    assert "secret" not in caplog.text


def test_reports_that_are_no_json_are_kept_as_text(family: Family) -> None:
    family.supervisor.start("x", [sys.executable, "-c", "import sys; sys.exit('plain words')"], rank=0)
    (child,) = family.supervisor.children
    until(lambda: child.state is State.DIED)
    assert child.why() == "plain words (exit code 1)"
    assert json.dumps(child.report.done) == "null"
