"""The main job as a user runs it: a broker, two producers, three windows, each a process; killed, and terminated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from PIL import Image, ImageGrab

from stockstream.kafka.broker import free_port
from tests import patience

SAMPLE = Path(__file__).parents[1] / "data" / "flights" / "sample.csv"


class Shell:
    """A terminal: starts commands of ours and keeps what they print."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "STOCKSTREAM_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
            "STOCKSTREAM_STATE_DIR": str(folder / "state"),
            "STOCKSTREAM_DATA_DIR": str(folder / "data"),
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: object, name: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{name}.log").open("ab")
        command = [sys.executable, "-m", "stockstream", *map(str, arguments)]
        process = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=log, stderr=log)
        log.close()
        self.running.append(process)
        return process

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


@pytest.fixture
def shell(tmp_path: Path, kafka_jars: list[Path]) -> Iterator[Shell]:
    assert kafka_jars
    terminal = Shell(tmp_path, free_port())
    yield terminal
    for process in reversed(terminal.running):
        process.kill()
        process.wait()


def until(condition: Callable[[], Any], what: str) -> Any:
    """The first value that is neither None nor False."""

    def found() -> tuple[Any] | None:
        value = condition()
        return None if value is None or value is False else (value,)

    return patience.until(found, what=what)[0]


def table(file: Path, minimum: int = 1) -> pd.DataFrame | None:
    if not file.exists():
        return None
    try:
        read = pd.read_csv(file)
    except pd.errors.EmptyDataError:
        return None
    return read if len(read) >= minimum else None


def end(process: subprocess.Popen[bytes], number: int) -> int:
    process.send_signal(number)
    return process.wait(120)


def colours(picture: Image.Image) -> int:
    return len(picture.convert("RGB").getcolors(1 << 24) or [])


def truth() -> dict[object, int]:
    rows = pd.read_csv(SAMPLE, usecols=["YEAR", "MONTH", "DAY", "AIRLINE"])
    days = pd.to_datetime(rows[["YEAR", "MONTH", "DAY"]]).dt.strftime("%Y-%m-%d")
    return {key: int(flights) for key, flights in rows.groupby([rows["AIRLINE"], days]).size().items()}


def counted(file: Path) -> dict[object, int]:
    read = table(file)
    return {} if read is None else dict(read.set_index(["airline", "day"])["flights"])


def ready(shell: Shell, times: int = 1) -> bool:
    return shell.said("broker").count("ready on") == times


def broker(shell: Shell) -> subprocess.Popen[bytes]:
    port = shell.environment["STOCKSTREAM_BOOTSTRAP_SERVERS"].rpartition(":")[2]
    return shell.start("broker", "--port", port, name="broker")


@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="no display: Xvfb is not installed")
def test_windows_that_open_first_live_through_everything(shell: Shell) -> None:
    folder = shell.folder
    windows = {
        name: shell.start("watch", name, *keys, "--values", f"{name}.csv", name=name)
        for name, keys in {"bollinger": ["AAPL", "MSFT"], "aroon": ["AAPL", "MSFT"], "flights": []}.items()
    }
    until(lambda: all((folder / f"{name}.log").exists() for name in windows), "windows")
    kafka = broker(shell)
    until(lambda: ready(shell), "broker")
    walk = shell.start("produce", "simulated", "AAPL", "MSFT", "--pace", "0.2", "--history", 60, name="walk")
    replay = shell.start("produce", "flights", SAMPLE, "--rate", 400, name="replay")
    first = until(lambda: table(folder / "bollinger.csv", 130), "bars")
    until(lambda: table(folder / "aroon.csv", 130), "bars")
    until(lambda: table(folder / "flights.csv"), "flights")
    assert first["symbol"].unique().tolist() == ["AAPL", "MSFT"]
    picture = ImageGrab.grab(xdisplay=os.environ["DISPLAY"])
    picture.save(folder / "screen.png")
    assert colours(picture) > 100
    assert all(window.poll() is None for window in windows.values())

    # The broker is killed under load, and comes back.
    os.kill(kafka.pid, signal.SIGKILL)
    kafka.wait()
    time.sleep(1)
    kafka = broker(shell)
    until(lambda: ready(shell, 2), "broker again")
    rows = len(until(lambda: table(folder / "bollinger.csv", len(first)), "bars"))
    until(lambda: table(folder / "bollinger.csv", rows + 10), "bars after the broker came back")

    # A producer and a window are killed, and started again.
    replay.kill()
    windows["flights"].kill()
    replay.wait()
    replay = shell.start("produce", "flights", SAMPLE, name="replay")
    windows["flights"] = shell.start("watch", "flights", "--values", "flights.csv", name="flights")
    assert replay.wait(120) == 0
    assert "already there" in shell.said("replay")
    expected = truth()
    until(lambda: counted(folder / "flights.csv") == expected, "every flight counted once")

    # Stopped for a while, a window is live again when it goes on.
    windows["bollinger"].send_signal(signal.SIGSTOP)
    time.sleep(8)
    windows["bollinger"].send_signal(signal.SIGCONT)
    rows = len(until(lambda: table(folder / "bollinger.csv"), "bars"))
    until(lambda: table(folder / "bollinger.csv", rows + 10), "bars after the window went on")

    # Everything ends as it was asked to.
    assert end(walk, signal.SIGINT) == 130
    assert "sent" in shell.said("walk")
    assert end(windows["bollinger"], signal.SIGTERM) == 0
    assert end(windows["aroon"], signal.SIGTERM) == 0
    assert end(windows["flights"], signal.SIGINT) == 130
    java = psutil.Process(kafka.pid).children(recursive=True)
    assert java
    assert end(kafka, signal.SIGINT) == 0
    assert not [process for process in java if process.is_running()]
    for name in ("bollinger", "aroon", "flights", "broker", "walk"):
        assert "Traceback" not in shell.said(name)
        assert "unexpected" not in shell.said(name)


def test_once_says_what_is_not_there(shell: Shell) -> None:
    window = shell.start("watch", "bollinger", "AAPL", "--once", "--headless", "a.png", name="early")
    assert window.wait(120) == 1
    assert "stockstream broker" in shell.said("early")
    broker(shell)
    until(lambda: ready(shell), "broker")
    window = shell.start("watch", "bollinger", "AAPL", "--once", "--headless", "a.png", name="topic")
    assert window.wait(120) == 1
    assert "there is no topic stocks" in shell.said("topic")
    assert shell.start("produce", "simulated", "AAPL", "--count", 3, "--pace", 0.01, name="walk").wait(120) == 0
    window = shell.start("watch", "bollinger", "MSFT", "--once", "--headless", "a.png", name="symbol")
    assert window.wait(120) == 1
    assert "nothing of symbol MSFT" in shell.said("symbol")
    window = shell.start("watch", "bollinger", "AAPL", "--once", "--headless", "a.png", name="fine")
    assert window.wait(120) == 0
    assert (shell.folder / "a.png").stat().st_size > 5_000
