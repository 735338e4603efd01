"""Shared part of all ``produce`` commands: publisher, progress, refused rows, Ctrl-C and the last line."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from socket import gethostname
from types import FrameType
from typing import Final, NamedTuple, TypeVar

import typer

from stockstream.cli.context import Context
from stockstream.cli.metrics import ProducerMetrics
from stockstream.cli.produce.run_options import RunOptions
from stockstream.cli.reporter import Reporter
from stockstream.cli.serving import measured
from stockstream.cli.topic_changes import check
from stockstream.control import Order, Report
from stockstream.errors import AuthError, BadRow, BrokerError, Unreachable
from stockstream.names import cut
from stockstream.producers.pacing import Pacing
from stockstream.producers.produce import Meter, Progress, Stop, Summary, produce
from stockstream.producers.valve import Valve
from stockstream.topics import Topic

R = TypeVar("R")

SHOWN: Final = 5
"""Number of refused rows that are shown; others are only counted."""

SILENT: Final = 3.0
"""Seconds without an acknowledgement after which the progress says so."""

LONGEST: Final = 300
"""Maximum number of characters shown of a refused row."""

LIVE_LINGER_MS: Final = 5
REPLAY_LINGER_MS: Final = 50
"""Milliseconds that a record may wait for others in the same request."""

WAITING: Final = "waiting for the broker"

STARTING: Final = 30
"""Seconds in which a broker that was waited for may refuse: a secure one creates its users after it opens its port."""


class Position(NamedTuple):
    """Progress of a source: items done, their total if known, and its activity other than sending."""

    done: int
    total: int | None = None
    doing: str = ""


def send(
    context: Context,
    topic: Topic[R],
    source: Iterable[R | BadRow | None],
    *,
    run: RunOptions | None = None,
    linger_ms: int = LIVE_LINGER_MS,
    position: Callable[[], Position] | None = None,
    already: Callable[[], int] = lambda: 0,
    rest: Callable[[], Iterable[R]] = tuple,
    counted: Callable[[Iterable[R | BadRow | None]], Iterable[R | BadRow | None]] = iter,
) -> None:
    """Send a source to its topic, with progress and a summary at the end.

    Parameters
    ----------
    context
        Context of the command.
    topic
        The topic to send to.
    source
        Records, as for `produce`.
    run
        Pace and limits of a source whose records have a ``time``, and where metrics are served.
    linger_ms
        `LIVE_LINGER_MS` or `REPLAY_LINGER_MS`.
    position
        Progress of the source, for the progress bar; by default the records sent, without a total.
    already
        Number of records that the source skipped because the topic holds them.
    rest
        Records that the source has left after Ctrl-C.
    counted
        Counts the records that are sent, as they pass.

    Raises
    ------
    typer.Exit
        After Ctrl-C (130) or SIGTERM (143), when all sent records are acknowledged; 1 if every row was refused.
    BrokerError
        If a record was not acknowledged.
    """
    await_broker(context, topic)
    reporter, refusals = context.reporter, Refusals(context.reporter)
    run = run or RunOptions()
    valve = Valve(run.rate, run.burst, context.clock)
    pacing: Pacing[R] = Pacing(run.limits, valve, attrgetter("time"), context.clock)
    with (
        measured(ProducerMetrics(context.command, topic.name), run.metrics, reporter) as figures,
        stopping() as stop,
        context.outlet.controlled(
            partial(_report, context.source, topic.name, valve, datetime.now(UTC)), partial(_obey, valve, run.rate)
        ),
        context.outlet.publisher(topic, linger_ms=linger_ms) as publisher,
    ):
        summary = produce(
            counted(pacing.through(source)),
            publisher,
            rest=rest,
            progress=_Reports(context, topic.name, valve, figures, position).show,
            refused=refusals.add,
            stop=stop,
            clock=context.clock,
        )
    refusals.close(topic.dead_letters)
    reporter.result(_last_line(topic.name, summary, already(), _held(context, topic)))
    if summary.signal is not None:
        raise typer.Exit(128 + summary.signal)
    if summary.refused and not summary.sent and not already():
        raise typer.Exit(1)


@dataclass
class _Reports:
    """Reports how far a producer is and what it waits for: a line for people, figures for programs."""

    context: Context
    topic: str
    valve: Valve
    figures: ProducerMetrics
    position: Callable[[], Position] | None
    meter: Meter = field(default_factory=Meter)

    def show(self, progress: Progress) -> None:
        """Report the present progress."""
        self.figures.update(progress)
        done, total, doing = self.position() if self.position else Position(progress.sent)
        if progress.silent >= SILENT:
            doing = WAITING
        if self.valve.is_closed:
            doing = f"paused by `stockstream control`; `control resume {self.context.source}` continues"
        state = f"{self.topic}, {doing}" if doing else self.topic
        self.context.reporter.progress(done, total, self.meter.rate(done, progress.seconds), state)


def _obey(valve: Valve, usual: float | None, order: Order) -> None:
    """Follow an order of `stockstream control`; without a rate in it the ``usual`` one applies."""
    valve.rate = usual if order.rate is None else order.rate
    valve.is_closed = order.paused


def _report(name: str, topic: str, valve: Valve, started: datetime) -> Report:
    """A running producer, as others see it."""
    return Report(
        name, gethostname(), os.getpid(), topic, valve.passed, started, datetime.now(UTC), valve.is_closed, valve.rate
    )


def await_broker(context: Context, topic: Topic[R]) -> None:
    """Wait until a broker answers, and create a missing topic; only Ctrl-C ends the waiting, as in windows.

    Raises
    ------
    BrokerError
        If waiting cannot help: `AuthError` if the broker refuses; a compacted topic.
    """
    reporter, waiting, refused = context.reporter, "", 0
    while True:
        try:
            context.outlet.ready(topic)
            check(context, topic)
            break
        except AuthError:
            refused += 1
            if not waiting or refused > STARTING:
                raise
            context.clock.sleep(1.0)
        except Unreachable as error:
            if error.message != waiting:
                reporter.warn(f"{error.message}; waiting for it" + (f" - {error.hint}" if error.hint else ""))
                waiting = error.message
            reporter.progress(0, None, 0.0, f"{topic.name}, {WAITING}")
    if waiting:
        reporter.note("the broker answers")


class Refusals:
    """Reports the first refused rows and counts the others."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._count = 0

    def add(self, row: BadRow) -> None:
        """Count a refused row, and report it if it is one of the first."""
        self._count += 1
        if self._count <= SHOWN:
            self._reporter.warn(f"refused: {cut(str(row), LONGEST)}")

    def close(self, dead_letters: str | None) -> None:
        """Report how many more there are, and where all of them are kept (None: nowhere)."""
        more = [f"{self._count - SHOWN:,} more"] if self._count > SHOWN else []
        where = [f"each is kept on {dead_letters} with its reason"] if self._count and dead_letters else []
        if more or where:
            self._reporter.warn(f"refused: {'; '.join(more + where)}")


@contextmanager
def stopping() -> Iterator[Stop]:
    """The first Ctrl-C or SIGTERM requests a stop after all acknowledgements; a second one interrupts."""
    stop = Stop()

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
        if stop.signal is not None:
            raise KeyboardInterrupt
        stop.signal = number

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _held(context: Context, topic: Topic[R]) -> int | None:
    """Number of records in the topic; None if the broker does not answer at once."""
    try:
        return context.outlet.held(topic)
    except BrokerError:
        return None


def _last_line(name: str, summary: Summary, already: int, held: int | None) -> str:
    counts = f"{summary.sent:,} sent, {summary.refused:,} refused, {already:,} already there"
    stopped = " (stopped)" if summary.signal is not None else ""
    holds = f"; the topic holds {held:,}" if held is not None else ""
    return f"{name}: {counts}, {summary.acknowledged:,} acknowledged in {summary.seconds:.1f} s{stopped}{holds}"
