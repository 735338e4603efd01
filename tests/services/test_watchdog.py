"""Watchdog: what systemd gets, and when."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from stockstream.services.watchdog import Watchdog

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no systemd")


def test_it_tells_where_systemd_asks_for_it_and_not_too_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("notify")
        systemd.settimeout(0.0)
        asked = {"NOTIFY_SOCKET": "notify", "WATCHDOG_USEC": "600000000"}
        watchdog = Watchdog(asked)
        for _ in range(3):
            watchdog.tick()
        assert systemd.recv(100) == b"WATCHDOG=1"
        for silent in (Watchdog({}), Watchdog(asked | {"WATCHDOG_PID": "1"}), Watchdog({"NOTIFY_SOCKET": "notify"})):
            silent.tick()
        with pytest.raises(BlockingIOError):
            systemd.recv(100)
        often = Watchdog(asked | {"WATCHDOG_USEC": "0"})
        for _ in range(1_000):  # its queue is full: nothing waits, and nothing fails
            often.tick()


def test_a_socket_that_is_gone_ends_nothing() -> None:
    Watchdog({"NOTIFY_SOCKET": "@stockstream-nowhere", "WATCHDOG_USEC": "1000"}).tick()
