"""Polled headlines: one source that fails takes nothing from the others."""

from __future__ import annotations

from stockstream.errors import RateLimited, SourceError, Unavailable
from stockstream.producers.news.headline import headline
from stockstream.producers.news.polled import PolledNews
from stockstream.producers.patience import Patience
from stockstream.records import News
from tests.producers.manual_clock import NOW, ManualClock


class Scripted:
    """A source that gives what it is told, one after another, the last again and again."""

    def __init__(self, name: str, *answers: str | Exception) -> None:
        self.name = name
        self.answers = list(answers)
        self.asked = 0

    def fetch(self) -> list[News]:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return [headline("AAPL", NOW, answer, source=self.name)]


class Said:
    """A reporter that keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.lines.append(text.partition(";")[0])


def polled(*sources: Scripted) -> tuple[list[str], list[str], int]:
    """Headlines, what was said, and how many failed, of one round."""
    said = Said()
    news = PolledNews(sources, 60.0, once=True, reporter=said, patience=Patience(attempts=3), clock=ManualClock().clock)
    return [each.title for each in news if each is not None], said.lines, news.failed


def test_one_that_never_answers_ends_alone() -> None:
    gone = Scripted("site", SourceError("404"))
    assert polled(gone, Scripted("site", "Acme soars")) == (["Acme soars"], ["404"], 1)
    assert gone.asked == 1


def test_several_that_are_down_for_the_same_reason_are_told_once_and_so_is_their_end() -> None:
    down = Unavailable("site answers 503")
    found, said, failed = polled(
        Scripted("site", down, "first"), Scripted("site", down, "second"), Scripted("site", "third")
    )
    assert (sorted(found), failed) == (["first", "second", "third"], 0)
    assert said == ["site answers 503", "site answers again"]


def test_a_refusal_for_the_rate_lets_all_of_a_site_wait_and_once_ends_for_all() -> None:
    refused = RateLimited("429", retry_after=10.0)
    first, second, other = Scripted("site", refused), Scripted("site", refused), Scripted("other", "Acme soars")
    assert polled(first, second, other) == (["Acme soars"], ["429"], 2)
    assert first.asked + second.asked == 3
