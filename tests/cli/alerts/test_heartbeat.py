"""The alerts process tells that it runs: to doctor, to windows and to the monitor; killed, it is silent."""

from __future__ import annotations

import json
import subprocess
import sys

from stockstream.alerts.alerts_topic import AlertsRead
from stockstream.alerts.heartbeat import Heartbeat
from stockstream.cli.alerts.alerts import _Observer
from stockstream.cli.alerts.level_feed import LevelFeed
from stockstream.cli.metrics import AlertMetrics
from stockstream.cli.reporter import QuietReporter
from stockstream.errors import AuthError
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


def test_only_a_process_that_watches_levels_says_so(site: Site) -> None:
    def said() -> list[float | None]:
        beats = [each for each in AlertsRead(site.connection).look().values() if not each.rule]
        return [each.values["levels"] for each in beats]

    command = [sys.executable, "-m", "stockstream", "--config", "rules.yaml", "alerts", "--heartbeat", "0.2"]
    for number, (when, claims) in enumerate((("lag > 1000000", 0.0), ("close > 1000000", 1.0))):
        rule = f"{{name: rule {number}, when: {when}}}"
        (site.folder / "rules.yaml").write_text(f"alerts:\n  rules:\n    - {rule}\n")
        with subprocess.Popen(command, cwd=site.folder, env=site.env, stderr=subprocess.DEVNULL) as process:
            try:
                until(lambda: len(said()) > number)  # noqa: B023 - called at once
            finally:
                process.kill()
        assert said().count(claims) == 1


class Warned(QuietReporter):
    """Keeps warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def test_levels_that_cannot_be_read_any_more_are_not_claimed() -> None:
    nowhere = {"bootstrap.servers": "127.0.0.1:9"}
    feed, shown, beats = LevelFeed(nowhere), Warned(), Heartbeat(nowhere, "a", 0.0, levels=True)
    observer = _Observer(shown, beats, AlertMetrics("alerts"), feed)
    observer.progress(0, "live")
    assert (beats.levels, shown.warnings) == (True, [])
    assert feed.levels.waiting is not None
    assert not feed.levels.settled
    feed._feed.error = AuthError("the broker refuses to read alerts")
    for _ in range(2):
        observer.progress(0, "live")
    assert not beats.levels
    assert shown.warnings == ["levels that people set are watched no longer: the broker refuses to read alerts"]


def test_it_runs_unattended(site: Site) -> None:
    unit = site.run("service", "install", "--dry-run", "alerts", "--heartbeat", "60", "--metrics", "9107").stdout
    assert "alerts --heartbeat 60 --metrics 9107" in unit
    assert "Restart=" in unit
