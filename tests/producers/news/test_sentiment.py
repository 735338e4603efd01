"""Scores of headlines: the lexicon of finance, and its agreement with our sentences as docs/models.md reports it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from stockstream.errors import StockstreamError
from stockstream.producers.news.sentiment import Sentiment, lexicon

SENTENCES = [
    tuple(line.split("\t")) for line in (Path(__file__).parent / "sentences.tsv").read_text("utf-8").splitlines()
]
PAGE = (Path(__file__).parents[3] / "docs" / "models.md").read_text("utf-8")
CERTAIN = 0.05
"""From where on a score is positive, or negative: as VADER's authors have it."""


def called(score: float) -> str:
    return "positive" if score >= CERTAIN else "negative" if score <= -CERTAIN else "neutral"


def agreement(*, finance: bool) -> Counter[tuple[str, str]]:
    scorer = Sentiment(finance=finance)
    return Counter((label, called(scorer.score(sentence))) for label, sentence in SENTENCES)


def right(found: Counter[tuple[str, str]]) -> int:
    return sum(count for (label, said), count in found.items() if label == said)


def test_the_agreement_is_the_one_that_the_page_reports() -> None:
    found, plain = agreement(finance=True), agreement(finance=False)
    assert len(SENTENCES) == 200
    assert f"{right(found) / 2:.1f} %" in PAGE
    assert f"{right(plain) / 2:.1f} %" in PAGE
    for label in ("positive", "neutral", "negative"):
        row = " | ".join(str(found[label, said]) for said in ("positive", "neutral", "negative"))
        assert f"| {label} | {row} |" in PAGE
    assert f"{len(lexicon())} words and phrases" in PAGE


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Broker downgrades Acme to sell", "negative"),
        ("Acme beats earnings estimates", "positive"),
        ("ACME MISSES ESTIMATES", "negative"),
        ("Acme raises\n dividend", "positive"),
        ("Acme does not expect layoffs", "positive"),
        ("The number of shares of the trust fund", "neutral"),
        ("", "neutral"),
    ],
)
def test_words_of_finance_count(sentence: str, expected: str) -> None:
    assert called(Sentiment().score(sentence)) == expected


def test_a_phrase_counts_before_its_words_and_not_within_others() -> None:
    scorer = Sentiment()
    assert scorer.score("Acme: loss narrows") > 0 > scorer.score("Acme: loss")
    assert scorer.score("record highway") == 0.0


def test_the_lexicon_is_in_order() -> None:
    assert all(-4 <= valence <= 4 for valence in lexicon().values())
    assert all(words == words.lower().strip() for words in lexicon())
    assert len(lexicon()) >= 100


def test_without_vader_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vaderSentiment", None)
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    with pytest.raises(StockstreamError, match=r"pip install 'stockstream\[models\]'"):
        Sentiment()
