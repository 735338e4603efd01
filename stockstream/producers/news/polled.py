"""Polled headlines: several sources, asked again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
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
    asked again later, and reported once, together with others that say the same; one that will never answer ends
    alone. Where one is refused for its rate, all of the same name wait.

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
        self._due: dict[int, float] = {}
        self._attempts: dict[int, int] = {}
        self._troubles: dict[int, str] = {}

    def __iter__(self) -> Iterator[News | None]:
        self._due = dict.fromkeys(range(len(self._sources)), self._clock.monotonic())
        with Background() as background:
            while self._due:
                place = min(self._due, key=self._due.__getitem__)
                while self._clock.monotonic() < self._due[place]:
                    yield None
                    self._clock.sleep(_BEAT)
                answer = background.submit(self._sources[place].fetch)
                yield from self._while(answer)
                try:
                    yield from answer.result()
                except (RateLimited, Unavailable) as error:
                    self._later(place, error)
                except SourceError as error:
                    self.failed += 1
                    self._reporter.warn(f"{error}; it is not asked again")
                    del self._due[place]
                else:
                    self._answered(place)

    def _later(self, place: int, error: RateLimited | Unavailable) -> None:
        """Ask a source again after a pause, and with a refusal for the rate also those of its name; or give up."""
        name, limited = self._sources[place].name, isinstance(error, RateLimited)
        waiting = [each for each in self._due if each == place or (limited and self._sources[each].name == name)]
        attempt = self._attempts.get(place, 0) + 1
        pause = max(self._patience.pause(attempt, error), 0.0)
        if place not in self._troubles and str(error) not in self._troubles.values():
            self._reporter.warn(f"{error}; asking again in {pause:.0f} s")
        self._troubles[place] = str(error)
        if self._once and attempt >= self._patience.attempts:
            self.failed += len(waiting)
            for each in waiting:
                del self._due[each]
            return
        until = self._clock.monotonic() + pause
        for each in waiting:
            self._attempts[each] = attempt
            self._due[each] = max(self._due[each], until)

    def _answered(self, place: int) -> None:
        """Say so if it did not before, and when to ask it next."""
        trouble = self._troubles.pop(place, None)
        if trouble is not None and trouble not in self._troubles.values():
            self._reporter.note(f"{self._sources[place].name} answers again")
        self._attempts[place] = 0
        self._due[place] = self._clock.monotonic() + self._every
        if self._once:
            del self._due[place]

    def _while(self, answer: Future[list[News]]) -> Iterator[None]:
        while not answer.done():
            yield None
            wait([answer], _BEAT)
