"""Supervisor of several stockstream commands: starts them, reads their output, and ends them all."""

from __future__ import annotations

import io
import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

import msgspec

from stockstream import processes

log = logging.getLogger(__name__)

_BEAT: Final = 0.05

_ORDERLY: Final = (0, 128 + signal.SIGINT, 128 + signal.SIGTERM, -signal.SIGTERM, -signal.SIGINT)
"""Exit codes of a command that ended on request."""


class State(Enum):
    """State of a command."""

    STARTING = "starting"
    RUNNING = "running"
    ENDING = "ending"
    DONE = "done"
    ENDED = "ended"
    DIED = "died"


@dataclass
class Report:
    """Last report of a command: see `stockstream.cli.reporter.JsonReporter`."""

    doing: str = ""
    done: int | None = None
    total: int | None = None
    rate: float = 0.0
    text: str = ""
    error: str | None = None


class Event(msgspec.Struct, frozen=True):
    """A line that a command writes: see `stockstream.cli.reporter.JsonReporter`."""

    event: str = ""
    text: str = ""
    state: str = ""
    done: int | None = None
    total: int | None = None
    rate: float = 0.0


_EVENTS: Final = msgspec.json.Decoder(Event)


class Child:
    """A command in its own process, with its reports on stderr, one JSON object a line."""

    def __init__(self, name: str, rank: int, process: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.rank = rank
        self.process = process
        self.report = Report()
        self._asked = False
        self._listener = threading.Thread(target=self._listen, name=f"listen-{name}", daemon=True)
        self._listener.start()

    @property
    def alive(self) -> bool:
        """Whether its process is running."""
        return self.process.poll() is None

    @property
    def state(self) -> State:
        """State of the command: `State.ENDED` after a requested end, `State.DONE` if it ended by itself."""
        code = self.process.poll()
        if code is None and self._asked:
            return State.ENDING
        if code is None:
            return State.STARTING if self.report == Report() else State.RUNNING
        if code == 0:
            return State.ENDED if self._asked else State.DONE
        return State.ENDED if self._asked and code in _ORDERLY else State.DIED

    def why(self) -> str:
        """Reason of its failure, in one line."""
        self._listener.join(1.0)
        code = self.process.poll()
        how = f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        said = self.report.error or self.report.text
        return f"{said} ({how})" if said else how

    def ask(self) -> None:
        """Ask it to end."""
        if self.alive:
            self._asked = True
            processes.ask(self.process)

    def finish(self) -> None:
        """Kill it and its children at once."""
        processes.kill(self.process)
        self._listener.join(1.0)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in io.TextIOWrapper(self.process.stderr, encoding="utf-8", errors="replace"):
            try:
                self._hear(_EVENTS.decode(line))
            except msgspec.DecodeError:  # not one of our commands wrote it, but Python, say
                self._hear(Event(text=line.strip()))

    def _hear(self, event: Event) -> None:
        report = self.report
        if event.event == "progress":
            report.doing, report.done, report.total, report.rate = event.state, event.done, event.total, event.rate
            return
        if event.event != "result":  # it is for the user's eyes, and may be a secret: `stockstream web` makes a link
            log.info("%s: %s", self.name, event.text)
        if event.event == "error":
            report.error = event.text
        elif event.text:
            report.text = event.text
        if event.event == "note":  # its previous activity has ended
            report.doing, report.done, report.total = "", None, None


class Supervisor:
    """The commands that run under it. Leaving the block ends them all: those of the highest rank first.

    On Linux they are asked to end when we are killed ourselves: by the kernel, which does so at the end of the
    *thread* that started them; hence `start` only works on the main thread.

    Parameters
    ----------
    environ
        The environment of the commands.
    children
        Where to keep them, for whoever shows them.
    on_beat
        Called now and then while they end.
    patience
        Seconds that those of a rank have to end in.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        children: list[Child] | None = None,
        *,
        on_beat: Callable[[], None] = lambda: None,
        patience: float = 15.0,
    ) -> None:
        self.children: list[Child] = [] if children is None else children
        self._environ = dict(environ)
        self._on_beat = on_beat
        self._patience = patience

    def start(self, name: str, command: Sequence[str], *, rank: int) -> Child:
        """Start a command: program (its whole path) and arguments."""
        process = processes.spawn(
            command, signal.SIGTERM, env=self._environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        child = Child(name, rank, process)
        self.children.append(child)
        return child

    def died(self) -> list[Child]:
        """The commands that ended with an error."""
        return [child for child in self.children if child.state is State.DIED]

    def stop(self) -> None:
        """End all commands in order; a second Ctrl-C ends them at once."""
        try:
            for rank in sorted({child.rank for child in self.children}, reverse=True):
                self._end([child for child in self.children if child.rank == rank], self._patience)
        finally:
            self._end(self.children, 0.0)

    def _end(self, children: Iterable[Child], patience: float) -> None:
        alive = [child for child in children if child.alive]
        for child in alive:
            child.ask()
        until = time.monotonic() + patience
        while any(child.alive for child in alive) and time.monotonic() < until:
            time.sleep(_BEAT)
            self._on_beat()
        for child in alive:
            child.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
