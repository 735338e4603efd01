"""A window ticks soon after records have arrived, in few frames under a flood, and at intervals without any."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from matplotlib.backend_bases import FigureCanvasBase

from stockstream.charts.window.ticker import AHEAD, APART, BUSY, IDLE, LONG, Pace, Ticker


class Interpreter:
    """The part of Tk that watches files; a test calls the handler as Tk's event loop does."""

    def __init__(self) -> None:
        self.handlers: dict[Any, Callable[..., None]] = {}

    def createfilehandler(self, file: Any, mask: int, function: Callable[..., None]) -> None:
        assert mask
        self.handlers[file] = function

    def deletefilehandler(self, file: Any) -> None:
        del self.handlers[file]

    def handle(self) -> None:
        for file, function in list(self.handlers.items()):
            function(file, 1)


class Timer:
    """A timer that a test fires."""

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.running = False
        self.fire: Callable[[], None] = lambda: None

    def add_callback(self, function: Callable[[], None]) -> None:
        self.fire = function

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


class Canvas:
    """A canvas of Tk, whose window is itself; on Windows it cannot watch a file."""

    def __init__(self, *, watching: bool = True) -> None:
        self.tk: Any = Interpreter() if watching else object()
        self.timers: list[Timer] = []

    def get_tk_widget(self) -> Canvas:
        return self

    def new_timer(self, interval: int) -> Timer:
        self.timers.append(Timer(interval))
        return self.timers[-1]


def started(canvas: Canvas, tick: Callable[[], None] = lambda: None) -> tuple[Ticker, Timer]:
    ticker = Ticker(cast("FigureCanvasBase", canvas), tick)
    ticker.start()
    [timer] = canvas.timers
    assert timer.running
    return ticker, timer


def test_a_tick_follows_as_soon_as_another_thread_asks_for_it() -> None:
    canvas = Canvas()
    ticker, timer = started(canvas)
    timer.fire()
    assert timer.interval == 1000 * IDLE
    thread = threading.Thread(target=ticker.wake)
    thread.start()
    thread.join()
    canvas.tk.handle()
    assert timer.running
    assert timer.interval <= 1000 * BUSY
    timer.fire()
    assert timer.interval == 1000 * IDLE, "what changes is announced: no need to look for it"
    ticker.stop()
    assert (timer.running, canvas.tk.handlers) == (False, {})
    ticker.wake()  # a thread that does not know yet that the window is closed


def test_thousands_of_calls_nobody_heard_are_one() -> None:
    canvas = Canvas()
    ticker, _ = started(canvas)
    for _ in range(100_000):
        ticker.wake()
    canvas.tk.handle()
    ticker.stop()


def test_records_that_arrive_during_a_tick_are_taken_soon_after_it() -> None:
    canvas = Canvas()

    def tick() -> None:
        ticker.wake()
        canvas.tk.handle()  # as a toolkit that draws handles what has happened meanwhile
        assert timer.interval == interval, "a timer started within its own callback would run twice"

    ticker, timer = started(canvas, tick)
    interval = timer.interval
    timer.fire()
    assert timer.interval <= 1000 * BUSY
    ticker.stop()


def test_changes_that_nobody_announces_are_looked_for() -> None:
    canvas = Canvas(watching=False)
    ticker, timer = started(canvas)
    ticker.changed = True
    timer.fire()
    assert timer.interval == 1000 * BUSY
    ticker.wake()
    ticker.stop()


def test_what_a_tick_leaves_is_done_by_the_next_ones() -> None:
    canvas = Canvas()
    ticker, timer = started(canvas)
    ticker.wake()
    canvas.tk.handle()
    ticker.unfinished = True
    timer.fire()
    assert timer.interval == 1000 * BUSY
    ticker.unfinished = False
    timer.fire()
    assert timer.interval == 1000 * IDLE
    ticker.stop()


def floods(took: float, seconds: float) -> int:
    """The number of ticks under a flood."""
    pace, now, ticks = Pace(), 100.0, 0
    while now < 100.0 + seconds:
        now += pace.wait(now)
        pace.note(now, now + took)
        now += took
        ticks += 1
    return ticks


@pytest.mark.parametrize(("took", "apart"), [(0.001, APART), (0.008, APART), (0.015, 0.045), (0.03, 0.105), (0.2, 0.3)])
def test_a_flood_is_drawn_in_few_frames(took: float, apart: float) -> None:
    assert floods(took, 20) == pytest.approx(20 / apart, rel=0.05)


def test_full_redraws_under_a_flood_take_less_than_a_third_of_the_time() -> None:
    for took in (LONG + 0.001, 0.033, 0.04):
        assert floods(took, 20) * took / 20 < 0.3


def test_some_ticks_may_follow_each_other_after_a_rest() -> None:
    pace, now = Pace(), 100.0
    assert pace.wait(now) == 0
    soon = 0
    while True:
        pace.note(now, now + 0.01)
        now += 0.01
        if (wait := pace.wait(now)) > 0.0101:
            break
        assert wait == pytest.approx(0.01), "as long as it took"
        now += wait
        soon += 1
    assert soon == pytest.approx(AHEAD / (APART - 0.02), abs=1.1), "then one each 40 ms"


def test_a_long_tick_among_short_ones_delays_none_of_those_at_20_a_second() -> None:
    pace, delays = Pace(), []
    for number in range(200):
        due = 100 + number / 20
        took = 0.028 if number % 20 == 0 else 0.012
        delays.append(pace.wait(due))
        pace.note(due + delays[-1], due + delays[-1] + took)
    assert max(delays) < 0.01
    assert sorted(delays)[180] == 0


def test_after_a_long_tick_the_user_has_time() -> None:
    pace, now = Pace(), time.monotonic()
    pace.note(now, now + 3)
    assert pace.wait(now + 3) == pytest.approx(BUSY)
