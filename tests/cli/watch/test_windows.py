"""Several windows at once: their positions, their options, and how they end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from stockstream.charts.window import toolkits
from stockstream.cli.watch import windows
from stockstream.cli.watch.options import WatchOptions
from stockstream.cli.watch.watch import app
from stockstream.config import Settings, load
from stockstream.kafka.broker import free_port
from stockstream.present.geometry import Geometry
from stockstream.present.memory import Memory
from stockstream.present.preferences import Preferences
from stockstream.views.fold import Selection
from tests.cli.helpers import clean, stockstream, until

SCREEN = Geometry(1600, 1200, 0, 0)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(toolkits, "choose", lambda _: "TkAgg")
    monkeypatch.setattr(toolkits, "screen", lambda _: SCREEN)
    return load(None, {"state_dir": str(tmp_path / "state")}, {})


def files(settings: Settings, *remembered: Geometry | None) -> list[Path]:
    """Memories of windows, some of which know where they were."""
    made = []
    for number, place in enumerate(remembered):
        file = windows.memory_file(settings, "bollinger", Selection((f"S{number}",)))
        memory = Memory(file)
        memory.put("window", Preferences(geometry=place, theme="dark"))
        memory.close()
        made.append(file)
    return made


def test_each_choice_of_a_view_has_a_memory_of_its_own(settings: Settings) -> None:
    chosen = [Selection(("A",)), Selection(("A", "B")), Selection(("A",), "1m"), Selection(), Selection(("../A",))]
    paths = {windows.memory_file(settings, view, one) for view in ("aroon", "bollinger") for one in chosen}
    assert len(paths) == 2 * len(chosen)
    assert {path.parent for path in paths} == {settings.state_dir / "windows"}
    assert windows.memory_file(settings, "aroon", Selection(("A", "B"))) in paths


def test_windows_that_remember_their_places_are_left_there(settings: Settings) -> None:
    there = Geometry(800, 500, 3, 4)
    assert windows.geometries(settings, files(settings, there, there)) == [None, None]


def test_windows_of_which_one_does_not_are_placed(settings: Settings) -> None:
    placed = windows.geometries(settings, files(settings, Geometry(800, 500, 3, 4), None))
    assert [str(place) for place in placed] == ["1592x564+0+0", "1592x564+0+600"]


def test_damaged_memory_is_none_and_is_left_to_its_window(settings: Settings) -> None:
    there = files(settings, Geometry(800, 500, 3, 4), Geometry(800, 500, 3, 4))
    there[1].write_text("{")
    assert None not in windows.geometries(settings, there)
    assert there[1].read_text() == "{"


def test_without_memory_all_are_placed(settings: Settings) -> None:
    off = settings.model_copy(update={"window": settings.window.model_copy(update={"memory": False})})
    assert None not in windows.geometries(off, files(settings, Geometry(800, 500, 3, 4), Geometry(800, 500, 3, 4)))


def test_one_window_stands_where_it_likes(settings: Settings) -> None:
    assert windows.geometries(settings, files(settings, None)) == [None]


@pytest.mark.parametrize(
    ("options", "remembers", "asked"),
    [
        (WatchOptions(), True, Preferences()),
        (WatchOptions(no_memory=True), False, Preferences()),
        (WatchOptions(theme="dark", rows=90), True, Preferences(theme="dark", rows=90)),
        (WatchOptions(geometry="800x500+1+2"), True, Preferences(geometry=Geometry(800, 500, 1, 2))),
    ],
)
def test_options_hold_for_once(settings: Settings, options: WatchOptions, remembers: bool, asked: Preferences) -> None:
    assert windows.window_options(settings.window, options, None, None).asked == asked
    file = windows.memory_file(settings, "bollinger", Selection(("A",)))
    assert windows.memory(settings, "bollinger", Selection(("A",)), options) == (file if remembers else None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--each"], "name what to open a window for"),
        (["A", "B", "--each", "--geometry", "800x500"], "--geometry: is for one window"),
        (["A", "B", "--each", "--headless", "x.png"], "--headless: is for one window"),
        (["A", "B", "--each", "--values", "x.csv"], "--values: is for one window"),
        (["A", "B", "--each", "--once"], "--once: is for one window"),
        (["A", "--geometry", "800"], "800 is not a size and place: 1000x600+0+0, or 1000x600"),
        (["A", "--theme", "pink"], "pink is not one of light, dark, contrast"),
    ],
)
def test_wrong_usage_is_reported(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["bollinger", *arguments])
    assert result.exit_code == 2
    assert said in result.output


class Each:
    """``watch bollinger AAPL MSFT --each`` as a user runs it, with no broker."""

    def __init__(self, folder: Path, toolkit: str, *options: str) -> None:
        self.folder = folder
        env = clean(
            folder / "state",
            STOCKSTREAM_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}",
            STOCKSTREAM_WINDOW__BACKEND=toolkit,
        )
        command = [sys.executable, "-m", "stockstream", "watch", "bollinger", "AAPL", "MSFT", "--each", *options]
        with (folder / "stderr").open("w") as stderr:
            self.process = subprocess.Popen(command, cwd=folder, env=env, stderr=stderr)

    def running(self) -> list[psutil.Process]:
        mark = str(self.folder)
        return [each for each in psutil.process_iter() if _has(each, mark)]

    def commands(self) -> list[list[str]]:
        """The windows' command lines, from the word watch on."""
        found = [each.cmdline() for each in self.running() if "--log-json" in each.cmdline()]
        return sorted(line[line.index("watch") :] for line in found)

    def windows(self) -> list[str]:
        """The ids of the windows that are open."""
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "Bollinger Bands"],
            capture_output=True,
            text=True,
            check=False,
        )
        return found.stdout.split()


def _gone(each: Each, window: str) -> bool:
    return window not in each.windows()


def _has(process: psutil.Process, mark: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(
            "STOCKSTREAM_STATE_DIR", ""
        ).startswith(mark)
    except psutil.Error:
        return False


def place(window: str) -> tuple[int, int, int, int]:
    """Where a window is: left, top, width, height."""
    result = subprocess.run(["xdotool", "getwindowgeometry", window], capture_output=True, text=True, check=True).stdout
    found = re.search(r"Position: (-?\d+),(-?\d+).*Geometry: (\d+)x(\d+)", result, re.DOTALL)
    assert found
    left, top, width, height = map(int, found.groups())
    return left, top, width, height


@pytest.fixture
def each(tmp_path: Path) -> Iterator[list[Each]]:
    started: list[Each] = []
    yield started
    for one in started:
        for process in one.running():
            process.kill()
        one.process.wait()


def opened(each: list[Each], folder: Path, toolkit: str, *options: str) -> Each:
    failure = toolkits.probe(toolkit) if os.environ.get("DISPLAY") else "there is no display"
    if failure is not None or shutil.which("xdotool") is None:
        pytest.skip(f"{toolkit}: {failure or 'xdotool is not installed'}")
    started = Each(folder, toolkit, *options)
    each.append(started)
    until(lambda: len(started.windows()) == 2)
    return started


@pytest.mark.parametrize("toolkit", list(toolkits.BACKENDS))
def test_windows_for_each_stand_side_by_side_and_end_with_ctrl_c(
    toolkit: str, tmp_path: Path, each: list[Each]
) -> None:
    running = opened(each, tmp_path, toolkit, "--rows", "90", "--theme", "dark", "--period", "30")
    given = ["watch", "bollinger", "--period", "30", "--rows", "90", "--theme", "dark", "--geometry"]
    for command, symbol in zip(running.commands(), ("AAPL", "MSFT"), strict=True):
        assert command[: len(given)] == given
        assert command[-2:] == ["--", symbol]
    geometries: list[tuple[int, int, int, int]] = []

    def apart() -> bool:
        geometries[:] = sorted(place(window) for window in running.windows())
        (left, top, width, height), (x, y, *_) = geometries
        return x >= left + width or y >= top + height

    until(apart)
    assert all(width >= 600 and height >= 400 for _, _, width, height in geometries)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(120) == 130, (tmp_path / "stderr").read_text()
    assert running.running() == []


@pytest.mark.parametrize("toolkit", list(toolkits.BACKENDS))
def test_windows_for_each_are_closed_one_by_one(toolkit: str, tmp_path: Path, each: list[Each]) -> None:
    running = opened(each, tmp_path, toolkit)
    first, second = running.windows()
    for window in (first, second):
        assert running.process.poll() is None
        subprocess.run(["xdotool", "windowfocus", "--sync", window], check=True)
        subprocess.run(["xdotool", "key", "q"], check=True)
        until(partial(_gone, running, window))
    assert running.process.wait(120) == 0, (tmp_path / "stderr").read_text()
    assert running.running() == []
    settings = load(None, {"state_dir": str(tmp_path / "state")}, {})
    memories = [windows.memory_file(settings, "bollinger", Selection((key,))) for key in ("AAPL", "MSFT")]
    assert windows.geometries(settings, memories) == [None, None]


def test_one_that_dies_is_reported_when_the_others_have_ended(tmp_path: Path, each: list[Each]) -> None:
    running = opened(each, tmp_path, "tk")
    victim, other = (one for one in running.running() if "--log-json" in one.cmdline())
    victim.kill()
    until(lambda: len(running.windows()) == 1)
    other.terminate()
    assert running.process.wait(120) == 1
    assert ": died, killed by SIGKILL" in (tmp_path / "stderr").read_text().replace("\n", " ")


def test_windows_that_end_with_an_error_are_reported_with_their_exit_codes(tmp_path: Path) -> None:
    state = tmp_path / "state"
    settings = load(None, {"state_dir": str(state)}, {})
    for key in ("AAPL", "MSFT"):
        memory = Memory(windows.memory_file(settings, "bollinger", Selection((key,))))
        memory.put("window", Preferences(geometry=Geometry(800, 500, 3, 4)))
        memory.close()
    # As both know where they were, only the windows themselves find out that there is no display.
    env = clean(state, STOCKSTREAM_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}", DISPLAY="", WAYLAND_DISPLAY="")
    done = stockstream("watch", "bollinger", "AAPL", "MSFT", "--each", env=env, cwd=tmp_path)
    assert done.returncode == 1
    last = " ".join(done.stderr.split())
    for key in ("AAPL", "MSFT"):
        assert re.search(rf"{key} failed: [^;]*display[^;]*\(exit code 1\)", last), done.stderr
