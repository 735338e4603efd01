"""The simulated market: valid bars, and no trace of an interruption."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.intervals import USUAL
from stockstream.periods import following, opening
from stockstream.producers.simulated import simulated
from stockstream.records import SIMULATED, Bar, Series, doubts
from tests.producers.manual_clock import NOW, ManualClock

EVERY = [*USUAL, "3m", "36h", "2d", "2wk", "3mo"]


def run(
    *symbols: str,
    interval: str = "1m",
    history: int = 0,
    seed: int = 1,
    count: int | None = None,
    pace: float = 3.0,
    last: Mapping[Series, Bar] | None = None,
    manual_clock: ManualClock | None = None,
) -> Iterator[Bar | None]:
    return simulated(
        symbols,
        interval=interval,
        pace=pace,
        history=history,
        seed=seed,
        count=count,
        last=last or {},
        clock=(manual_clock or ManualClock()).clock,
    )


def bars(source: Iterator[Bar | None]) -> list[Bar]:
    return [item for item in source if item is not None]


@given(
    seed=st.integers(),
    interval=st.sampled_from(EVERY),
    symbol=st.text(min_size=1, max_size=8),
)
@settings(max_examples=60)
def test_every_bar_is_possible_and_follows_the_one_before(seed: int, interval: str, symbol: str) -> None:
    made = bars(run(symbol, interval=interval, seed=seed, history=20, count=20))
    assert len(made) == 40
    for before, bar in zip([None, *made], made, strict=False):
        assert not doubts(bar.open, bar.high, bar.low, bar.close, bar.volume)
        assert bar.low >= 0.01
        assert bar.volume is not None
        assert bar.volume >= 0
        assert bar.series == Series(symbol, interval, SIMULATED)
        assert bar.source == "simulated"
        assert bar.time == opening(bar.time, interval)
        if before is not None:
            assert bar.time == following(before.time, interval)
            assert bar.open == before.close


@given(
    seed=st.integers(0, 2**32),
    interval=st.sampled_from(EVERY),
    stop=st.integers(1, 30),
    pause=st.timedeltas(timedelta(), timedelta(days=40)),
)
@settings(max_examples=60)
def test_started_again_it_continues_as_if_it_had_never_ended(
    seed: int, interval: str, stop: int, pause: timedelta
) -> None:
    whole = bars(run("AAPL", "MSFT", interval=interval, seed=seed, history=5, count=20))
    first = whole[: 10 + 2 * stop]
    last = {bar.series: bar for bar in first}
    later = ManualClock(NOW + pause)
    second = bars(run("AAPL", "MSFT", interval=interval, seed=seed, history=5, count=20, last=last, manual_clock=later))
    assert (first + second)[: len(whole)] == whole


def test_a_cheap_share_stays_at_a_cent_or_more() -> None:
    (start,) = bars(run("PENNY", count=1, interval="1mo"))
    poor = {start.series: Bar(**{name: getattr(start, name) for name in start.__struct_fields__} | {"close": 0.01})}
    for bar in bars(run("PENNY", interval="1mo", count=300, last=poor)):
        assert bar.low >= 0.01
        assert not doubts(bar.open, bar.high, bar.low, bar.close, bar.volume)


def test_the_history_comes_at_once_and_ends_with_the_period_that_just_closed() -> None:
    manual_clock = ManualClock()
    source = run("AAPL", "MSFT", history=120, manual_clock=manual_clock)
    history = list(islice(source, 240))
    assert manual_clock.slept == 0
    for symbol in ("AAPL", "MSFT"):
        times = [bar.time for bar in history if bar is not None and bar.symbol == symbol]
        assert len(times) == 120
        assert times[-1] == datetime(2026, 3, 19, 14, 11, tzinfo=UTC)


def test_only_a_series_without_a_last_bar_gets_a_history() -> None:
    (last,) = bars(run("AAPL", count=1))
    made = bars(run("AAPL", "MSFT", history=3, count=1, last={last.series: last}))
    assert [bar.symbol for bar in made] == ["MSFT"] * 3 + ["AAPL", "MSFT"]


def test_a_bar_of_each_symbol_every_three_seconds_with_a_none_in_every_one() -> None:
    manual_clock = ManualClock()
    arrived: list[tuple[float, str]] = []
    nones: list[float] = [0.0]
    for item in islice(run("AAPL", "MSFT", manual_clock=manual_clock), 200):
        if item is None:
            assert manual_clock.slept - nones[-1] < 1
            nones.append(manual_clock.slept)
        else:
            arrived.append((round(manual_clock.slept, 6), item.symbol))
    assert arrived[:6] == [(0, "AAPL"), (0, "MSFT"), (3, "AAPL"), (3, "MSFT"), (6, "AAPL"), (6, "MSFT")]


def test_a_pause_is_not_made_up_for() -> None:
    manual_clock = ManualClock()
    source = run("AAPL", manual_clock=manual_clock)
    next(source)
    manual_clock.slept += 600
    after = [manual_clock.slept for item in islice(source, 20) if item is not None]
    assert after[:2] == [600, 603]


def test_without_a_pace_it_runs_as_fast_as_it_goes() -> None:
    manual_clock = ManualClock()
    assert len(bars(run("AAPL", pace=0, count=1000, manual_clock=manual_clock))) == 1000
    assert manual_clock.slept == 0


def test_the_prices_depend_on_seed_and_symbol_and_on_nothing_else() -> None:
    def closes(symbol: str, seed: int) -> list[float]:
        return [bar.close for bar in bars(run(symbol, seed=seed, count=50))]

    assert closes("AAPL", 1) == closes("AAPL", 1)
    assert closes("AAPL", 1) != closes("AAPL", 2)
    assert closes("AAPL", 1) != closes("MSFT", 1)
    # Fixed, so that another Python or machine must make the same walk.
    assert closes("AAPL", 1)[:2] == CLOSES


@pytest.mark.parametrize(("interval", "expected"), [("1m", 0.0008), ("1d", 0.0158)])
def test_the_moves_are_a_market_s(interval: str, expected: float) -> None:
    made = bars(run("AAPL", interval=interval, count=4000, pace=0))
    returns = [math.log(bar.close / bar.open) for bar in made if bar.open]
    assert stdev(returns) == pytest.approx(expected, rel=0.1)


CLOSES = [108.74, 108.73]
