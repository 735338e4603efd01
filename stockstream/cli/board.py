"""Board of running processes: a table in a terminal, otherwise a line for each change."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.live import Live
from rich.table import Table
from rich.text import Text

from stockstream.cli.reporter import PersonReporter, Reporter
from stockstream.cli.supervisor import Child, State
from stockstream.cli.text import BYTES, printable, rate

SUMMARY_EVERY: Final = 10.0
"""Seconds between two summaries without a terminal."""

_LOCAL_MODES: Final = 3  # their indexes in termios' result

_STYLES: Final = {State.STARTING: "yellow", State.RUNNING: "green", State.DIED: "bold red"}


@contextmanager
def board(reporter: Reporter, children: Sequence[Child]) -> Iterator[Board]:
    """Show the children until the block is left, and then their final state."""
    shown = Board(reporter, children)
    if not isinstance(reporter, PersonReporter) or not reporter.console.is_terminal:
        yield shown
        shown.report()
        return
    with (
        _no_caret_c(),
        Live(
            get_renderable=lambda: table(children),
            console=reporter.console,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,
        ),
    ):
        shown.live = True
        yield shown


@contextmanager
def _no_caret_c() -> Iterator[None]:
    """Keep the terminal from writing ^C into the table, which would shift it by a line."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield
        return
    import termios  # Windows has none

    before = termios.tcgetattr(sys.stdin)
    silent = [*before]
    silent[_LOCAL_MODES] &= ~termios.ECHOCTL
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


class Board:
    """Reports changes of state, and a summary now and then; not needed with a live table."""

    def __init__(self, reporter: Reporter, children: Sequence[Child]) -> None:
        self.live = False
        self._reporter = reporter
        self._children = children
        self._reported: dict[Child, tuple[State, str]] = {}
        self._summary_at = time.monotonic() + SUMMARY_EVERY

    def report(self) -> None:
        """Report changes since the last call."""
        if self.live:
            return
        for child in self._children:
            state = child.state
            now = state, child.report.doing if state is State.RUNNING else ""
            if self._reported.get(child) != now:
                self._reported[child] = now
                line = f"{child.name}: {state.value}"
                said = what(child)
                write = self._reporter.warn if state is State.DIED else self._reporter.note
                write(f"{line}, {said}" if said else line)
        if time.monotonic() >= self._summary_at:
            self._summary_at = time.monotonic() + SUMMARY_EVERY
            running = [child for child in self._children if child.alive and _counts(child)]
            counts = [f"{child.name} {_done(child)} ({_rate(child)}/s)" for child in running]
            if counts:
                self._reporter.note("progress: " + ", ".join(counts))


def table(children: Sequence[Child]) -> Table:
    """The children as a table: process, state, records, records/s, and what it does or why it died."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, justify in (("PROCESS", "left"), ("STATE", "left"), ("RECORDS", "right"), ("RECORDS/S", "right")):
        grid.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    grid.add_column("")
    for child in children:
        state = child.state
        style = _STYLES.get(state, "dim")
        # A running process takes one line; the reason of a failure is shown in full.
        died = state is State.DIED
        said = Text(
            printable(what(child)), style if died else "dim", no_wrap=not died, overflow="fold" if died else "ellipsis"
        )
        grid.add_row(child.name, Text(state.value, style), _done(child), _rate(child), said)
    return grid


def what(child: Child) -> str:
    """State of a child, or why it failed."""
    if child.state is State.DIED:
        return child.why()
    if child.state in (State.ENDING, State.ENDED):
        return ""
    report = child.report
    if report.done is not None and report.doing.endswith(BYTES):
        return f"{report.doing.removesuffix(BYTES)}, {report.done / 1e6:.0f} of {(report.total or 0) / 1e6:.0f} MB"
    return report.doing or report.text


def _counts(child: Child) -> bool:
    """Whether the child reports records."""
    return child.report.done is not None and not child.report.doing.endswith(BYTES)


def _done(child: Child) -> str:
    done, total = child.report.done, child.report.total
    if done is None or not _counts(child):
        return "-"
    return f"{done:,}" if total is None else f"{done:,} of {total:,}"


def _rate(child: Child) -> str:
    return rate(child.report.rate) if child.alive and _counts(child) else "-"
