"""Child processes end with this process, whatever its end, with and without the kernel's help."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from stockstream.processes import kill, spawn

_PARENT = """
import signal, sys, time
from stockstream.processes import spawn
program = spawn([sys.executable, "-c", sys.argv[1]], signal.SIGTERM, by_kernel=sys.argv[2] == "True")
time.sleep(60)
"""
_SLEEPER = """
import os, pathlib, time
pathlib.Path({file!r}).write_text(str(os.getpid()))
time.sleep(60)
"""


def pid_in(file: Path) -> int:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        if file.exists() and file.read_text():
            return int(file.read_text())
        time.sleep(0.02)
    raise AssertionError("the program did not start")


def gone(pid: int) -> bool:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


ways = pytest.mark.parametrize(
    "by_kernel", [pytest.param(True, marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux alone")), False]
)


@ways
def test_a_parent_that_is_killed_leaves_nothing(*, by_kernel: bool, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, _SLEEPER.format(file=str(file)), str(by_kernel)])
    pid = pid_in(file)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert gone(pid)


@ways
def test_it_ends_when_it_is_asked_to_and_says_how(*, by_kernel: bool, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    code = "import signal, sys; signal.signal(15, lambda *_: sys.exit(7))" + _SLEEPER.format(file=str(file))
    program = spawn([sys.executable, "-c", code], signal.SIGKILL, by_kernel=by_kernel)
    pid = pid_in(file)
    program.send_signal(signal.SIGTERM)
    assert program.wait(120) == 7
    assert gone(pid)


@ways
def test_kill_takes_everything(*, by_kernel: bool, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    program = spawn([sys.executable, "-c", _SLEEPER.format(file=str(file))], signal.SIGTERM, by_kernel=by_kernel)
    pid = pid_in(file)
    kill(program)
    assert gone(pid)


def test_only_the_main_thread_may_start_one() -> None:
    result: list[Exception] = []

    def start() -> None:
        try:
            spawn([sys.executable, "-V"], signal.SIGTERM)
        except RuntimeError as error:
            result.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert result
