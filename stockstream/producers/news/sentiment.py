"""Sentiment of a headline: VADER's rules, with a lexicon of finance over its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from stockstream.errors import StockstreamError

_FILE: Final = "finance_lexicon.txt"
_WORD: Final = re.compile(r"[\w'&-]+")


@cache
def lexicon() -> Mapping[str, float]:
    """The words and phrases of the finance lexicon, with their valence from -4 to 4.

    >>> lexicon()["downgrades to sell"], lexicon()["shares"]
    (-3.0, 0.0)
    """
    text = (files(__package__) / _FILE).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {words: float(valence) for words, valence in rows}


class Sentiment:
    """Scores headlines.

    Parameters
    ----------
    finance
        Whether the finance lexicon counts, too.

    Raises
    ------
    StockstreamError
        vaderSentiment is not installed.
    """

    def __init__(self, *, finance: bool = True) -> None:
        try:
            from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
        except ImportError:
            raise StockstreamError(
                "scoring headlines needs the package vaderSentiment", hint="pip install 'stockstream[models]'"
            ) from None
        self._analyzer = SentimentIntensityAnalyzer()
        self._phrases: re.Pattern[str] | None = None
        if finance:
            self._learn(lexicon())

    def _learn(self, entries: Mapping[str, float]) -> None:
        """Take entries into the lexicon; a phrase is a word of its own there."""
        self._analyzer.lexicon.update({_joined(words): valence for words, valence in entries.items()})
        phrases = sorted((words for words in entries if " " in words), key=len, reverse=True)
        self._phrases = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)", re.IGNORECASE)

    def score(self, text: str) -> float:
        """The sentiment of a text, from -1 to 1; 0 where no word of it is known.

        >>> Sentiment().score("Broker downgrades Acme to sell") < -0.3 < 0.3 < Sentiment().score("Acme beats estimates")
        True
        """
        words = " ".join(text.split())
        if self._phrases is not None:
            words = self._phrases.sub(lambda found: _joined(found[0]), words)
        return float(self._analyzer.polarity_scores(words)["compound"])


def _joined(words: str) -> str:
    return words.lower().replace(" ", "_") if " " in words else words
