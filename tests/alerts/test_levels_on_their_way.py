"""Levels whose records are on their way: what the user does meanwhile stays, and windows and topic end equal."""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stockstream.errors import BrokerError
from stockstream.present.price_levels import Alerts, Level
from tests.alerts.test_handed_levels import ANN, Topic, Window
from tests.charts.fake_model import PRICES

_AT_REST = 1.0
"""Seconds in which a level has come to rest."""


def test_a_level_that_is_removed_while_it_is_on_its_way_does_not_come_back() -> None:
    topic = Topic(slow=True)
    window = Window(topic)
    window.set(101.0)
    window.look(_AT_REST)
    window.look()
    window.remove(101.0)
    topic.deliver()
    assert window.rest() == {}
    topic.deliver()
    assert topic.watched() == [(101.0, False), (101.0, True)]
    assert window.rest() == {}


def test_a_drag_that_rests_and_goes_on_leaves_nothing_where_it_rested() -> None:
    topic = Topic(slow=True)
    window = Window(topic)
    window.set(101.0)
    window.look(_AT_REST)
    window.look()
    window.remove(101.0)
    window.set(102.0)
    topic.deliver()
    assert window.rest() == {102.0: False}
    topic.deliver()
    assert window.rest() == {102.0: False}
    assert {each.values["level"] for each in window.desk.levels.of(ANN)} == {102.0}


def test_a_level_that_is_set_again_before_its_end_is_read_stays() -> None:
    topic = Topic(slow=True)
    window = Window(topic)
    window.set(101.0)
    window.rest()
    topic.deliver()
    window.rest()
    window.remove(101.0)
    window.look(_AT_REST)
    window.look()
    window.set(101.0)
    topic.deliver()
    assert window.rest() == {101.0: False}
    topic.deliver()
    assert window.rest() == {101.0: False}
    assert len(window.desk.levels.of(ANN)) == 1


def test_one_that_is_set_again_and_closed_before_its_end_is_read_is_there_again(tmp_path: Path) -> None:
    topic = Topic(slow=True)
    window = Window(topic, tmp_path / "a.json")
    window.set(101.0)
    window.rest()
    topic.deliver()
    window.rest()
    window.remove(101.0)
    window.rest()
    window.set(101.0)
    window.look()
    window.close()
    topic.deliver()
    assert Window(topic, tmp_path / "a.json").rest() == {101.0: False}


def test_one_that_is_removed_after_a_record_that_was_not_sent_does_not_come_back() -> None:
    topic = Topic(slow=True)
    window = Window(topic)
    window.set(101.0)
    window.look(_AT_REST)
    window.look()
    topic.refuses = BrokerError("no answer in time")
    window.remove(101.0)
    window.rest()
    topic.deliver()
    assert window.rest() == {}
    topic.refuses = None
    assert window.rest(6.0) == {}
    topic.deliver()
    assert window.rest() == {}
    assert window.desk.levels.of(ANN) == []


def test_a_level_that_was_lost_on_its_way_with_its_topic_is_sent_again() -> None:
    topic = Topic(slow=True)
    window = Window(topic)
    window.set(101.0)
    window.rest()
    topic.waiting.clear()
    window.desk.levels.clear()
    assert window.rest() == {101.0: False}
    topic.deliver()
    assert topic.watched() == [(101.0, False)]


_SHARED = 103.0
_VALUES = ((101.0, _SHARED), (102.0, _SHARED))
"""Levels that the user sets in both windows."""


class LateRecords(RuleBasedStateMachine):
    """A user sets and removes levels in two windows, while their records arrive late, in order, or are not sent.

    The levels of a window are those that were set there, as long as no other window has one at the same value.
    """

    @initialize()
    def begin(self) -> None:
        self.topic = Topic(slow=True)
        self.windows = [Window(self.topic), Window(self.topic)]
        self.wanted: dict[float, bool] = {}

    @rule(
        at=st.integers(0, 1),
        which=st.integers(0, 1),
        once=st.sampled_from([False, True, None, None]),
        rests=st.booleans(),
    )
    def change(self, at: int, which: int, once: bool | None, rests: bool) -> None:
        value, window = _VALUES[at][which], self.windows[at]
        if once is None:
            window.remove(value)
            self.wanted.pop(value, None)
        else:
            window.set(value, once=once)
            self.wanted[value] = once
        for seconds in (0.6, 0.1) if rests else ():
            window.look(seconds)

    @rule(at=st.integers(0, 1), seconds=st.sampled_from([0.1, 0.6, 1.0]))
    def look(self, at: int, seconds: float) -> None:
        self.windows[at].look(seconds)

    @rule(count=st.integers(1, 2), seconds=st.sampled_from([0.1, 0.6]))
    def deliver(self, count: int, seconds: float) -> None:
        self.topic.deliver(count)
        for window in self.windows:
            window.look(seconds)

    @rule(lost=st.sampled_from([False, False, True]))
    def go_away(self, lost: bool) -> None:
        self.topic.refuses = BrokerError("no broker") if lost else None

    @rule(at=st.integers(0, 1))
    def reopen(self, at: int) -> None:
        if self.topic.refuses is not None:
            return
        former = self.windows[at]
        former.look(6.0)  # what was not sent is due again
        former.close()
        self.topic.deliver()
        self.topic.readers.remove(former.desk)
        window = self.windows[at] = Window(self.topic)
        window.memory, window.alerts = former.memory, Alerts(PRICES, former.memory)

    @invariant()
    def what_the_user_did_stays(self) -> None:
        for at, window in enumerate(self.windows):
            assert window.levels.get(_VALUES[at][0]) == self.wanted.get(_VALUES[at][0])

    def teardown(self) -> None:
        self.topic.refuses = None
        for _ in range(6):
            for window in self.windows:
                window.rest(6.0)
            self.topic.deliver()
        first, second = (dict(window.levels) for window in self.windows)
        watched = {each.values["level"]: bool(each.values["once"]) for each in self.windows[0].desk.levels.of(ANN)}
        assert first == second == watched
        first.pop(_SHARED, None)
        self.wanted.pop(_SHARED, None)
        assert first == self.wanted


TestLateRecords = LateRecords.TestCase
TestLateRecords.settings = settings(max_examples=150, stateful_step_count=30, derandomize=True)


def test_levels_of_a_window_without_memory_are_kept_by_the_topic(tmp_path: Path) -> None:
    topic = Topic(slow=True)
    window = Window(topic, tmp_path / "a.json")
    window.alerts.add("AAPL", Level("price", 101.0))
    window.close()
    topic.deliver()
    assert Window(topic).rest() == {101.0: False}
