"""The lock: one holder, who may be a child that outlives its parent."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from stockstream.kafka.filelock import FileLock, Locked


def test_one_at_a_time_and_the_holder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with FileLock(file, patience=0.0):
        with pytest.raises(Locked) as caught, FileLock(file, patience=0.0):
            pass
        assert caught.value.holder == os.getpid()
    with FileLock(file, patience=0.0):
        pass


def test_patience_waits_for_it(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    taken, given_back = threading.Event(), []

    def hold() -> None:
        with FileLock(file, patience=0.0):
            taken.set()
            time.sleep(0.2)
            given_back.append(True)

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(120)
    with FileLock(file, patience=30.0):
        assert given_back
    thread.join()


def test_a_child_that_inherited_it_holds_it(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with FileLock(file, patience=0.0) as lock:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock.fd])
    with pytest.raises(Locked), FileLock(file, patience=0.0):
        pass
    child.communicate(b"\n")
    with FileLock(file, patience=0.0):
        pass
