"""``stockstream alerts``: from a rule to the list of its alerts, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

from stockstream.topics import STOCKS
from tests.alerts.evaluation.rules import bars
from tests.cli.helpers import stockstream
from tests.site import Site

RULES = """
alerts:
  groups: {{tech: [AAPL, MSFT]}}
  rules:
    - name: over the average
      when: {when}
      symbols: ["@{group}"]
"""


def written(folder: Path, when: str = "close crosses above sma(4)", group: str = "tech") -> str:
    file = folder / "rules.yaml"
    file.write_text(RULES.format(when=when, group=group))
    return str(file)


def test_from_a_rule_to_its_alerts(site: Site, tmp_path: Path) -> None:
    site.send(STOCKS, bars(120, 6))
    config = ("--config", written(tmp_path))
    run = site.run(*config, "alerts", "--once")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) > 5
    assert lines[0].startswith("AAPL 1m: close crosses above sma(4); close ")
    assert f"{len(lines)} alerts of 120 bars by 1 rule" in run.stderr
    assert site.run(*config, "alerts", "--once").stdout == ""

    listed = json.loads(site.run("alerts", "list", "--json").stdout)
    assert [each["state"] for each in listed] == ["raised"] * len(lines)
    identity = listed[-1]["id"]
    assert site.run("alerts", "acknowledge", identity[:10]).returncode == 0
    shown = site.run("alerts", "show", identity).stdout
    assert f"id      {identity}" in shown
    assert "state   acknowledged since" in shown
    assert "rule    over the average" in shown
    assert "is acknowledged: only a raised alert" in site.run("alerts", "acknowledge", identity).stderr
    assert site.run("alerts", "mute", "over the average", "--symbol", "AAPL", "--for", "2h").returncode == 0
    assert "mute/over the average/AAPL" in site.run("alerts", "list", "--state", "muted").stdout
    unknown = site.run("alerts", "mute", "over the averge")
    assert (unknown.returncode, "did you mean over the average?" in unknown.stderr) == (1, True)
    assert "no alert nothing" in site.run("alerts", "show", "nothing").stderr

    tried = site.run(*config, "alerts", "test", "close crosses above sma(4)", "--symbol", "AAPL", "--plot", "marks.png")
    assert tried.returncode == 0, tried.stderr
    assert tried.stdout.splitlines()[0] == f"AAPL 1m: {len(lines)} alerts in 120 bars"
    assert (site.folder / "marks.png").stat().st_size > 10_000
    assert "holds no bars of NONE" in site.run("alerts", "test", "close > 1", "--symbol", "NONE").stderr
    longer = site.run(*config, "alerts", "test", "change(30s) > 1%", "--symbol", "AAPL")
    assert "bars of 1m are longer than the time that the rule names" in longer.stderr
    silent = site.run(*config, "alerts", "test", "no bar for 5m while open", "--symbol", "AAPL")
    assert "AAPL has no calendar in config.yaml: `while open` counts all hours" in silent.stderr


def test_a_rule_that_is_wrong_is_shown_with_its_place(tmp_path: Path) -> None:
    result = stockstream("alerts", "--rule", "close crosses above bolinger.upper", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.splitlines()[:2] == ["close crosses above bolinger.upper", " " * 20 + "^"]
    assert "--rule: column 21: there is no field or indicator bolinger: did you mean bollinger?" in result.stderr
    assert len(result.stderr.splitlines()) == 3


def test_rules_of_the_settings_are_checked_by_every_command(tmp_path: Path) -> None:
    result = stockstream("--config", written(tmp_path, "clos > 3"), "topics", cwd=tmp_path)
    assert result.returncode == 1
    assert (
        "rules.yaml, line 6: alerts.rules.0.when of over the average cannot be understood: column 1:" in result.stderr
    )
    result = stockstream("--config", written(tmp_path, group="tach"), "topics", cwd=tmp_path)
    assert "rules.yaml, line 7: alerts.rules.0.symbols names the group @tach, which" in result.stderr
    assert "did you mean @tech?" in result.stderr
    no_rules = stockstream("alerts", cwd=tmp_path)
    assert (no_rules.returncode, "there are no rules" in no_rules.stderr) == (1, True)
    alone = stockstream("alerts", "--symbols", "AAPL", cwd=tmp_path)
    assert (alone.returncode, "--symbols: needs --rule" in alone.stderr) == (2, True)


def test_alerts_can_be_a_service(tmp_path: Path) -> None:
    result = stockstream("service", "install", "--dry-run", "alerts", "--rule", "close > 180", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "alerts --rule" in result.stdout
