"""Sinks by name: our own, those of packages and of the user's files, and wrong ones."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from stockstream import plugins
from stockstream.alerts.sinks.catalog import kinds, make_sinks
from stockstream.alerts.sinks.sink import Setup
from stockstream.errors import ConfigError
from stockstream.plugins import Plugins
from stockstream.records import Alert
from tests.alerts.numbered import alert


class Pager:
    """A sink of a plug-in."""

    sent: list[Alert] = []  # noqa: RUF012 - of the class, for the test

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    def send(self, alert: Alert) -> None:
        self.sent.append(alert)


class Failing:
    """A sink of a plug-in that cannot be made."""

    def __init__(self, setup: Setup) -> None:
        raise RuntimeError("token=canary")

    def send(self, alert: Alert) -> None:
        """Never called."""


def use(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str]) -> Plugins:
    made = [EntryPoint(name, f"tests.alerts.sinks.test_catalog:{thing}", plugins.ALERT_SINKS) for name, thing in points]
    plugged = Plugins(points=made)
    monkeypatch.setattr(plugins, "current", lambda: plugged)
    return plugged


def test_ours_are_found_by_name_and_the_terminal_prints(tmp_path: Path) -> None:
    lines: list[str] = []
    made = make_sinks(["terminal", "screen"], {"screen": {"kind": "terminal"}}, lines.append)
    for sink in made.values():
        sink.send(alert(1))
    assert list(made) == ["terminal", "screen"]
    assert lines == ["AAPL close > 180: close 181.25 (2026-03-02 14:32 UTC)"] * 2


def test_a_package_adds_one(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, ("pager", "Pager"))
    made = make_sinks(["night"], {"night": {"kind": "pager", "number": 7}}, print)
    made["night"].send(alert(1))
    assert Pager.sent == [alert(1)]
    assert isinstance(made["night"], Pager)
    assert made["night"].setup.options == {"number": 7}


def test_a_file_of_the_users_own_adds_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "pager.py"
    file.write_text("THING = 1\nclass Beeper:\n    def __init__(self, setup): pass\n    def send(self, alert): pass\n")
    plugged = Plugins([file], points=())
    monkeypatch.setattr(plugins, "current", lambda: plugged)
    assert list(make_sinks(["beeper"], {}, print)) == ["beeper"]
    assert plugged.failures == []


def test_ours_are_not_replaced_and_the_others_are_refused_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    plugged = use(monkeypatch, ("terminal", "Pager"), ("number", "NUMBER"))
    assert "number" not in kinds()
    assert [each.reason.partition(":")[0] for each in plugged.failures] == [
        "there is an alert sink terminal already",
        "it is not a class or function that makes a sink of a Setup",
    ]


NUMBER = 7


def test_what_is_wrong_is_said_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, ("failing", "Failing"))
    with pytest.raises(ConfigError, match=r"alerts\.sinks: there is no alert sink emial: did you mean email"):
        make_sinks(["emial"], {}, print)
    with pytest.raises(ConfigError, match=r"alerts\.sink_options\.ops\.kind: there is no alert sink mail"):
        make_sinks(["ops"], {"ops": {"kind": "mail"}}, print)
    with pytest.raises(ConfigError) as caught:
        make_sinks(["failing"], {}, print)
    assert str(caught.value) == "the alert sink failing cannot be made: RuntimeError"
