"""``demo``: its plan, and a complete real run."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from stockstream.cli.board import Board
from stockstream.cli.context import Context
from stockstream.cli.demo import _bring_up, _plan
from stockstream.cli.produce.outlet import KafkaOutlet
from stockstream.cli.reporter import PersonReporter
from stockstream.cli.supervisor import Child, Supervisor
from stockstream.config import Settings, load
from stockstream.errors import BrokerError
from stockstream.kafka.broker import free_port
from stockstream.kafka.filelock import FileLock
from tests.cli.helpers import clean, until


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    places = {name: str(tmp_path / name) for name in ("state_dir", "data_dir", "cache_dir")}
    return load(None, {**places, "broker": {"port": free_port()}, "demo": {"symbols": ["NVDA", "AMD"]}}, {})


def test_a_plan_holds_a_broker_two_producers_and_three_windows(settings: Settings, stack: ExitStack) -> None:
    plan = _plan(stack, Context(settings, PersonReporter(), KafkaOutlet(settings)), source="simulated", headless=True)
    port, data = str(settings.broker.port), str(settings.data_dir / "demo")
    assert plan.broker() == ["broker", "--port", port, "--data", data, "--plain"]
    assert list(plan.producers()) == ["simulated", "flights"]
    assert plan.producers()["simulated"][:4] == ["produce", "simulated", "NVDA", "AMD"]
    assert plan.producers()["flights"][-3:-1] == ["--again", "--rate"]
    assert list(plan.windows()) == ["watch bollinger", "watch aroon", "watch flights"]
    assert all("simulated" in plan.windows()[f"watch {view}"] for view in ("bollinger", "aroon"))
    assert plan.environment({"A": "b"})["STOCKSTREAM_BOOTSTRAP_SERVERS"] == f"127.0.0.1:{port}"


def test_yahoo_takes_the_place_of_the_simulated_bars_and_of_their_feed(settings: Settings, stack: ExitStack) -> None:
    plan = _plan(stack, Context(settings, PersonReporter(), KafkaOutlet(settings)), source="yahoo", headless=True)
    assert list(plan.producers()) == ["yahoo", "flights"]
    assert "market" in plan.windows()["watch aroon"]


def test_a_taken_port_is_said_and_another_one_used(
    settings: Settings, stack: ExitStack, capfd: pytest.CaptureFixture[str]
) -> None:
    taken = stack.enter_context(socket.create_server(("127.0.0.1", settings.broker.port)))
    plan = _plan(stack, Context(settings, PersonReporter(), KafkaOutlet(settings)), source="simulated", headless=True)
    assert taken.getsockname()[1] != plan.port
    assert f"port {settings.broker.port} is taken: the demo's broker listens on {plan.port}" in capfd.readouterr().err


def test_data_in_use_is_said_and_the_demo_takes_a_temporary_place(
    settings: Settings, stack: ExitStack, capfd: pytest.CaptureFixture[str]
) -> None:
    data = settings.data_dir / "demo"
    data.mkdir(parents=True)
    stack.enter_context(FileLock(data / "lock", patience=0.0))
    with ExitStack() as own:
        plan = _plan(own, Context(settings, PersonReporter(), KafkaOutlet(settings)), source="simulated", headless=True)
        assert plan.data != data
        folder = plan.data.parent
        assert folder.is_dir()
        assert plan.states.parent == folder
    assert not folder.exists()
    assert f"{data} is in use by another demo: this one's data is temporary" in capfd.readouterr().err


def test_the_sample_is_found_from_anywhere_and_made_where_only_the_package_is(
    settings: Settings, stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = _plan(
        stack, Context(settings, PersonReporter(), KafkaOutlet(settings)), source="simulated", headless=True
    ).sample
    monkeypatch.setattr("stockstream.__file__", str(tmp_path / "lib" / "stockstream" / "__init__.py"))
    made = _plan(
        stack, Context(settings, PersonReporter(), KafkaOutlet(settings)), source="simulated", headless=True
    ).sample
    assert made == settings.cache_dir / "sample.csv"
    assert made.read_bytes() == shipped.read_bytes()


class Started(Supervisor):
    """Notes what it is to start; the first of it, the broker, ends at once."""

    def __init__(self) -> None:
        super().__init__({})
        self.names: list[str] = []

    def start(self, name: str, command: Sequence[str], *, rank: int) -> Child:
        self.names.append(name)
        return super().start(name, [sys.executable, "-c", "pass"], rank=rank)


@pytest.mark.parametrize(
    ("cores", "secure", "early"),
    [(1, False, 1), (2, False, 1), (4, False, 3), (16, False, 3), (None, False, 1), (16, True, 0)],
)
def test_windows_load_while_the_broker_starts_and_leave_it_a_core(
    settings: Settings, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, cores: int | None, secure: bool, early: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    context = Context(settings, PersonReporter(), KafkaOutlet(settings))
    plan = _plan(stack, context, source="simulated", headless=True, secure=secure)
    with Started() as supervisor, pytest.raises(BrokerError, match="the broker did not start: exit code 0"):
        _bring_up(plan, supervisor, Board(PersonReporter(), supervisor.children))
    assert supervisor.names == ["broker", *list(plan.windows())[:early]]


class Demo:
    """A demo in a process of its own, in a folder of its own, without a display."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.mark = str(folder)
        env = clean(
            folder / "state",
            STOCKSTREAM_DATA_DIR=str(folder / "data"),
            STOCKSTREAM_BROKER__PORT=str(free_port()),
            DISPLAY="",
            WAYLAND_DISPLAY="",
        )
        with (folder / "stderr").open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stockstream", "demo", *arguments], cwd=folder, env=env, stderr=stderr
            )

    def output(self) -> str:
        return (self.folder / "stderr").read_text()

    def running(self) -> list[psutil.Process]:
        """The demo's processes, Java included: those whose environment or command line names its folder."""
        return [process for process in psutil.process_iter() if self._ours(process)]

    def _ours(self, process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and self.mark in str(process.environ())
        except psutil.Error:
            return False

    def kill(self) -> None:
        for process in self.running():
            process.kill()
        self.process.wait()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for one in started:
        one.kill()


@pytest.mark.parametrize("security", [pytest.param((), marks=pytest.mark.thorough), ("--secure",)])
def test_everything_comes_up_is_drawn_and_ends_with_nothing_left(
    tmp_path: Path, demo: list[Demo], security: tuple[str, ...]
) -> None:
    running = Demo(tmp_path, "--seconds", "5", *security)
    demo.append(running)
    assert running.process.wait(240) == 0, running.output()
    result = running.output()
    assert "the windows are drawn to out/bollinger.png, aroon.png and flights.png" in result
    for name in ("broker", "simulated", "flights", "watch bollinger", "watch aroon", "watch flights"):
        assert f"{name}: running" in result
        assert f"{name}: ended" in result
    assert result.index("watch flights: ended") < result.index("broker: ended")
    for view in ("bollinger", "aroon", "flights"):
        assert (tmp_path / "out" / f"{view}.png").stat().st_size > 10_000
    assert (tmp_path / "data" / "demo" / "clients" / "producer.yaml").exists() == bool(security)
    assert running.running() == []


def test_one_that_is_killed_is_reported_and_the_others_go_on_until_ctrl_c(tmp_path: Path, demo: list[Demo]) -> None:
    running = Demo(tmp_path)
    demo.append(running)
    until(lambda: "watch flights: running, live" in running.output())
    (victim,) = (process for process in running.running() if "aroon" in process.cmdline())
    victim.kill()
    until(lambda: "watch aroon: died, " in running.output())
    assert len([process for process in running.running() if "watch" in process.cmdline()]) == 2
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(120) == 130
    assert "broker: ended" in running.output()
    assert running.running() == []


@pytest.mark.thorough
def test_a_demo_of_which_a_window_died_ends_with_an_error(tmp_path: Path, demo: list[Demo]) -> None:
    running = Demo(tmp_path, "--seconds", "10")
    demo.append(running)
    until(lambda: "watch aroon: running, live" in running.output())
    (victim,) = (process for process in running.running() if "aroon" in process.cmdline())
    victim.kill()
    assert running.process.wait(120) == 1
    assert "watch aroon failed: killed by SIGKILL" in " ".join(running.output().split())
    assert running.running() == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a process that its parent was killed")
def test_nothing_is_left_after_kill_9(tmp_path: Path, demo: list[Demo]) -> None:
    running = Demo(tmp_path)
    demo.append(running)
    until(lambda: len(running.running()) >= 8)  # the demo, six commands, Java
    running.process.kill()
    running.process.wait()
    until(lambda: running.running() == [])
