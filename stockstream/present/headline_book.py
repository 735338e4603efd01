"""Headline book: the headlines of the topic of news, for the series of their scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from stockstream.names import harmless
from stockstream.present.row_notes import RowNote, RowNotes
from stockstream.records import SENTIMENT, News
from stockstream.views.frame import Frame

_MOST: Final = 20_000


class HeadlineBook:
    """The newest headlines by symbol, each once by its id."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._headlines: dict[str, News] = {}
        self._by_symbol: dict[str, list[News]] | None = None

    def take(self, news: Iterable[News]) -> bool:
        """Take headlines; returns whether any is new."""
        before = len(self._headlines)
        for each in news:
            self._headlines.setdefault(each.id, each)
        new = len(self._headlines) > before
        while len(self._headlines) > self._most:
            del self._headlines[next(iter(self._headlines))]
        if new:
            self._by_symbol = None
        return new

    def clear(self) -> None:
        """Forget all: the topic is gone, or was made anew."""
        self._headlines.clear()
        self._by_symbol = None

    def _of(self, symbol: str) -> list[News]:
        if self._by_symbol is None:
            self._by_symbol = {}
            for each in sorted(self._headlines.values(), key=lambda news: news.time):
                self._by_symbol.setdefault(each.symbol, []).append(each)
        return self._by_symbol.get(symbol, [])

    def notes(self, key: str, frame: Frame) -> RowNotes:
        """The headlines at the rows of a series of scores; none for other series."""
        headlines = self._of(key.removesuffix(SENTIMENT)) if key.endswith(SENTIMENT) else []
        if not headlines or not len(frame):
            return RowNotes()
        times = np.array([each.time.replace(tzinfo=None) for each in headlines], "M8[us]")
        rows = np.searchsorted(frame.instants, times, side="right") - 1
        return RowNotes.of(
            RowNote(row, told(each), "news") for row, each in zip(rows.tolist(), headlines, strict=True) if row >= 0
        )


def told(news: News) -> str:
    """A headline with its score and its source, on one line."""
    score = "" if news.sentiment is None else f"{news.sentiment:+.2f}  "
    return harmless(" ".join(f"{score}{news.title} ({news.source})".split()))
