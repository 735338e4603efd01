"""Loop of every producer: take a record from the source, send or refuse it, until the end or a stop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from stockstream.errors import BadRow, TooLarge
from stockstream.producers.clock import SYSTEM, Clock

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)

_POLL_EVERY: Final = 256
_REPORT_EVERY: Final = 0.25
_RATE_OVER: Final = 10.0
_MOST_PENDING: Final = 100_000


class Sink(Protocol[R_contra]):
    """Destination of records, such as `stockstream.kafka.publisher.Publisher`."""

    @property
    def delivered(self) -> int:
        """Number of acknowledged records so far, refused rows included."""

    def send(self, record: R_contra) -> None:
        """Queue a record; may wait while the queue is full. Raises `TooLarge` for a record above the limit."""

    def refuse(self, key: str, raw: bytes, reason: str) -> None:
        """Queue an unreadable value for the dead letters."""

    def poll(self, timeout: float = 0.0) -> None:
        """Process acknowledgements for ``timeout`` seconds; raises if a record failed."""

    def flush(self) -> None:
        """Wait until everything is acknowledged; raises if a record failed."""


@dataclass
class Stop:
    """Request to stop, set by a signal handler: ``signal`` is the signal's number, None without a request."""

    signal: int | None = None


@dataclass(frozen=True)
class Progress:
    """Progress of a producer.

    ``pending`` is the number of records and refused rows without acknowledgement, ``silent`` the seconds since the last
    one, ``seconds`` the time since the start.
    """

    sent: int
    refused: int
    seconds: float
    pending: int
    silent: float


@dataclass(frozen=True)
class Summary:
    """Result of a producer; ``signal`` stopped it, or None if the source ended.

    ``acknowledged`` counts the acknowledgements of the broker, refused rows included. If it is less than the number of
    records and refused rows, an error is raised and there is no summary.
    """

    sent: int
    refused: int
    acknowledged: int
    seconds: float
    signal: int | None


def produce(
    source: Iterable[R | BadRow | None],
    sink: Sink[R],
    *,
    rest: Callable[[], Iterable[R]] = tuple,
    progress: Callable[[Progress], None] = lambda _: None,
    refused: Callable[[BadRow], None] = lambda _: None,
    stop: Stop | None = None,
    clock: Clock = SYSTEM,
) -> Summary:
    """Send the records of a source until it ends or a stop is requested, and wait until all are acknowledged.

    Parameters
    ----------
    source
        Records; a `BadRow` for a row that cannot be read; a None at least once a second if there is nothing to send,
        so that a stop, errors of the sink and progress are not delayed.
    sink
        Destination of the records. Its errors end the loop.
    rest
        Records that the source has left when it is stopped: made of what it took so far.
    progress
        Called with the progress, at most four times a second and once at the end.
    refused
        Called with each row that could not be read, after the sink has it.
    stop
        Request to stop, checked after each item.
    clock
        The clock for times.
    """
    stop = stop or Stop()
    run = _Run(sink, progress, clock)
    for item in source:
        if item is None:
            run.poll()
        elif isinstance(item, BadRow):
            run.refuse(item)
            refused(item)
        else:
            try:
                sink.send(item)
            except TooLarge as error:
                place = f"record {run.sent + run.refused + 1:,} of this run"
                row = BadRow(place, None, None, error.message, raw=error.raw, key=error.key)
                run.refuse(row)
                refused(row)
                continue
            run.sent += 1
            if not run.sent % _POLL_EVERY:
                run.poll()
        if stop.signal is not None:
            for record in rest():
                sink.send(record)
                run.sent += 1
            break
    run.drain()
    return Summary(run.sent, run.refused, run.acknowledged, run.report().seconds, stop.signal)


class _Run:
    """Counts of one run; waits for acknowledgements and reports progress."""

    def __init__(self, sink: Sink[R], progress: Callable[[Progress], None], clock: Clock) -> None:
        self.sent = 0
        self.refused = 0
        self._sink: Sink[Any] = sink
        self._progress = progress
        self._clock = clock
        self._begun = self._heard_at = self._reported_at = clock.monotonic()
        self._before = sink.delivered
        self._heard = 0

    @property
    def acknowledged(self) -> int:
        """Acknowledged records of this run, refused rows included."""
        return self._sink.delivered - self._before

    def refuse(self, row: BadRow) -> None:
        """Pass a row to the dead letters of the sink."""
        self._sink.refuse(row.key, row.raw, str(row))
        self.refused += 1

    def poll(self) -> None:
        """Poll the sink, report progress if it is due, and wait while too many records are pending.

        Otherwise the queue of the sink would fill up, and the sink would wait without any report.
        """
        self._sink.poll()
        self._report_if_due()
        while self._pending() > _MOST_PENDING:
            self._sink.poll(0.05)
            self._report_if_due()

    def drain(self) -> None:
        """Wait until everything is acknowledged."""
        while self._pending():
            self._sink.poll(0.05)
            self._report_if_due()
        self._sink.flush()

    def report(self) -> Progress:
        """Report the present progress."""
        pending, now = self._pending(), self._clock.monotonic()
        silent = now - self._heard_at if pending else 0.0
        progress = Progress(self.sent, self.refused, now - self._begun, pending, silent)
        self._reported_at = now
        self._progress(progress)
        return progress

    def _report_if_due(self) -> None:
        if self._clock.monotonic() - self._reported_at >= _REPORT_EVERY:
            self.report()

    def _pending(self) -> int:
        acknowledged = self.acknowledged
        pending = self.sent + self.refused - acknowledged
        if acknowledged != self._heard or not pending:
            self._heard, self._heard_at = acknowledged, self._clock.monotonic()
        return pending


class Meter:
    """Rate per second, over the last ten seconds.

    >>> meter = Meter()
    >>> meter.rate(0, 0.0), meter.rate(50, 1.0), meter.rate(300, 11.0)
    (0.0, 50.0, 25.0)
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[int, float]] = deque([(0, 0.0)])

    def rate(self, done: int, seconds: float) -> float:
        """The rate when ``done`` items are done at ``seconds``; fewer items than before start a new measurement."""
        samples = self._samples
        if done < samples[-1][0]:
            samples.clear()
        samples.append((done, seconds))
        while len(samples) > 2 and seconds - samples[1][1] >= _RATE_OVER:
            samples.popleft()
        earlier, since = samples[0]
        return (done - earlier) / (seconds - since) if seconds > since else 0.0
