"""Headline book: headlines at the rows of their series of scores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from stockstream.present.headline_book import HeadlineBook
from stockstream.records import News
from stockstream.views.frame import Frame

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
HOURS = Frame("time", {"time": np.datetime64("2026-03-02T14:00", "us") + np.arange(3) * np.timedelta64(1, "h")})


def news(minute: int, **changes: object) -> News:
    fields = {"symbol": "AAPL", "time": START + timedelta(minutes=minute), "id": str(minute), "source": "Wire"}
    return News(**{**fields, "title": f"t{minute}", "sentiment": 0.5, **changes})  # type: ignore[arg-type]


def test_headlines_stand_at_the_bar_of_their_hour_in_order_and_once() -> None:
    book = HeadlineBook()
    assert book.take([news(70), news(10), news(5, symbol="MSFT"), news(-1)])
    assert not book.take([news(10, title="again")])
    found = book.notes("AAPL.sentiment", HOURS).notes
    assert [(note.row, note.text, note.kind) for note in found] == [
        (0, "+0.50 t10 (Wire)", "news"),
        (1, "+0.50 t70 (Wire)", "news"),
    ]
    assert book.notes("AAPL", HOURS).notes == ()
    assert book.notes("AAPL.sentiment", HOURS.slice(slice(0, 0))).notes == ()


def test_the_oldest_are_let_go_and_nothing_commands_a_terminal() -> None:
    book = HeadlineBook(most=2)
    book.take([news(1), news(2, title="a\n\x1b[31mb", sentiment=None), news(3)])
    assert [note.text for note in book.notes("AAPL.sentiment", HOURS).notes] == [
        r"a \u001b[31mb (Wire)",
        "+0.50 t3 (Wire)",
    ]
