"""Frames and the tables made of them."""

from __future__ import annotations

import numpy as np
import pytest

from stockstream.views.frame import Frame, table


def minutes() -> Frame:
    times = np.arange("2026-03-02T14:30", "2026-03-02T14:34", dtype="M8[m]").astype("M8[us]")
    closes = np.array([0.1 + 0.2, np.nan, 1e-7, 123456789.25])
    return Frame("time", {"time": times, "close": closes, "final": np.array([True, True, True, False])})


def test_the_table_reads_back_exactly() -> None:
    rows = list(table([("symbol", "AAPL", minutes()), ("symbol", "MSFT", minutes().tail(1))]))
    assert rows[0] == ["time", "symbol", "close", "final"]
    assert rows[1] == ["2026-03-02T14:30:00Z", "AAPL", "0.30000000000000004", "True"]
    assert rows[2][2] == ""
    assert float(rows[3][2]) == 1e-7
    assert rows[5] == ["2026-03-02T14:33:00Z", "MSFT", "123456789.25", "False"]
    assert len(rows) == 6


def test_days_are_dates() -> None:
    frame = Frame("day", {"day": np.array(["2015-01-31"], "M8[D]"), "flights": np.array([7])})
    assert list(table([("airline", "AA", frame)]))[1] == ["2015-01-31", "AA", "7"]


def test_no_frame_no_table() -> None:
    assert list(table([])) == []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, 4),
        ("2026-03-02T14:31", None, 3),
        (None, "2026-03-02T14:31", 1),
        ("2026-03-02T14:33", "2026-03-02T14:31", 0),
    ],
)
def test_between(start: str | None, end: str | None, expected: int) -> None:
    first = None if start is None else np.datetime64(start)
    last = None if end is None else np.datetime64(end)
    assert len(minutes().between(first, last)) == expected


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_compute_is_text_in_a_table_and_numbers_stay_numbers(text: str) -> None:
    days = np.array(["2026-03-02"], "M8[D]")
    frame = Frame("day", {"day": days, "change": np.array([-1.5]), "count": np.array([-3]), "name": np.array([text])})
    _, row = table([("symbol", text, frame)])
    assert row == ["2026-03-02", f"'{text}", "-1.5", "-3", f"'{text}"]
