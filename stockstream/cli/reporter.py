"""Output of a running command: text for people, or one JSON object a line (``--log-json``)."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from stockstream.cli.text import rate as rate_text
from stockstream.cli.text import sentence, span
from stockstream.names import harmless

if TYPE_CHECKING:  # rich is slow to import, and a command that prints its result alone does not need it
    from rich.console import Console
    from rich.progress import Progress

PLAIN_EVERY: Final = 5.0
"""Seconds between two lines of progress without a terminal."""

JSON_EVERY: Final = 1.0
"""Seconds between two ``progress`` events."""

log = logging.getLogger(__name__)


class Reporter(Protocol):
    """Receives the output of a command. All but `result` goes to stderr."""

    def note(self, text: str) -> None:
        """Print a line for the user."""

    def warn(self, text: str) -> None:
        """Print a warning."""

    def progress(self, done: int, total: int | None, rate: float, state: str) -> None:
        """Report progress: records (or bytes) done, their total if known, the rate per second, and the activity.

        May be called at any rate.
        """

    def result(self, text: str) -> None:
        """Print the result of the command to stdout."""

    def error(self, message: str, hint: str | None, logfile: str | None) -> None:
        """Print the error that ends the command."""

    def close(self) -> None:
        """Show the last progress, and restore the terminal."""


class PersonReporter:
    """Text: in a terminal a progress bar with rate and time left, otherwise a line every few seconds."""

    def __init__(
        self, stderr: TextIO | None = None, stdout: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stderr = stderr or sys.stderr
        self._stdout = stdout or sys.stdout
        self._clock = clock
        self._bar: Progress | None = None
        self._pending: str | None = None
        self._state: str | None = None
        self._shown_at = -PLAIN_EVERY

    @cached_property
    def console(self) -> Console:
        """The terminal, or what stands for it."""
        from rich.console import Console

        return Console(file=self._stderr, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """As `Reporter.note`."""
        text = sentence(harmless(text))
        log.info("%s", text)
        self.console.print(text, markup=False)

    def warn(self, text: str) -> None:
        """As `Reporter.warn`."""
        text = sentence(harmless(text))
        log.warning("%s", text)
        self.console.print(text, style="yellow", markup=False)

    def progress(self, done: int, total: int | None, rate: float, state: str) -> None:
        """As `Reporter.progress`."""
        state = harmless(state)
        if self.console.is_terminal:
            self._draw(done, total, rate, state)
            return
        self._pending = _line(done, total, rate, state)
        if state != self._state or self._clock() - self._shown_at >= PLAIN_EVERY:
            self._flush()
        self._state = state

    def result(self, text: str) -> None:
        """As `Reporter.result`."""
        self.close()
        print(harmless(text), file=self._stdout, flush=True)

    def error(self, message: str, hint: str | None, logfile: str | None) -> None:
        """As `Reporter.error`."""
        from rich.text import Text

        self.close()
        text = sentence(harmless(f"{message} - {hint}" if hint else message))
        where = f" (log: {logfile})" if logfile else ""
        self.console.print(Text.assemble(("stockstream: ", "bold red"), text, (where, "dim")))

    def close(self) -> None:
        """As `Reporter.close`."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._flush()
        self._state = None

    def _draw(self, done: int, total: int | None, rate: float, state: str) -> None:
        if self._bar is None:
            from stockstream.cli.progress_bar import progress_bar

            self._bar = progress_bar(self.console)
            self._bar.add_task(state, total=total)
            self._bar.start()
        task = self._bar.tasks[0]
        self._bar.update(task.id, description=state, completed=done, total=total, rate=rate)

    def _flush(self) -> None:
        if self._pending is not None:
            self.console.print(self._pending, markup=False)
            self._pending = None
            self._shown_at = self._clock()


class JsonReporter:
    """JSON: one object a line on stderr, progress at most once a second."""

    def __init__(
        self, stderr: TextIO | None = None, stdout: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stderr = stderr or sys.stderr
        self._stdout = stdout or sys.stdout
        self._clock = clock
        self._pending: dict[str, object] | None = None
        self._state: str | None = None
        self._shown_at = -JSON_EVERY

    def note(self, text: str) -> None:
        """As `Reporter.note`."""
        text = sentence(harmless(text))
        log.info("%s", text)
        self._event("note", text=text)

    def warn(self, text: str) -> None:
        """As `Reporter.warn`."""
        text = sentence(harmless(text))
        log.warning("%s", text)
        self._event("warning", text=text)

    def progress(self, done: int, total: int | None, rate: float, state: str) -> None:
        """As `Reporter.progress`."""
        self._pending = {"done": done, "total": total, "rate": round(rate, 3), "state": harmless(state)}
        if state != self._state or self._clock() - self._shown_at >= JSON_EVERY:
            self._flush()
        self._state = state

    def result(self, text: str) -> None:
        """As `Reporter.result`; also an event on stderr."""
        self._flush()
        self._event("result", text=harmless(text))
        print(harmless(text), file=self._stdout, flush=True)

    def error(self, message: str, hint: str | None, logfile: str | None) -> None:
        """As `Reporter.error`."""
        self._flush()
        self._event("error", text=sentence(harmless(message)), hint=hint and sentence(harmless(hint)), log=logfile)

    def close(self) -> None:
        """As `Reporter.close`."""
        self._flush()

    def _flush(self) -> None:
        if self._pending is not None:
            self._event("progress", **self._pending)
            self._pending = None
            self._shown_at = self._clock()

    def _event(self, event: str, **values: object) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": now, "event": event, **values}, ensure_ascii=False)
        # One write for each line, so that lines of one process never mix.
        self._stderr.write(f"{line}\n")
        self._stderr.flush()


class QuietReporter:
    """Prints only errors and results (``--quiet``); the log has the rest."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def note(self, text: str) -> None:
        """As `Reporter.note`."""
        log.info("%s", sentence(text))

    def warn(self, text: str) -> None:
        """As `Reporter.warn`."""
        log.warning("%s", sentence(text))

    def progress(self, done: int, total: int | None, rate: float, state: str) -> None:
        """As `Reporter.progress`."""

    def result(self, text: str) -> None:
        """As `Reporter.result`."""
        self._reporter.result(text)

    def error(self, message: str, hint: str | None, logfile: str | None) -> None:
        """As `Reporter.error`."""
        self._reporter.error(message, hint, logfile)

    def close(self) -> None:
        """As `Reporter.close`."""
        self._reporter.close()


def _line(done: int, total: int | None, rate: float, state: str) -> str:
    parts = [f"{done:,}" if total is None else f"{done:,} of {total:,}", f"{rate_text(rate)}/s"]
    if total is not None and rate > 0 and done < total:
        parts.append(f"{span((total - done) / rate)} left")
    return f"{state}: {', '.join(parts)}"
