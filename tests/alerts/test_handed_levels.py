"""Handed levels: a window's levels of prices and those of the topic alerts become equal, whoever changes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec

from stockstream.alerts.handed_levels import HandedLevels, person
from stockstream.alerts.record_post import RecordPost
from stockstream.alerts.watched_levels import MOST, LevelWatch, owner_of, unwatched
from stockstream.errors import AuthError, BrokerError, StockstreamError
from stockstream.present.memory import Memory
from stockstream.present.price_levels import Alerts, Level
from stockstream.records import Alert, Bar
from stockstream.views.bar_batch import BarBatch
from tests.alerts.test_runner import in_topic
from tests.charts.fake_model import OSCILLATOR, PRICES, bars
from tests.patience import until
from tests.site import Site
from tests.views.bars import bar

ANN = "ann on laptop"


class Topic:
    """The topic alerts: all records, and the desks that read it. While it is ``slow``, records wait to be delivered."""

    def __init__(self, *, slow: bool = False) -> None:
        self.slow = slow
        self.waiting: list[Alert] = []
        self.records: list[Alert] = []
        self.refuses: StockstreamError | None = None
        self.readers: list[HandedLevels] = []

    def send(self, record: Alert) -> None:
        self.waiting.append(record)
        if not self.slow:
            self.deliver()

    def deliver(self, count: int | None = None) -> None:
        """Give the readers so many of the records that wait, all by default."""
        for record in self.waiting[:count]:
            self.records.append(record)
            for each in self.readers:
                each.levels.take([record])
        del self.waiting[:count]

    def watched(self) -> list[tuple[float | None, bool]]:
        """The values of all records, and whether each ends its level."""
        return [(each.values["level"], each.until is not None) for each in self.records]


class Sender:
    """Sends the records of a window to the topic, unless the broker refuses them."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self._failed: list[tuple[Alert, StockstreamError]] = []

    def send(self, record: Alert) -> None:
        if self._topic.refuses is not None:
            self._failed.append((record, self._topic.refuses))
        else:
            self._topic.send(record)

    def failures(self) -> list[tuple[Alert, StockstreamError]]:
        found, self._failed = self._failed, []
        return found


class Window:
    """The levels of a window on AAPL, which has read the topic."""

    def __init__(self, topic: Topic, memory: Path | None = None, *, band: float = 0.0) -> None:
        self.now = 0.0
        self.newest: Bar | None = bar(5, 100.0)
        self.desk = HandedLevels(ANN, lambda _: self.newest, Sender(topic), band=band, clock=lambda: self.now)
        self.desk.levels.take(topic.records)
        self.desk.levels.settled = True
        topic.readers.append(self.desk)
        self.memory = Memory(memory)
        self.alerts = Alerts(PRICES, self.memory)

    def set(self, value: float, *, once: bool = False) -> None:
        self.alerts.add("AAPL", Level("price", value, once))

    def remove(self, value: float) -> None:
        self.alerts.remove("AAPL", Level("price", value))

    def look(self, seconds: float = 1.0) -> None:
        """Look at the topic once, and let so many seconds pass."""
        self.alerts.exchange("AAPL", self.desk)
        self.now += seconds

    def close(self) -> None:
        self.desk.close()
        self.alerts.exchange("AAPL", self.desk)
        self.memory.close()

    @property
    def levels(self) -> Mapping[float, bool]:
        return {each.value: each.once for each in self.alerts.levels("AAPL")}

    def rest(self, seconds: float = 1.0) -> Mapping[float, bool]:
        """Look at the topic until all has come to rest."""
        for _ in range(4):
            self.look(seconds)
        self.memory.close()
        return self.levels


def test_a_level_is_handed_once_and_ended_once() -> None:
    topic = Topic()
    window = Window(topic)
    window.set(101.0, once=True)
    window.rest()
    (record,) = topic.records
    assert (record.state, owner_of(record), record.values["once"], record.values["close"]) == (
        "watched",
        ANN,
        1.0,
        100.0,
    )
    window.alerts.add("AAPL", Level("price", 101.0))
    assert window.rest() == {101.0: False}
    window.remove(101.0)
    assert window.rest() == {}
    assert topic.watched() == [(101.0, False), (101.0, False), (101.0, True)]


def test_one_that_is_moved_is_handed_when_it_rests() -> None:
    topic = Topic()
    window = Window(topic)
    for value in (101.0, 101.5, 102.0):
        window.set(value)
        window.alerts.exchange("AAPL", window.desk)
        window.now += 0.1
        if value != 102.0:
            window.remove(value)
    assert topic.records == []
    window.rest()
    assert topic.watched() == [(102.0, False)]


def test_only_prices_are_handed_and_no_level_of_the_settings() -> None:
    topic = Topic()
    window = Window(topic)
    window.alerts = Alerts(PRICES, Memory(None), {"AAPL": [99.0]})
    window.alerts.add("AAPL", Level("volume", 1e6))
    window.rest()
    other = Alerts(OSCILLATOR, Memory(None))
    other.add("AAPL", Level("strength, %", 70.0))
    assert not other.exchange("AAPL", window.desk)
    assert topic.records == []


def test_it_survives_the_window_and_can_be_deleted_from_the_next(tmp_path: Path) -> None:
    topic = Topic()
    first = Window(topic, tmp_path / "a.json")
    first.set(101.0)
    first.rest()
    assert Window(topic, tmp_path / "a.json").rest() == {101.0: False}
    without_memory = Window(topic)
    assert without_memory.rest() == {101.0: False}
    without_memory.remove(101.0)
    without_memory.rest()
    assert first.rest() == {}, "a window that is open meanwhile"
    assert Window(topic, tmp_path / "a.json").rest() == {}
    assert topic.watched() == [(101.0, False), (101.0, True)]


def test_one_of_once_that_was_crossed_meanwhile_is_gone(tmp_path: Path) -> None:
    topic = Topic()
    window = Window(topic, tmp_path / "a.json")
    window.set(101.0, once=True)
    window.rest()
    watch = LevelWatch(window.desk.levels)
    raised, end = watch.take(BarBatch([bar(6, 102.0)]), topic.records[0].at)
    topic.send(end)
    assert raised.state == "raised"
    assert Window(topic, tmp_path / "a.json").rest() == {}
    assert window.rest() == {}


def test_the_process_tells_of_handed_levels_and_the_window_of_the_others() -> None:
    topic = Topic()
    window = Window(topic)
    frame = bars(50)
    last = float(frame["close"][-1])
    window.set(last + 1.0, once=True)
    window.rest()
    window.set(last + 2.0)  # not handed yet
    window.alerts.check("AAPL", frame, told=True)
    risen = frame.copy()
    risen.columns["close"][-1] = last + 3.0
    assert [each.level.value for each in window.alerts.check("AAPL", risen, told=True)] == [last + 2.0]
    assert last + 1.0 in window.rest(), "the process ends it"
    alone = Window(Topic())
    alone.set(last + 1.0, once=True)
    alone.rest()
    alone.alerts.check("AAPL", frame)
    assert [each.level.value for each in alone.alerts.check("AAPL", risen)] == [last + 1.0]
    assert alone.rest() == {}


def test_a_topic_that_was_made_anew_gets_the_levels_again() -> None:
    topic = Topic()
    window = Window(topic)
    window.set(101.0)
    window.rest()
    topic.records.clear()
    window.desk.levels.clear()
    assert window.rest() == {101.0: False}
    assert topic.watched() == [(101.0, False)]


def test_a_window_without_the_right_says_so_once_and_watches_by_itself() -> None:
    topic = Topic()
    topic.refuses = AuthError("the broker refuses to write alerts")
    window = Window(topic)
    assert window.desk.said() == ""
    window.set(101.0)
    window.rest()
    assert window.desk.said() == "levels are watched by this window alone: the broker refuses to write alerts"
    window.set(102.0)
    assert window.rest() == {101.0: False, 102.0: False}
    assert window.desk.said() == ""
    frame = bars(50)
    window.alerts.check("AAPL", frame, told=True)
    risen = frame.copy()
    risen.columns["close"][-1] = 103.0
    assert len(window.alerts.check("AAPL", risen, told=True)) == 2


def test_a_topic_that_cannot_be_read_leaves_levels_to_the_window() -> None:
    window = Window(Topic())
    window.desk.levels.error = BrokerError("the broker refuses to read alerts")
    window.rest()
    assert window.desk.said() == ""
    window.set(101.0)
    assert window.rest() == {101.0: False}
    assert window.desk.said() == "levels are watched by this window alone: the broker refuses to read alerts"


def test_what_was_not_sent_is_sent_again() -> None:
    topic = Topic()
    topic.refuses = BrokerError("no broker")
    window = Window(topic)
    window.set(101.0)
    window.rest()
    topic.refuses = None
    window.rest(seconds=0.1)
    assert topic.records == []
    window.rest(seconds=6.0)
    assert topic.watched() == [(101.0, False)]
    assert window.desk.said() == ""


def test_nothing_is_handed_before_the_topic_is_read_and_there_are_bars() -> None:
    topic = Topic()
    window = Window(topic)
    window.set(101.0)
    window.desk.levels.settled = False
    window.rest()
    window.desk.levels.settled, window.newest = True, None
    window.rest()
    assert topic.records == []


def test_no_more_are_handed_than_the_page_allows() -> None:
    topic = Topic()
    window = Window(topic)
    for number in range(MOST + 1):
        window.set(200.0 + number)
    window.rest()
    assert len(topic.records) == MOST
    assert (
        window.desk.said() == f"levels are watched by this window alone: {ANN} has {MOST} at the alerts process already"
    )


def test_the_dead_band_of_the_window_goes_with_its_levels() -> None:
    topic = Topic()
    desk = HandedLevels(ANN, lambda _: bar(5, 100.0), Sender(topic), band=2.0, clock=lambda: now)
    desk.levels.settled = True
    topic.readers.append(desk)
    now = 0.0
    desk.merge("AAPL", {101.0: False}, {})
    now = 1.0
    desk.merge("AAPL", {101.0: False}, {})
    (record,) = topic.records
    assert record.when == "close crosses 101 band 2% on forming"
    watch = LevelWatch(desk.levels)
    prices = (104.0, 100.5, 102.0, 98.0, 102.0)
    batch = BarBatch([bar(6 + number, close) for number, close in enumerate(prices)])
    assert [each.way for each in watch.take(batch, record.at)] == ["above", "below", "above"]


def test_nobody_on_the_page_has_the_name_of_a_window_s_person() -> None:
    assert " on " in person()
    assert "/" not in person()


def test_another_dead_band_reaches_levels_that_were_handed_and_windows_do_not_dispute_it(tmp_path: Path) -> None:
    topic = Topic()
    first = Window(topic, tmp_path / "a.json")
    first.set(101.0, once=True)
    first.rest()
    second = Window(topic, tmp_path / "a.json", band=2.0)
    for _ in range(3):
        assert second.rest() == {101.0: True}
        assert first.rest() == {101.0: True}
    assert [each.values.get("band") for each in topic.records] == [None, 2.0]


def test_a_level_that_was_set_or_removed_just_before_the_window_was_closed_is_handed(tmp_path: Path) -> None:
    topic = Topic(slow=True)
    window = Window(topic, tmp_path / "a.json")
    window.set(101.0, once=True)
    window.close()
    topic.deliver()
    assert topic.watched() == [(101.0, False)]
    ended = Window(topic, tmp_path / "a.json")
    ended.alerts.exchange("AAPL", ended.desk)
    ended.remove(101.0)
    ended.close()
    topic.waiting.clear()  # the broker is away
    again = Window(topic, tmp_path / "a.json")
    assert again.rest() == {}, "it is ended again"
    topic.deliver()
    assert topic.watched() == [(101.0, False), (101.0, True)]


def test_one_of_once_that_was_set_before_closing_and_crossed_then_does_not_come_back(tmp_path: Path) -> None:
    topic = Topic(slow=True)
    window = Window(topic, tmp_path / "a.json")
    window.set(101.0, once=True)
    window.close()
    topic.deliver()
    topic.slow = False
    topic.send(unwatched(topic.records[0], topic.records[0].at + timedelta(seconds=5)))
    assert Window(topic, tmp_path / "a.json").rest() == {}


def test_the_desk_says_whether_it_hands() -> None:
    topic = Topic()
    window = Window(topic)
    window.set(101.0)
    assert window.desk.hands
    topic.refuses = AuthError("the broker refuses to write alerts")
    window.rest()
    full = Window(Topic(slow=True))
    for number in range(MOST + 1):
        full.set(200.0 + number)
    full.rest()
    early, unread = Window(Topic()), Window(Topic())
    early.desk.levels.settled = False
    unread.desk.levels.error = BrokerError("the broker refuses to read alerts")
    assert [each.desk.hands for each in (window, full, early, unread)] == [False] * 4
    assert [each.desk.symbols() for each in (full, early)] == [{"AAPL"}, set()]


def test_records_are_sent_in_order_by_the_post(site: Site) -> None:
    topic = Topic()
    window = Window(topic)
    window.set(101.0)
    window.rest()
    window.remove(101.0)
    window.rest()
    with RecordPost(site.connection) as post:
        for record in topic.records:
            post.send(record)
        sent = until(lambda: (found := in_topic(site))[len(topic.records) - 1 :] and found)
    assert [(each.at, each.until) for each in sent] == [(each.at, each.until) for each in topic.records]
    assert post.failures() == []
    wrong = RecordPost({**site.connection, "no.such.property": "1"})
    wrong.send(topic.records[0])
    ((record, error),) = until(wrong.failures)
    assert (record, "no.such.property" in str(error)) == (topic.records[0], True)


def test_the_post_goes_on_after_an_error_that_nobody_expected(site: Site) -> None:
    topic = Topic()
    window = Window(topic)
    window.set(101.0)
    window.rest()
    (record,) = topic.records
    with RecordPost(site.connection) as post:
        post.send(msgspec.structs.replace(record, values={"level": object()}))
        ((_, error),) = until(post.failures)
        assert str(error).startswith("unexpected TypeError: ")
        post.send(record)
        until(lambda: [each.id for each in in_topic(site)] == [record.id])
