"""Source that is asked on a thread of its own, and asked again after errors."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import wait
from datetime import UTC, datetime
from typing import Final, TypeAlias

from stockstream.errors import RateLimited, SourceError, Unavailable
from stockstream.producers.background import Background
from stockstream.producers.bar_source import BarSource, Reply
from stockstream.producers.clock import Clock
from stockstream.producers.final_bars import Answer, read_reply
from stockstream.producers.patience import Patience

_BEAT: Final = 0.2

Asked: TypeAlias = Generator[None, None, Answer]
"""A question under way: a None five times a second until the answer is there."""


class PatientSource:
    """Asks a source for bars of one interval, again and again if need be.

    Parameters
    ----------
    source
        Whom to ask.
    interval
        How long a bar is.
    background
        The thread to ask on.
    patience
        How often and how soon to ask again.
    trouble
        Told each failure that is worth another attempt, and in about how many seconds that follows.
    clock
        What time it is, and how to let it pass.
    """

    def __init__(
        self,
        source: BarSource,
        interval: str,
        background: Background,
        patience: Patience,
        trouble: Callable[[SourceError, float], None],
        clock: Clock,
    ) -> None:
        self._source = source
        self._interval = interval
        self._background = background
        self._patience = patience
        self._trouble = trouble
        self._clock = clock

    @property
    def reach(self) -> datetime:
        """From which instant on the source has history."""
        reach = self._source.reach(self._interval)
        return datetime.min.replace(tzinfo=UTC) if reach is None else self._clock.now() - reach

    def newest(self, symbol: str, span: str) -> Asked:
        """The newest bars; raises what `history` raises."""
        return self._answered(symbol, lambda: self._source.newest(symbol, self._interval, span))

    def history(self, symbol: str, start: datetime) -> Asked:
        """The bars from an instant on, or from as far back as the source goes.

        Raises
        ------
        UnknownSymbol, SourceError
            At once.
        RateLimited, Unavailable
            After the last attempt.
        """
        since = max(start, self.reach)
        return self._answered(symbol, lambda: self._source.history(symbol, self._interval, since))

    def _answered(self, symbol: str, question: Callable[[], Reply]) -> Asked:
        def ask() -> Answer:
            # A bar counts as final only if its period was over before the source was asked.
            now = self._clock.now()
            return read_reply(question(), self._source.name, symbol, self._interval, now)

        attempt = 0
        while True:
            attempt += 1
            job = self._background.submit(ask)
            while not job.done():
                wait([job], _BEAT)
                yield None
            try:
                return job.result()
            except (RateLimited, Unavailable) as error:
                if attempt >= self._patience.attempts:
                    raise
                pause = self._patience.pause(attempt, error)
                self._trouble(error, pause)
            yield from self._clock.wait_until(self._clock.monotonic() + pause)
