"""The produce loop: every record is sent or refused, reported, and acknowledged before the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from stockstream.errors import BadRow, DeliveryError, TooLarge
from stockstream.producers.produce import Meter, Progress, Stop, Summary, produce
from tests.producers.manual_clock import ManualClock
from tests.producers.sinks import Kept

BAD = BadRow("a.csv", 7, "MONTH", "'13', not a month", raw=b"2015,13", key="0123/5")


def test_records_are_sent_and_rows_that_cannot_be_read_are_refused() -> None:
    sink = Kept()
    result: list[BadRow] = []
    summary = produce(["a", None, BAD, "b"], sink, refused=result.append, clock=ManualClock().clock)
    assert summary == Summary(sent=2, refused=1, acknowledged=3, seconds=0.0, signal=None)
    assert sink.records == ["a", "b"]
    assert sink.refused == [("0123/5", b"2015,13", "a.csv, line 7, column MONTH: '13', not a month")]
    assert result == [BAD]


def test_a_record_that_the_sink_never_takes_is_refused_and_the_next_one_is_sent() -> None:
    class Narrow(Kept):
        def send(self, record: Any) -> None:
            if record == "large":
                raise TooLarge("2,000 bytes, and a record has at most 1,000", key="X", raw=b"large")
            super().send(record)

    sink = Narrow()
    result: list[BadRow] = []
    summary = produce(["a", "large", "b"], sink, refused=result.append, clock=ManualClock().clock)
    assert (summary.sent, summary.refused) == (2, 1)
    assert sink.records == ["a", "b"]
    ((_, raw, reason),) = sink.refused
    assert raw == b"large"
    assert reason == str(result[0]) == "record 2 of this run: 2,000 bytes, and a record has at most 1,000"


def test_a_bad_row_without_an_identity_is_known_by_file_and_line() -> None:
    assert BadRow("a.csv", 7, None, "cut off").key == "a.csv/7"


def test_it_ends_when_all_is_acknowledged() -> None:
    manual_clock = ManualClock()
    answers = iter([False] * 40)
    sink = Kept(lambda: next(answers, True))
    summary = produce(range(100), sink, clock=manual_clock.clock)
    assert summary.sent == sink.delivered == 100
    assert sink.polls > 40
    assert sink.flushed


def test_a_stop_ends_the_source_and_what_was_sent_is_still_acknowledged() -> None:
    stop = Stop()
    sink = Kept()

    def source() -> Iterator[int]:
        yield 1
        yield 2
        stop.signal = signal.SIGINT
        yield 3
        raise AssertionError("read on after the stop")

    summary = produce(source(), sink, stop=stop)
    assert summary.signal == signal.SIGINT
    assert summary.sent == sink.delivered == 3
    assert sink.flushed


def test_a_stop_is_heard_while_the_source_has_nothing_to_give() -> None:
    stop = Stop()

    def source() -> Iterator[None]:
        while True:
            yield None
            stop.signal = signal.SIGTERM

    assert produce(source(), Kept(), stop=stop).signal == signal.SIGTERM


def test_while_the_broker_is_away_no_more_than_so_much_is_pending() -> None:
    looks = iter(range(1_500))
    sink = Kept(lambda: next(looks, None) is None)
    assert produce(range(150_000), sink).sent == 150_000
    assert 100_000 < sink.most_pending < 101_000


def test_what_the_sink_raises_ends_it() -> None:
    class Failing(Kept):
        def poll(self, timeout: float = 0.0) -> None:
            raise DeliveryError("not acknowledged")

    with pytest.raises(DeliveryError):
        produce(["a", None, "b"], Failing())


def test_progress_is_reported_four_times_a_second_and_at_the_end() -> None:
    manual_clock = ManualClock()
    result: list[Progress] = []

    def source() -> Iterator[int | None]:
        for number in range(40):
            yield number
            manual_clock.clock.sleep(0.1)
            yield None

    produce(source(), Kept(), progress=result.append, clock=manual_clock.clock)
    assert result[-1] == Progress(sent=40, refused=0, seconds=result[-1].seconds, pending=0, silent=0.0)
    assert result[-1].seconds == pytest.approx(4.0)
    assert [progress.seconds for progress in result[:3]] == pytest.approx([0.3, 0.6, 0.9])


def test_progress_says_for_how_long_nothing_was_acknowledged() -> None:
    manual_clock = ManualClock()
    result: list[Progress] = []

    def source() -> Iterator[int | None]:
        yield from (1, 2)
        yield from manual_clock.clock.wait_until(10.0)

    produce(source(), Kept(lambda: manual_clock.slept > 9.0), progress=result.append, clock=manual_clock.clock)
    waiting = [progress for progress in result if progress.seconds < 9.0]
    assert {progress.pending for progress in waiting} == {2}
    assert max(progress.silent for progress in waiting) > 8.0
    assert result[-1].silent == 0.0


def test_a_broker_that_is_slow_is_not_silent() -> None:
    class Slow(Kept):
        def poll(self, timeout: float = 0.0) -> None:
            self.delivered += min(1, self.pending)

    manual_clock = ManualClock()
    result: list[Progress] = []

    def source() -> Iterator[int | None]:
        yield from range(40)
        yield from manual_clock.clock.wait_until(6.0)

    produce(source(), Slow(), progress=result.append, clock=manual_clock.clock)
    assert len([progress for progress in result if progress.pending]) > 10
    assert max(progress.silent for progress in result) < 0.5


def test_a_meter_begins_anew_where_the_count_does() -> None:
    meter = Meter()
    assert meter.rate(1_000, 10.0) == 100.0
    assert meter.rate(5, 11.0) == 0.0
    assert meter.rate(25, 12.0) == 20.0
