"""Alert book: states by id, notes at rows, what is new, and whether the alerts process runs."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from stockstream.present.alert_book import AlertBook, listed
from stockstream.views.frame import Frame
from tests.alerts.alerts import TIME
from tests.alerts.numbered import alert


def frame(rows: int, minutes: int = 1) -> Frame:
    start = np.datetime64(TIME.replace(tzinfo=None), "us")
    return Frame("time", {"time": start + np.arange(rows) * np.timedelta64(minutes, "m"), "high": np.ones(rows)})


def marks(book: AlertBook, given: Frame, *, simulated: bool = False) -> list[tuple[int, str]]:
    return [(note.row, note.kind) for note in book.notes("AAPL", given, simulated=simulated).notes]


def test_of_one_id_the_later_state_counts() -> None:
    book = AlertBook()
    assert book.take([alert(1), alert(3)])
    assert not book.take([alert(1)])
    assert book.take([alert(3, state="withdrawn"), alert(1, state="acknowledged")])
    assert marks(book, frame(5)) == [(1, "seen"), (3, "withdrawn")]
    assert [each.id for each in book.newest(5)] == ["001", "003"]
    assert book.unseen("AAPL", simulated=False) == 0


def test_an_alert_stands_at_the_row_that_holds_its_time() -> None:
    book = AlertBook()
    book.take([alert(-1), alert(0), alert(7), alert(14, symbol="MSFT"), alert(16, simulated=True)])
    assert marks(book, frame(4, 5)) == [(0, "alert"), (1, "alert")]
    assert marks(book, frame(4, 5), simulated=True) == [(3, "alert")]
    assert marks(book, frame(0)) == []


def test_what_came_before_the_window_was_opened_is_not_new() -> None:
    book = AlertBook()
    book.take([alert(1)], fresh=False)
    book.take([alert(1), alert(2), alert(1, state="withdrawn"), alert(2, state="acknowledged")])
    assert [(each.id, each.state) for each in book.fresh()] == [("002", "raised"), ("001", "withdrawn")]
    assert book.fresh() == []


def test_only_the_newest_are_kept() -> None:
    book = AlertBook(most=3)
    book.take(map(alert, range(10)))
    assert [each.id for each in book.newest(10)] == ["009", "008", "007"]


def test_a_process_that_falls_silent_is_known_by_its_last_beat() -> None:
    book, later = AlertBook(), timedelta(seconds=90)
    assert not book.runs(TIME)
    assert book.silent_since(TIME) is None
    running = alert(id="heartbeat", state="running", at=TIME, until=TIME + later, values={"levels": 0.0})
    book.take([running])
    assert not book.runs(TIME), "it runs, but does not watch the levels of the settings"
    book.take([alert(id="heartbeat", state="running", at=TIME, until=TIME + later, values={"levels": 1.0})])
    assert book.runs(TIME + later)
    assert book.silent_since(TIME + later) is None
    assert not book.runs(TIME + 2 * later)
    assert book.silent_since(TIME + 2 * later) == TIME
    book.take([alert(id="heartbeat", state="stopped", at=TIME + later)])
    assert not book.runs(TIME + later)
    assert book.silent_since(TIME + 9 * later) is None
    assert book.newest(9) == []


def test_of_several_processes_none_hides_another() -> None:
    book, later = AlertBook(), timedelta(seconds=90)
    service = alert(id="heartbeat/a", state="running", at=TIME, until=TIME + later, values={"levels": 1.0})
    other = alert(id="heartbeat/b", state="running", at=TIME, until=TIME + later, values={"levels": 0.0})
    book.take([service, other])
    assert book.runs(TIME + later), "the other one does not watch the levels, and need not"
    book.take([alert(id="heartbeat/b", state="stopped", at=TIME + later)])
    assert book.runs(TIME + later), "the other one was ended"
    assert book.silent_since(TIME + 2 * later) == TIME
    book.take([alert(id="heartbeat/b", state="running", at=TIME + 2 * later, until=TIME + 3 * later)])
    assert book.silent_since(TIME + 2 * later) == TIME, "the other one was started"
    assert not book.runs(TIME + 2 * later)


def test_a_process_is_missed_for_a_week() -> None:
    book = AlertBook()
    book.take([alert(id="heartbeat/a", state="running", at=TIME, until=TIME + timedelta(seconds=90))])
    assert book.silent_since(TIME + timedelta(days=7)) == TIME
    assert book.silent_since(TIME + timedelta(days=8)) is None


def test_a_line_of_the_list_says_when_what_and_what_became_of_it() -> None:
    text = "AAPL close > 180: close 181.25"
    assert listed(alert(0, tz="America/New_York")) == f"Mon 2 Mar 2026 09:31 EST  {text}"
    assert listed(alert(0, interval="1d", state="acknowledged")).endswith(f"Mon 2 Mar 2026  {text} (acknowledged)")
    assert listed(alert(0, simulated=True, text="a\n\x1b[31mb")).endswith(r"SIMULATED a \u001b[31mb")
