"""Messages of a running command: in a terminal, in a pipe, and as JSON."""

from __future__ import annotations

import io
import json

import pytest

from stockstream.cli.reporter import JsonReporter, PersonReporter, Reporter


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A terminal's end of stderr."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_in_a_pipe_progress_is_a_line_every_few_seconds_and_the_last_one_is_never_lost(clock: Clock) -> None:
    stderr = io.StringIO()
    reporter = PersonReporter(stderr, io.StringIO(), clock)
    for done in range(0, 1001, 10):
        reporter.progress(done, 1000, 100.0, "sending")
        clock.now += 0.125
    reporter.close()
    lines = stderr.getvalue().splitlines()
    assert lines[0] == "sending: 0 of 1,000, 100/s, 10 s left"
    assert lines[-1] == "sending: 1,000 of 1,000, 100/s"
    assert len(lines) == 4


def test_another_state_is_reported_at_once(clock: Clock) -> None:
    stderr = io.StringIO()
    reporter = PersonReporter(stderr, io.StringIO(), clock)
    reporter.progress(1, None, 0.5, "waiting")
    reporter.progress(2, None, 0.5, "waiting")
    reporter.progress(3, None, 0.5, "sending")
    assert stderr.getvalue().splitlines() == ["waiting: 1, 0.5/s", "sending: 3, 0.5/s"]


def test_in_a_terminal_progress_is_a_bar_that_notes_stand_above(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stderr, stdout = Terminal(), io.StringIO()
    reporter = PersonReporter(stderr, stdout, clock)
    reporter.progress(250, 1000, 125.0, "sending sample.csv")
    reporter.note("a note with [brackets]")
    reporter.progress(500, 1000, 125.0, "sending sample.csv")
    reporter.result("done")
    shown = stderr.getvalue()
    assert "500 of 1,000" in shown
    assert "4 s left" in shown
    assert "a note with [brackets]" in shown
    assert stdout.getvalue() == "done\n"
    assert shown.endswith("\x1b[?25h"), "the cursor is shown again"


def test_an_error_has_its_hint_and_log_on_one_line_however_long() -> None:
    stderr = io.StringIO()
    PersonReporter(stderr, io.StringIO()).error("m" * 200, "do this", "/logs/x.log")
    assert stderr.getvalue() == f"stockstream: {'m' * 200} - do this (log: /logs/x.log)\n"


def test_json_progress_is_at_most_once_a_second_and_the_last_one_is_never_lost(clock: Clock) -> None:
    stderr = io.StringIO()
    reporter = JsonReporter(stderr, io.StringIO(), clock)
    for done in range(31):
        reporter.progress(done, 30, 10.0, "sending")
        clock.now += 0.125
    reporter.close()
    events = [json.loads(line) for line in stderr.getvalue().splitlines()]
    assert [event["done"] for event in events] == [0, 8, 16, 24, 30]


def test_json_lines_hold_any_text() -> None:
    stderr = io.StringIO()
    JsonReporter(stderr, io.StringIO()).note('a "quote"\nand a second line, ünïcode')
    (line,) = stderr.getvalue().splitlines()
    assert json.loads(line)["text"] == 'a "quote"\nand a second line, ünïcode'


def test_both_are_reporters() -> None:
    reporters: list[Reporter] = [PersonReporter(io.StringIO()), JsonReporter(io.StringIO())]
    assert len(reporters) == 2
