"""Levels are kept by key, and a crossing is reported once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stockstream.present.memory import Memory
from stockstream.present.price_levels import Alerts, Level, watched
from stockstream.views.frame import Frame
from stockstream.views.marks import Band, Candles, Columns, Guide, Line, Panel
from tests.charts.fake_model import OSCILLATOR, PRICES

AT_100 = Level("price", 100.0)


def frame(*closes: float, **columns: list[bool]) -> Frame:
    times = np.datetime64("2026-03-02T14:30", "us") + np.arange(len(closes)) * np.timedelta64(1, "m")
    more = {name: np.array(column) for name, column in columns.items()}
    return Frame("time", {"time": times, "close": np.array(closes), **more})


def alerts(*levels: Level) -> Alerts:
    made = Alerts(PRICES, Memory(None))
    for level in levels or (AT_100,):
        made.add("AAPL", level)
    return made


def crossings(made: Alerts, *frames: Frame) -> list[list[tuple[bool, float]]]:
    return [[(each.rising, each.value) for each in made.check("AAPL", given)] for given in frames]


def test_a_close_on_the_other_side_is_a_crossing() -> None:
    steps = [frame(99.0), frame(99.0, 101.0), frame(99.0, 101.0, 102.0), frame(99.0, 101.0, 102.0, 98.0)]
    assert crossings(alerts(), *steps) == [[], [(True, 101.0)], [], [(False, 98.0)]]


def test_what_was_before_is_history() -> None:
    assert crossings(alerts(), frame(99.0, 101.0, 99.0, 101.0)) == [[]]
    made = alerts()
    made.check("AAPL", frame(99.0))
    made.remove("AAPL", AT_100)
    made.add("AAPL", AT_100)
    assert crossings(made, frame(99.0, 101.0)) == [[]]


def test_what_reaches_a_level_crosses_it_with_the_next_step() -> None:
    assert crossings(alerts(), frame(99.0), frame(100.0), frame(99.0)) == [[], [], [(False, 99.0)]]
    assert crossings(alerts(), frame(101.0), frame(100.0), frame(101.0)) == [[], [], [(True, 101.0)]]
    steps = [frame(99.0), frame(99.0, 100.0), frame(99.0, 100.0, 101.0), frame(99.0, 100.0, 101.0, 100.0)]
    assert crossings(alerts(), *steps) == [[], [], [(True, 101.0)], []]
    assert crossings(alerts(), *steps, frame(99.0, 100.0, 101.0, 100.0, 99.5))[-1] == [(False, 99.5)]


def test_whipping_around_a_level_within_the_dead_band_is_one_crossing() -> None:
    whip = frame(99.5, 100.5, 99.6, 100.4, 99.7, 100.9, 99.2)
    assert len(crossings(alerts(), frame(99.5), whip)[1]) == 6
    banded = alerts()
    banded._band = 0.01
    assert crossings(banded, frame(99.5), whip) == [[], [(True, 100.5)]]
    # Only one percent beyond the level a crossing the other way is another.
    more = frame(*whip["close"], 101.0, 99.9, 100.1, 98.9, 100.2)
    assert crossings(banded, more) == [[(False, 99.9), (True, 100.2)]]


def test_a_level_that_is_set_again_knows_nothing_of_what_was() -> None:
    made = Alerts(PRICES, Memory(None), band=1.0)
    for level in (AT_100, Level("price", 50.0)):
        made.add("AAPL", level)
    assert crossings(made, frame(99.5), frame(99.5, 100.5)) == [[], [(True, 100.5)]]
    made.remove("AAPL", AT_100)
    assert crossings(made, frame(99.5, 100.5, 99.5)) == [[]]
    made.add("AAPL", AT_100)
    assert crossings(made, frame(99.5, 100.5, 99.5, 100.5)) == [[(True, 100.5)]]


def test_bars_that_come_together_are_looked_at_one_by_one() -> None:
    assert crossings(alerts(), frame(99.0), frame(99.0, 101.0, 97.0, 103.0)) == [
        [], [(True, 101.0), (False, 97.0), (True, 103.0)]
    ]  # fmt: skip


def test_a_forming_bar_is_reported_of_once_each_way() -> None:
    closes = (99.0, 101.0, 99.5, 101.0, 99.0, 102.0)
    made = alerts()
    assert crossings(made, *(frame(98.0, close) for close in closes)) == [
        [],
        [(True, 101.0)],
        [(False, 99.5)],
        [],
        [],
        [],
    ]
    # The next bar is another.
    assert crossings(made, frame(98.0, 102.0, 99.0)) == [[(False, 99.0)]]


def test_doubtful_and_unknown_closes_cross_nothing() -> None:
    doubts = frame(99.0, 500.0, 99.0, doubtful=[False, True, False])
    assert crossings(alerts(), frame(99.0), doubts) == [[], []]
    assert crossings(alerts(), frame(99.0), frame(99.0, np.nan, 101.0)) == [[], [(True, 101.0)]]
    assert crossings(alerts(), frame(np.nan), frame(np.nan, 101.0), frame(np.nan, 101.0, 99.0)) == [
        [],
        [],
        [(False, 99.0)],
    ]


def test_each_level_and_each_line_of_its_panel_is_watched() -> None:
    made = Alerts(OSCILLATOR, Memory(None))
    made.add("AAPL", Level(made.names[0], 50.0))
    made.add("AAPL", Level(made.names[1], 0.0))
    steps = []
    for up, down in ((40.0, 60.0), (60.0, 40.0)):
        values = {"up": up, "down": down, "oscillator": up - down}
        columns = {name: np.array([value]) for name, value in values.items()}
        steps.append(Frame("time", {"time": frame(1.0).instants, **columns}))
    found = [made.check("AAPL", step) for step in steps][1]
    assert {(each.column, each.rising) for each in found} == {("up", True), ("down", False), ("oscillator", True)}


def test_levels_stay_across_restarts(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    for expected in ([], [AT_100]):
        memory = Memory(path)
        made = Alerts(PRICES, memory)
        assert made.levels("AAPL") == expected
        if not expected:
            made.add("AAPL", AT_100)
            made.add("MSFT", Level("volume", 5e6))
            made.remove("MSFT", Level("volume", 5e6))
        memory.close()
    assert Alerts(PRICES, Memory(path)).keys() == ["AAPL"]


def test_levels_of_the_settings_are_of_the_prices_and_come_back() -> None:
    memory = Memory(None)
    for _ in range(2):
        made = Alerts(PRICES, memory, {"AAPL": (100, 90.5)})
        assert made.levels("AAPL") == [Level("price", 90.5), AT_100]
        assert made.remove("AAPL", AT_100)
        assert made.levels("AAPL") == [Level("price", 90.5)]
        made.add("AAPL", Level("price", 80.0))
        assert not made.remove("AAPL", Level("price", 80.0))
    assert Alerts(OSCILLATOR, Memory(None), {"AAPL": [50]}).keys() == []


@pytest.mark.parametrize(
    ("marks", "columns"),
    [
        ((Band("a", "b"), Line("c"), Candles()), ("close",)),
        ((Guide(3.0), Columns("v"), Line("c"), Line("d")), ("c", "d")),
        ((Columns("v"),), ("v",)),
        ((Band("a", "b"),), ()),
    ],
)
def test_what_is_watched_in_a_panel(marks: tuple[object, ...], columns: tuple[str, ...]) -> None:
    assert watched(Panel(marks, "")) == columns  # type: ignore[arg-type]


def test_a_level_of_once_ends_with_its_first_crossing_also_in_one_batch() -> None:
    once = Level("price", 100.0, once=True)
    made = alerts(once, Level("price", 103.0))
    steps = [frame(99.0), frame(99.0, 101.0, 99.0, 104.0)]
    assert crossings(made, *steps)[1] == [(True, 101.0), (True, 104.0)]
    assert made.levels("AAPL") == [Level("price", 103.0)]
    assert crossings(made, frame(99.0, 101.0, 99.0, 104.0, 99.0)) == [[(False, 99.0)]]


def test_two_levels_are_never_at_one_place() -> None:
    made = Alerts(PRICES, Memory(None), {"AAPL": [100.0]})
    made.add("AAPL", Level("price", 100.0, once=True))
    assert made.levels("AAPL") == [Level("price", 100.0, once=True)]
    assert made.remove("AAPL", AT_100)
    assert made.levels("AAPL") == []


def test_levels_of_the_settings_are_left_to_the_process_that_tells_of_them() -> None:
    made = Alerts(PRICES, Memory(None), {"AAPL": [100.0]})
    made.add("AAPL", Level("price", 102.0))
    made.check("AAPL", frame(99.0))
    assert [each.level.value for each in made.check("AAPL", frame(99.0, 103.0), told=True)] == [102.0]
    assert [each.level.value for each in made.check("AAPL", frame(99.0, 103.0, 98.0))] == [100.0, 102.0]
