"""The loop that every producer runs: take what a source gives, send or refuse it, until the end or a stop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from stockstream.errors import BadRow
from stockstream.producers.clock import SYSTEM, Clock

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)

_LOOK_EVERY: Final = 256
_TELL_EVERY: Final = 0.25
_RATE_OVER: Final = 10.0


class Sink(Protocol[R_contra]):
    """Where records go; `stockstream.kafka.publisher.Publisher` is one."""

    @property
    def delivered(self) -> int:
        """What was acknowledged so far, refused rows included."""

    def send(self, record: R_contra) -> None:
        """Take a record; may wait while there is no room for it."""

    def refuse(self, key: str, raw: bytes, reason: str) -> None:
        """Take what could not be read, for the dead letters."""

    def poll(self) -> None:
        """Hear what became of what was sent; raises where something failed."""

    def flush(self) -> None:
        """Wait until everything is acknowledged; raises where something is not."""


@dataclass
class Stop:
    """A wish to end, from a signal's handler: ``signal`` is its number, None until there is one."""

    signal: int | None = None


@dataclass(frozen=True)
class Progress:
    """How far a producer is: records sent, rows refused, seconds since it began."""

    sent: int
    refused: int
    seconds: float


@dataclass(frozen=True)
class Summary:
    """What a producer did.

    All that was sent and refused was acknowledged, for otherwise there is an error and no summary.
    """

    sent: int
    refused: int
    seconds: float
    signal: int | None

    @property
    def complete(self) -> bool:
        """Whether the source was read to its end."""
        return self.signal is None


def produce(
    source: Iterable[R | BadRow | None],
    sink: Sink[R],
    *,
    progress: Callable[[Progress], None] = lambda progress: None,
    refused: Callable[[BadRow], None] = lambda row: None,
    stop: Stop | None = None,
    clock: Clock = SYSTEM,
) -> Summary:
    """Send what a source gives until it ends or a stop is wished, and wait until all of it is acknowledged.

    Parameters
    ----------
    source
        Records; a `BadRow` where one cannot be read; a None at least once a second where there is nothing to send,
        so that a stop, the sink's errors and the progress are not late.
    sink
        Where they go. Its errors end the loop.
    progress
        Told how far it is, at most four times a second and once at the end.
    refused
        Told each row that could not be read, after the sink has it.
    stop
        Looked at after each item.
    clock
        For the seconds.
    """
    stop = stop or Stop()
    begun = clock.monotonic()
    tell_at = begun + _TELL_EVERY
    sent = bad = 0
    for item in source:
        if item is None:
            sink.poll()
        elif isinstance(item, BadRow):
            sink.refuse(item.key, item.raw, str(item))
            bad += 1
            refused(item)
        else:
            sink.send(item)
            sent += 1
        if stop.signal is not None:
            break
        if (item is None or not sent % _LOOK_EVERY) and clock.monotonic() >= tell_at:
            tell_at = clock.monotonic() + _TELL_EVERY
            progress(Progress(sent, bad, clock.monotonic() - begun))
    sink.flush()
    seconds = clock.monotonic() - begun
    progress(Progress(sent, bad, seconds))
    return Summary(sent, bad, seconds, stop.signal)


class Meter:
    """How many a second, over the last ten seconds.

    >>> meter = Meter()
    >>> meter.rate(0, 0.0), meter.rate(50, 1.0), meter.rate(300, 11.0)
    (0.0, 50.0, 25.0)
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[int, float]] = deque()

    def rate(self, done: int, seconds: float) -> float:
        """Things a second, where ``done`` of them are done at ``seconds``."""
        samples = self._samples
        samples.append((done, seconds))
        while len(samples) > 2 and seconds - samples[1][1] >= _RATE_OVER:
            samples.popleft()
        earlier, since = samples[0]
        return (done - earlier) / (seconds - since) if seconds > since else 0.0
