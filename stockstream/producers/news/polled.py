"""Polled headlines: several sources, asked again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Final, Protocol

from stockstream.errors import RateLimited, SourceError, Unavailable
from stockstream.producers.background import Background
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.producers.patience import USUAL, Patience
from stockstream.producers.reporter import Reporter
from stockstream.records import News

_BEAT: Final = 0.1


class NewsSource(Protocol):
    """Where headlines come from."""

    name: str

    def fetch(self) -> list[News]:
        """The present headlines. Raises `RateLimited`, `Unavailable`; `SourceError` where asking again is of no use."""


class PolledNews:
    """The headlines of some sources, also those that came before: who takes them knows which are new.

    Iterating yields headlines, and a None ten times a second meanwhile. A source that is down or limits the rate is
    reported once and asked again later; one that will never answer ends alone.

    Parameters
    ----------
    sources
        The sources.
    every
        Seconds between two requests of a source.
    once
        End after the first answers.
    reporter
        Receives messages for the user.
    patience
        Pauses after errors.
    clock
        The clock.

    Attributes
    ----------
    failed : int
        Number of sources that will never answer, or that did not with ``once``.
    """

    def __init__(
        self,
        sources: Sequence[NewsSource],
        every: float,
        *,
        once: bool,
        reporter: Reporter,
        patience: Patience = USUAL,
        clock: Clock = SYSTEM,
    ) -> None:
        self.failed = 0
        self._sources = list(sources)
        self._every = every
        self._once = once
        self._reporter = reporter
        self._patience = patience
        self._clock = clock

    def __iter__(self) -> Iterator[News | None]:
        due = dict.fromkeys(range(len(self._sources)), self._clock.monotonic())
        attempts = dict.fromkeys(due, 0)
        with Background() as background:
            while due:
                place = min(due, key=due.__getitem__)
                while self._clock.monotonic() < due[place]:
                    yield None
                    self._clock.sleep(_BEAT)
                source = self._sources[place]
                answer = background.submit(source.fetch)
                yield from self._while(answer)
                try:
                    yield from answer.result()
                except (RateLimited, Unavailable) as error:
                    attempts[place] += 1
                    pause = max(self._patience.pause(attempts[place], error), 0.0)
                    due[place] = self._clock.monotonic() + pause
                    if attempts[place] == 1:
                        self._reporter.warn(f"{error}; asking again in {pause:.0f} s")
                    if not self._once or attempts[place] < self._patience.attempts:
                        continue
                    self.failed += 1
                    del due[place]
                    continue
                except SourceError as error:
                    self.failed += 1
                    self._reporter.warn(f"{error}; it is not asked again")
                    del due[place]
                    continue
                if attempts[place]:
                    self._reporter.note(f"{source.name} answers again")
                attempts[place] = 0
                due[place] = self._clock.monotonic() + self._every
                if self._once:
                    del due[place]

    def _while(self, answer: Future[list[News]]) -> Iterator[None]:
        while not answer.done():
            yield None
            self._clock.sleep(_BEAT)
