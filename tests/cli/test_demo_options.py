"""Every option and setting of ``demo`` takes effect: each is set, and the planned commands are recorded."""

from __future__ import annotations

import inspect
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from stockstream.cli.context import Invocation
from stockstream.cli.demo import Plan, demo, selections
from stockstream.cli.reporter import Reporter
from stockstream.cli.watch.windows import memory_file
from stockstream.config import load
from stockstream.config_sections import DemoSettings
from stockstream.kafka.broker import free_port
from stockstream.present.geometry import Geometry
from stockstream.present.memory import Memory
from stockstream.present.preferences import Preferences
from stockstream.web import extra
from stockstream.web.assets import are_built

app = typer.Typer()
app.command()(demo)


@dataclass
class Recording:
    """A launcher that notes what it is to run, and runs nothing."""

    plan: Plan | None = None
    seconds: float | None = None

    def __call__(self, plan: Plan, reporter: Reporter, seconds: float | None) -> None:
        self.plan, self.seconds = plan, seconds

    @property
    def reported(self) -> Plan:
        assert self.plan is not None
        return self.plan

    def windows(self) -> list[str]:
        """The arguments of all windows."""
        return [argument for arguments in self.reported.windows().values() for argument in arguments]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("STOCKSTREAM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STOCKSTREAM_BROKER__PORT", str(free_port()))
    return tmp_path


def planned(*arguments: str, settings: str = "", named: bool = False) -> Recording:
    """What the demo would run; without ``--headless`` in the arguments there are windows."""
    launcher = Recording()
    config = Path("config.yaml")
    config.write_text(settings)
    result = CliRunner().invoke(app, list(arguments), obj=Invocation(config if named else None, launcher=launcher))
    assert result.exit_code == 0, result.output or result.exception
    return launcher


OPTIONS: dict[str, tuple[list[str], Callable[[Recording], object], object]] = {
    "seconds": (["--seconds", "7"], lambda run: run.seconds, 7.0),
    "yahoo": (
        ["--yahoo"],
        lambda run: ("yahoo" in run.reported.producers(), "market" in run.windows()),
        (True, True),
    ),
    "headless": (["--headless"], lambda run: "out/bollinger.png" in run.windows(), True),
    "secure": (["--secure"], lambda run: run.reported.broker()[-1], "--secure"),
    "web": (["--web"], lambda run: (run.reported.page is not None) == are_built(), True),
}

SETTINGS: dict[str, tuple[str, Callable[[Recording], object], object]] = {
    "symbols": ("demo: {symbols: [KO, PEP]}", lambda run: run.reported.producers()["simulated"][2:], ["KO", "PEP"]),
}


def test_every_option_has_a_case() -> None:
    # What --live does is said by tests/cli/test_live_market.py.
    assert OPTIONS.keys() == inspect.signature(demo).parameters.keys() - {"ctx", "live"}
    assert SETTINGS.keys() == DemoSettings.model_fields.keys()


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_arrives(home: Path, name: str) -> None:
    arguments, result, expected = OPTIONS[name]
    assert result(planned(*arguments)) == expected


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_arrives(home: Path, name: str) -> None:
    text, result, expected = SETTINGS[name]
    assert result(planned("--headless", settings=text)) == expected


def test_a_page_that_cannot_be_is_said_and_the_demo_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "LIBRARY", home / "none.js")
    assert planned("--headless").reported.page is None
    assert planned("--headless", "--web").reported.page is None
    result = CliRunner().invoke(app, ["--headless", "--web"], obj=Invocation(None, launcher=Recording()))
    (said,) = [line for line in result.output.splitlines() if "no page" in line]
    assert said.count("`make web`") == 1


def test_a_page_has_a_port_of_its_own_and_is_opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "LIBRARY", Path(__file__))
    plan = planned("--headless", "--web").reported
    assert plan.web() == ["web", "--port", str(plan.page), "--open"]


def test_without_options_and_settings_all_is_usual(home: Path) -> None:
    result = planned()
    assert result.seconds is None
    assert list(result.reported.producers()) == ["simulated", "flights"]
    assert result.reported.broker()[-1] == "--plain"
    assert "--geometry" in result.windows()
    assert "--headless" not in result.windows()
    assert "simulated" in result.windows()


def test_folders_port_and_configuration_go_on_to_each_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("STOCKSTREAM_BROKER__PORT", str(port))
    plan = planned("--headless", settings="demo: {symbols: [KO]}", named=True).reported
    assert plan.broker() == ["broker", "--port", str(port), "--data", str(home / "data" / "demo"), "--plain"]
    environment = plan.environment({"OWN": "kept"})
    assert environment["OWN"] == "kept"
    assert environment["STOCKSTREAM_BOOTSTRAP_SERVERS"] == f"127.0.0.1:{port}"
    assert environment["STOCKSTREAM_STATE_DIR"] == str(home / "state")
    command = plan.command("watch", "flights")
    assert command[-2:] == ["watch", "flights"]
    assert command[command.index("--config") + 1] == "config.yaml"


def test_windows_remember_where_they_stand_by_the_demo_s_states(home: Path) -> None:
    settings = load(None, {"state_dir": str(home / "state")}, {})
    for view, selection in selections(("KO",), "simulated").items():
        with_place = Memory(memory_file(settings, view, selection))
        with_place.put("window", Preferences(geometry=Geometry(300, 200, 1, 2)))
        with_place.close()
    assert "--geometry" not in planned(settings="demo: {symbols: [KO]}").windows()
    assert "--geometry" in planned(settings="{demo: {symbols: [KO]}, window: {memory: false}}").windows()


def test_a_display_of_the_settings_is_the_one_that_is_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "--headless" in planned(settings="window: {backend: tk}").windows()


def test_a_port_that_is_taken_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("STOCKSTREAM_BROKER__PORT", str(port))
        assert planned("--headless").reported.port != port
