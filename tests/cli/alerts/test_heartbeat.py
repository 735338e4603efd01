"""The alerts process tells that it runs: to doctor, to windows and to the monitor; killed, it is silent."""

from __future__ import annotations

import json
import subprocess
import sys

from stockstream.alerts.alerts_topic import AlertsRead
from tests.cli.helpers import until
from tests.site import Site


def found(site: Site) -> dict[str, str]:
    listed = json.loads(site.run("doctor", "--json").stdout)
    return {each["subject"]: each["text"] for each in listed}


def test_doctor_tells_whether_it_runs_was_ended_or_is_silent(site: Site) -> None:
    def state() -> str:
        states = [each.state for each in AlertsRead(site.connection).look().values() if not each.rule]
        return states[0] if states else ""

    assert found(site)["alerts"] == "no process raises them"
    command = [sys.executable, "-m", "stockstream", "alerts", "--rule", "close > 0", "--heartbeat", "0.2"]
    with subprocess.Popen(command, cwd=site.folder, env=site.env, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: "is running" in found(site)["alerts"])
            (shown,) = json.loads(site.run("monitor", "--once", "--seconds", "0", "--json").stdout)["alerts"]
            assert (shown["rules"], shown["process"].endswith(f"process {process.pid}")) == (1, True)
            process.terminate()
            process.wait(120)
            assert state() == "stopped"
            assert found(site)["alerts"] == "the process that raises them was ended"
        finally:
            process.kill()
    with subprocess.Popen(command, cwd=site.folder, env=site.env, stderr=subprocess.DEVNULL) as process:
        until(lambda: state() == "running")
        process.kill()
    until(lambda: found(site)["alerts"].startswith("silent since"))
    site.run("alerts", "--rule", "close > 1", "--heartbeat", "0.2", "--seconds", "1")
    assert found(site)["alerts"].startswith("silent since"), "another one that ran and was ended hides nothing"
    assert "no alerts" in site.run("alerts", "list").stderr, "a beat is no alert"


def test_it_runs_unattended(site: Site) -> None:
    unit = site.run("service", "install", "--dry-run", "alerts", "--heartbeat", "60", "--metrics", "9107").stdout
    assert "alerts --heartbeat 60 --metrics 9107" in unit
    assert "Restart=" in unit
