"""Source that is queried on a separate thread, page by page, and again after errors."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from stockstream.errors import RateLimited, SourceError, Unavailable
from stockstream.periods import following, intraday
from stockstream.producers.background import Background
from stockstream.producers.bar_source import BarSource, Reply
from stockstream.producers.clock import Clock
from stockstream.producers.final_bars import Answer, read_reply
from stockstream.producers.patience import Breaker, Patience

_BEAT: Final = 0.2

Asked: TypeAlias = Generator[None, None, Answer]
"""A running request: a None five times a second until the answer arrives."""


class PatientSource:
    """Requests bars of one interval from a source, with several attempts if needed.

    Parameters
    ----------
    source
        The source.
    interval
        Interval of the bars.
    background
        The thread of the requests.
    patience
        Number and pauses of the attempts.
    breaker
        Circuit breaker that each request waits for, and that notes its result.
    trouble
        Called with each failure before another attempt, and the approximate seconds until it.
    clock
        The clock to read and to wait with.
    """

    def __init__(
        self,
        source: BarSource,
        interval: str,
        background: Background,
        patience: Patience,
        breaker: Breaker,
        trouble: Callable[[SourceError, float], None],
        clock: Clock,
    ) -> None:
        self._source = source
        self._interval = interval
        self._background = background
        self._patience = patience
        self._breaker = breaker
        self._trouble = trouble
        self._clock = clock

    @property
    def reach(self) -> datetime:
        """From which instant on the source has history."""
        reach = self._source.reach(self._interval)
        return datetime.min.replace(tzinfo=UTC) if reach is None else self._clock.now() - reach

    def history(self, symbol: str, start: datetime) -> Asked:
        """The bars from an instant on, or from as far back as the source goes.

        Earlier ones are left out: a source may return more than it is asked for.

        Raises
        ------
        UnknownSymbol, SourceError
            At once.
        RateLimited, Unavailable
            After the last attempt.
        """
        since = first = max(start, self.reach)
        pages: list[Reply] = []
        # A bar counts as final only if its period was over before the source was asked.
        asked_at = self._clock.now()
        while True:
            page = yield from self._answered(symbol, since)
            pages.append(page)
            if page.more is None or page.more <= since:
                break
            since = page.more
        answer = read_reply(_joined(pages), self._source.about.name, symbol, self._interval, asked_at)
        return _since(first, answer, self._interval)

    def _answered(self, symbol: str, since: datetime) -> Generator[None, None, Reply]:
        attempt = 0
        while True:
            attempt += 1
            yield from self._clock.wait_until(self._breaker.opens_until)
            job = self._background.submit(lambda: self._source.history(symbol, self._interval, since))
            while not job.done():
                wait([job], _BEAT)
                yield None
            try:
                reply = job.result()
            except (RateLimited, Unavailable) as error:
                if isinstance(error, RateLimited):
                    pause = self._breaker.refused(error)
                else:
                    pause = self._patience.pause(attempt, error)
                if attempt >= self._patience.attempts:
                    raise
                self._trouble(error, pause)
            else:
                self._breaker.answered()
                return reply
            yield from self._clock.wait_until(self._clock.monotonic() + pause)


def _since(first: datetime, answer: Answer, interval: str) -> Answer:
    """The answer without the periods that end before an instant; from a day on they end at any hour of the next day."""
    slack = timedelta(0) if intraday(interval) else timedelta(days=1)

    def end(time: datetime) -> datetime:
        return following(time, interval) + slack

    begin = bisect_right(answer.bars, first, key=lambda bar: end(bar.time))
    nulls = tuple(null for null in answer.nulls if end(null.time) > first)
    return replace(answer, bars=answer.bars[begin:], nulls=nulls)


def _joined(pages: Sequence[Reply]) -> Reply:
    """The pages as one reply: of two rows of one time that of the later page counts."""
    if len(pages) == 1:
        return pages[0]
    rows = {row.time: row for page in pages for row in page.rows}
    return replace(
        pages[-1],
        rows=tuple(rows[time] for time in sorted(rows)),
        splits=tuple(dict.fromkeys(each for page in pages for each in page.splits)),
        dividends=tuple(dict.fromkeys(each for page in pages for each in page.dividends)),
        currency=next((page.currency for page in reversed(pages) if page.currency), None),
    )
