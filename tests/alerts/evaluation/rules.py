"""Rules and bars that Hypothesis makes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from stockstream.records import Bar

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)

INDICATORS = (
    "rsi(3)", "sma(4)", "ema(3)", "bollinger(5).upper", "bollinger(5, 1.5).percent_b", "macd(3, 6, 3).histogram",
    "aroon(5).oscillator", "obv", "mfi(4)", "atr(3)", "vwap", "stochastic(4, 2, 2).k", "roc(3)", "volatility(4)",
)  # fmt: skip


def _numbers() -> st.SearchStrategy[str]:
    plain = st.sampled_from(["close", "open", "high", "low", "volume", *INDICATORS])
    nested = st.tuples(st.sampled_from(["sma", "ema", "rsi"]), plain, st.integers(2, 4)).map(
        lambda made: f"{made[0]}({made[1]}, {made[2]})"
    )
    change = st.sampled_from(["change(2)", "change(3m)", "change(3, volume)", "change(4m, rsi(3))"])
    single = st.one_of(plain, plain, nested, change)
    joined = st.tuples(single, st.sampled_from("+-*/"), st.one_of(single, st.sampled_from(["2", "0.5"]))).map(
        lambda made: f"({made[0]} {made[1]} {made[2]})"
    )
    return st.one_of(single, single, joined)


def _pairs() -> st.SearchStrategy[tuple[str, str]]:
    level = st.one_of(
        st.sampled_from([("close", "100"), ("close", "99.5"), ("rsi(3)", "50"), ("volume", "500"), ("change(2)", "0")]),
        st.sampled_from(
            [("close", "sma(4)"), ("close", "open"), ("high", "bollinger(5).upper"), ("change(3m)", "0.2%")]
        ),
    )
    return st.one_of(level, level, st.tuples(_numbers(), _numbers()))


def _events() -> st.SearchStrategy[str]:
    return st.tuples(_pairs(), st.sampled_from(["", " above", " below"])).map(
        lambda made: f"{made[0][0]} crosses{made[1]} {made[0][1]}"
    )


def _levels() -> st.SearchStrategy[str]:
    return st.tuples(_pairs(), st.sampled_from([">", "<", ">=", "<=", "!="])).map(
        lambda made: f"{made[0][0]} {made[1]} {made[0][1]}"
    )


def conditions() -> st.SearchStrategy[str]:
    """Conditions of comparisons, crossings, and, or, not, for, sequence."""
    lasting = st.tuples(_levels(), st.integers(1, 4)).map(lambda made: f"({made[0]}) for {made[1]} bars")
    single = st.one_of(_levels(), _events(), lasting)
    negated = st.one_of(_levels(), lasting).map(lambda made: f"not ({made})")
    several = st.tuples(single, st.sampled_from(["and", "or"]), st.one_of(single, negated)).map(
        lambda made: f"({made[0]}) {made[1]} ({made[2]})"
    )
    sequence = st.tuples(single, single, st.integers(1, 6)).map(
        lambda made: f"sequence: ({made[0]}) then ({made[1]}) within {made[2]} bars"
    )
    longer = st.tuples(sequence, single, st.integers(1, 6)).map(
        lambda made: f"{made[0]} then ({made[1]}) within {made[2]} bars"
    )
    return st.one_of(single, several, sequence, longer)


def rules() -> st.SearchStrategy[str]:
    """Conditions with their clauses."""
    clauses = st.sampled_from(
        ["", "", "", " cooldown 5m", " once", " band 0.2%", " band 1% cooldown 3m", " interval 5m"]
    )
    return st.tuples(conditions(), clauses).map("".join)


def bars(count: int, seed: int) -> list[Bar]:
    """A walk of minutes with gaps, unknown opens and volumes, and doubtful bars; prices on a coarse grid, so that many
    are equal."""
    chance = random.Random(seed)
    found, price, time = [], 100.0, START
    for _ in range(count):
        time += timedelta(minutes=1 if chance.random() < 0.9 else chance.randint(2, 12))
        first, price = price, round(price * (1 + chance.gauss(0, 0.004)) * 4) / 4
        high, low = max(first, price) + chance.randint(0, 1) / 4, min(first, price) - chance.randint(0, 1) / 4
        lacking = chance.random()
        found.append(
            Bar(
                symbol="AAPL", interval="1m", time=time, open=None if lacking < 0.04 else first, high=high, low=low,
                close=price, volume=None if 0.04 < lacking < 0.08 else float(chance.randint(0, 1000)),
                flags=("impossible:close",) if 0.08 < lacking < 0.1 else ("impossible",) if lacking > 0.99 else (),
                source="test",
            )
        )  # fmt: skip
    return found
