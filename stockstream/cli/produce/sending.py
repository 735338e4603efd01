"""Shared part of all ``produce`` commands: publisher, progress, refused rows, Ctrl-C and the last line."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NamedTuple, TypeVar

import typer

from stockstream.cli.context import Context
from stockstream.cli.metrics import ProducerMetrics
from stockstream.cli.reporter import Reporter
from stockstream.cli.serving import Endpoint, measured
from stockstream.cli.topic_changes import check
from stockstream.errors import BadRow, BrokerError, Unreachable
from stockstream.names import cut
from stockstream.producers.produce import Meter, Progress, Stop, Summary, produce
from stockstream.topics import Topic

R = TypeVar("R")

SHOWN: Final = 5
"""Refused rows that are shown; the others are counted."""

SILENT: Final = 3.0
"""Seconds without an acknowledgement after which the user is told."""

LONGEST: Final = 300
"""Characters of the longest of them that is shown whole."""

WAITING: Final = "waiting for the broker"


class Position(NamedTuple):
    """How far a source is: things done, of how many where that is known, and doing what if not simply sending."""

    done: int
    total: int | None = None
    doing: str = ""


def send(
    context: Context,
    topic: Topic[R],
    source: Iterable[R | BadRow | None],
    *,
    linger_ms: int = 5,
    position: Callable[[], Position] | None = None,
    already: Callable[[], int] = lambda: 0,
    metrics: Endpoint | None = None,
) -> None:
    """Send a source to its topic, tell how it goes, and say at the end what became of it.

    Parameters
    ----------
    context
        The command's.
    topic
        Where to.
    source
        What to send, as for `produce`.
    linger_ms
        Milliseconds that a record may wait for company: 5 for live data, 50 for replays.
    position
        How far the source is, for the bar; without it the records sent, and no end.
    already
        Records that the topic had before, as far as the source passed them over.
    metrics
        Where to serve figures; None for nowhere.

    Raises
    ------
    typer.Exit
        After Ctrl-C (130) or SIGTERM (143), when all that was sent is acknowledged; 1 where every row was refused.
    BrokerError
        Where something was not acknowledged.
    """
    await_broker(context, topic)
    reporter, meter, refusals = context.reporter, Meter(), Refusals(context.reporter)

    def report(progress: Progress) -> None:
        figures.update(progress)
        done, total, doing = position() if position else Position(progress.sent)
        if progress.silent >= SILENT:
            doing = WAITING
        state = f"{topic.name}, {doing}" if doing else topic.name
        reporter.progress(done, total, meter.rate(done, progress.seconds), state)

    with (
        measured(ProducerMetrics(context.command, topic.name), metrics, reporter) as figures,
        stopping() as stop,
        context.outlet.publisher(topic, linger_ms=linger_ms) as publisher,
    ):
        summary = produce(source, publisher, progress=report, refused=refusals.add, stop=stop, clock=context.clock)
    refusals.close(topic.dead_letters)
    reporter.result(_last_line(topic.name, summary, already(), _held(context, topic)))
    if summary.signal is not None:
        raise typer.Exit(128 + summary.signal)
    if summary.refused and not summary.sent and not already():
        raise typer.Exit(1)


def await_broker(context: Context, topic: Topic[R]) -> None:
    """Wait until a broker answers, and make the topic there if need be; only Ctrl-C ends the waiting, as in windows.

    Raises
    ------
    BrokerError
        For what waiting does not mend: `AuthError` where the broker refuses; a topic that is compacted.
    """
    reporter, waiting = context.reporter, ""
    while True:
        try:
            context.outlet.ready(topic)
            check(context, topic)
            break
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

    def close(self, dead_letters: str) -> None:
        """Report how many more there are, and where all of them are kept."""
        if self._count:
            more = f"{self._count - SHOWN:,} more; " if self._count > SHOWN else ""
            self._reporter.warn(f"refused: {more}each is kept on {dead_letters} with its reason")


@contextmanager
def stopping() -> Iterator[Stop]:
    """Make the first Ctrl-C or SIGTERM a wish to stop; what was sent is still acknowledged. A second one interrupts."""
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
    """Records that the topic holds, whoever sent them; None where the broker does not tell at once."""
    try:
        return context.outlet.held(topic)
    except BrokerError:
        return None


def _last_line(name: str, summary: Summary, already: int, held: int | None) -> str:
    counts = f"{summary.sent:,} sent, {summary.refused:,} refused, {already:,} already there"
    stopped = " (stopped)" if summary.signal is not None else ""
    holds = f"; the topic holds {held:,}" if held is not None else ""
    return f"{name}: {counts}, {summary.acknowledged:,} acknowledged in {summary.seconds:.1f} s{stopped}{holds}"
