"""Rate limiter, circuit breaker and retries of a remote source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import uniform
from typing import Final

from stockstream.errors import RateLimited, Unavailable
from stockstream.producers.clock import SYSTEM, Clock

_LONGEST_PAUSE: Final = 900.0


@dataclass(frozen=True)
class Patience:
    """Number of attempts of a request, and the pauses between them in seconds.

    A failed request is repeated, up to ``attempts`` times in all, after ``first``, doubled each time up to ``longest``,
    with some jitter; after a refusal at the time that the source names, or else after ``refused`` and up to twice that,
    doubled each time.
    """

    attempts: int = 6
    first: float = 2.0
    longest: float = 60.0
    refused: float = 30.0

    def pause(self, attempt: int, error: RateLimited | Unavailable) -> float:
        """Seconds to wait after a failed attempt, counted from 1; jitter spreads the requests of many clients.

        >>> 2.0 <= Patience(first=2.0).pause(1, Unavailable("away")) <= 4.0
        True
        >>> 5.0 <= Patience(first=2.0).pause(1, RateLimited("429", retry_after=5.0)) <= 7.0
        True
        """
        if isinstance(error, RateLimited):
            if error.retry_after is None:
                pause: float = self.refused * 2 ** min(attempt - 1, 10) * uniform(1.0, 2.0)  # noqa: S311 - no secret
                return min(_LONGEST_PAUSE, pause)
            return min(error.retry_after, _LONGEST_PAUSE) + uniform(0, self.first)  # noqa: S311 - no secret
        return self.backoff(attempt)

    def backoff(self, attempt: int) -> float:
        """Seconds to wait after a failed attempt, counted from 1, that says nothing about the next one.

        >>> Patience(first=2.0, longest=60.0).backoff(1_000)
        60.0
        """
        doubled: float = self.first * 2 ** min(attempt - 1, 30) + uniform(0, self.first)  # noqa: S311 - no secret
        return min(self.longest, doubled)


USUAL: Final = Patience()


class Breaker:
    """Circuit breaker: stops all requests to a source that has refused one; a process has one for each source.

    Parameters
    ----------
    patience
        Pauses after refusals.
    clock
        What time it is.

    Attributes
    ----------
    opens_until : float
        Monotonic time of the next permitted request.
    """

    def __init__(self, patience: Patience = USUAL, clock: Clock = SYSTEM) -> None:
        self.opens_until = clock.monotonic()
        self._patience = patience
        self._clock = clock
        self._refusals = 0

    def refused(self, error: RateLimited) -> float:
        """Note a refusal; returns the seconds without requests."""
        self._refusals += 1
        pause = self._patience.pause(self._refusals, error)
        self.opens_until = max(self.opens_until, self._clock.monotonic() + pause)
        return pause

    def answered(self) -> None:
        """Note an answer: the next refusal counts as a first one."""
        self._refusals = 0


class Limiter:
    """Rate limiter: a source has one, and waits for it before each request.

    Parameters
    ----------
    spacing
        Minimum number of seconds between the beginnings of two requests.
    clock
        What time it is, and how to let it pass.
    """

    def __init__(self, spacing: float, clock: Clock = SYSTEM) -> None:
        self._spacing = spacing
        self._clock = clock
        self._free_at = clock.monotonic()

    def wait(self) -> None:
        """Return when the next request may be sent."""
        left = self._free_at - self._clock.monotonic()
        if left > 0:
            self._clock.sleep(left)
        self._free_at = self._clock.monotonic() + self._spacing


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """The seconds of an HTTP header Retry-After, which may be a date; None if it is missing or invalid.

    >>> retry_after("12"), retry_after("soon")
    (12.0, None)
    """
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, TypeError):
        return None
