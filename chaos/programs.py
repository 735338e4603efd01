"""Our programs that run under faults: each is a separate process, restarted as often as needed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from stockstream import processes
from stockstream.topics import FLIGHTS

_ENDS_WITHIN: Final = 60.0


class Event(msgspec.Struct):
    """A line of ``--log-json``."""

    event: str = ""
    text: str = ""
    message: str = ""
    state: str = ""


class Program:
    """One command of ours, as a process.

    Parameters
    ----------
    arguments
        The command and its options.
    folder
        Working directory, with the files of its output.
    env
        Its environment.
    altered
        Names of its alterations in `chaos.altered`.
    """

    def __init__(
        self, arguments: Sequence[str], folder: Path, env: Mapping[str, str], altered: Sequence[str] = ()
    ) -> None:
        module = ("chaos.altered", ",".join(altered)) if altered else ("stockstream",)
        self._command = (sys.executable, "-m", *module, "--log-json", *arguments)
        self._folder = folder
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._output = folder / f"{arguments[0]}.out"
        self.started = 0.0
        """Time of its last start, in seconds since 1970."""

    def start(self) -> None:
        """Start it, or restart it if it has ended."""
        with self._output.open("wb") as out:
            self._process = processes.spawn(
                self._command, processes.KILL, cwd=self._folder, env=dict(self._env), stdout=out, stderr=out
            )
        self.started = time.time()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None and self.alive else None

    def kill(self) -> None:
        """Kill it: SIGKILL."""
        if self._process is not None:
            processes.kill(self._process)

    def freeze(self) -> None:
        """SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)

    def wait(self, seconds: float = _ENDS_WITHIN) -> int:
        """The exit code of a program that ends by itself; after the time-out it is killed: -9."""
        if self._process is None:
            return 0
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return -processes.KILL

    def end(self) -> int:
        """Tell it to end; returns its exit code."""
        if self._process is not None and self.alive:
            processes.ask(self._process)
        return self.wait()

    def events(self) -> Iterator[Event]:
        """Its messages since its last start."""
        for line in self._output.read_bytes().splitlines():
            try:
                yield msgspec.json.decode(line, type=Event)
            except msgspec.DecodeError:
                yield Event("output", line.decode(errors="replace"))

    @property
    def at_work(self) -> bool:
        """Whether it has reported since its last start that it sends rows, or has ended."""
        return not self.alive or any(each.state == FLIGHTS.name for each in self.events())

    def result(self) -> str:
        """Its last line: the result, or else the error."""
        result = [each.text or each.message for each in self.events() if each.event in ("result", "error")]
        return result[-1] if result else ""
