"""The alerts process tells that it runs: to doctor, to windows and to the monitor; killed, it is silent."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from stockstream.alerts.heartbeat import ID, beat, silent
from stockstream.alerts.topic_outbox import AlertsRead
from tests.alerts.numbered import alert
from tests.cli.helpers import until
from tests.site import Site

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def test_three_missed_beats_are_silence_and_a_process_that_was_ended_is_not_silent() -> None:
    running, later = beat("running", NOW, 10.0), NOW + timedelta(seconds=31)
    assert silent([alert(1), running], NOW + timedelta(seconds=30)) is None
    assert silent([alert(1), running], later) == running
    assert silent([beat("stopped", NOW, 10.0)], later) is None
    assert silent([], later) is None


def found(site: Site) -> dict[str, str]:
    listed = json.loads(site.run("doctor", "--json").stdout)
    return {each["subject"]: each["text"] for each in listed}


def test_doctor_tells_whether_it_runs_was_ended_or_is_silent(site: Site) -> None:
    def state() -> str:
        record = AlertsRead(site.connection).look().get(ID)
        return "" if record is None else record.state

    assert found(site)["alerts"] == "no process raises them"
    command = [sys.executable, "-m", "stockstream", "alerts", "--rule", "close > 0", "--heartbeat", "0.2"]
    with subprocess.Popen(command, cwd=site.folder, env=site.env, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: state() == "running")
            assert "is running" in found(site)["alerts"]
            process.terminate()
            process.wait(30)
            assert state() == "stopped"
            assert found(site)["alerts"] == "the process that raises them was ended"
        finally:
            process.kill()
    with subprocess.Popen(command, cwd=site.folder, env=site.env, stderr=subprocess.DEVNULL) as process:
        until(lambda: state() == "running")
        process.kill()
    until(lambda: found(site)["alerts"].startswith("silent since"))
    assert "no alerts" in site.run("alerts", "list").stderr, "a beat is no alert"


def test_it_runs_unattended(site: Site) -> None:
    unit = site.run("service", "install", "--dry-run", "alerts", "--heartbeat", "60", "--metrics", "9107").stdout
    assert "alerts --heartbeat 60 --metrics 9107" in unit
    assert "Restart=" in unit
