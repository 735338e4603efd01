"""Desktop notices, against a notification service on a bus of the test's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stockstream.alerts.sinks.desktop import Desktop
from stockstream.alerts.sinks.sink import Setup
from stockstream.errors import ConfigError, SinkError
from tests.alerts.numbered import alert

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere apprise shows notices")


@pytest.mark.skipif(shutil.which("dbus-run-session") is None, reason="dbus-run-session is not installed")
def test_notices_are_shown_and_a_repeat_takes_the_place_of_the_first() -> None:
    done = subprocess.run(
        ["dbus-run-session", "--", sys.executable, "-m", "tests.alerts.sinks.notices"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    first, other, again, withdrawn = json.loads(done.stdout)
    assert first == [first[0], "AAPL: high", "AAPL close &gt; 180: close 181.25 (2026-03-02 14:32 UTC)"]
    assert first == again
    assert withdrawn[:2] == [first[0], "AAPL: high (withdrawn)"]
    assert other[0] != first[0] > 0
    assert "close &lt; 3 &amp; more" in other[2]
    assert "no notification service shows notices on this desktop (org.freedesktop.DBus.Error." in done.stderr


def test_without_a_session_bus_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with pytest.raises(SinkError, match="there is no session bus"):
        Desktop(Setup("desktop")).send(alert())
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    with pytest.raises(SinkError, match="the session bus cannot be reached"):
        Desktop(Setup("desktop")).send(alert())
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "nonsense")
    with pytest.raises(SinkError, match="the session bus cannot be reached"):
        Desktop(Setup("desktop")).send(alert())


def test_without_dbus_fast_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dbus_fast", None)
    with pytest.raises(ConfigError, match=r"pip install 'stockstream\[notify\]'"):
        Desktop(Setup("desktop"))
