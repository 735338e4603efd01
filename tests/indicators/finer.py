"""Bars to resample, and their groups as pandas makes them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import msgspec
import pandas as pd
from hypothesis import strategies as st

from stockstream.indicators import Resampler
from stockstream.intervals import parse
from stockstream.records import Bar

ZONES = ["America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
MADE = ["5m", "15m", "30m", "1h", "1d", "1wk", "1mo", "1y"]
DAYS = ["1d", "1wk", "1mo", "1y"]
MINUTE = timedelta(minutes=1)
# Clocks change in New York, in London and New York, and on Lord Howe.
STARTS = ["2026-03-07T20:00", "2026-10-24T20:00", "2026-11-01T03:00", "2026-04-04T12:00", "2026-12-31T00:00"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bar(time: datetime, close: float = 10.0, **fields: Any) -> Bar:
    values = {"open": close, "high": close + 1, "low": close - 1, "close": close, "volume": 100.0}
    return Bar(**({"symbol": "AAPL", "interval": "1m", "source": "csv"} | values | {"time": time} | fields))


def bars_at(times: Iterable[datetime], seed: int = 7, **fields: Any) -> list[Bar]:
    dice = random.Random(seed)
    made = []
    for time in times:
        low, one, other, high = sorted(dice.choice([1.0, 2.0, 3.0, dice.uniform(0, 4)]) for _ in range(4))
        first, last = dice.sample([one, other], 2)
        volume = float(dice.randrange(1000))
        made.append(bar(time, open=first, high=high, low=low, close=last, volume=volume, **fields))
    return made


@st.composite
def drawn(draw: st.DrawFn, interval: str = "1m", most: int = 60) -> list[Bar]:
    """Bars of an interval with gaps from none to two days."""
    step = timedelta(seconds=parse(interval).seconds)
    gap = st.sampled_from([1, 1, 1, 1, 2, 3, 7, 59, 61, 391, 1441, 2880])
    gaps = draw(st.lists(gap, min_size=1, max_size=most))
    start = utc(draw(st.sampled_from(STARTS)))
    if interval in DAYS:
        start = start.replace(hour=0)
        gaps = [each % 40 + 1 for each in gaps]
    made = bars_at((start + each * step for each in accumulate(gaps)), draw(st.integers(0, 2**32)), interval=interval)
    for place in draw(st.lists(st.integers(0, len(made) - 1), max_size=2)):
        made[place] = msgspec.structs.replace(made[place], volume=None)
    return made


def resampled(resampler: Resampler, bars: Iterable[Bar]) -> dict[datetime, Bar]:
    """By time, the last that was said about each period."""
    found = {}
    for each in bars:
        done = resampler.update(each)
        if done is not None:
            assert done.final
            found[done.time] = done
    if resampler.forming is not None:
        found[resampler.forming.time] = resampler.forming
    return dict(sorted(found.items()))


def table_of(bars: Sequence[Bar]) -> pd.DataFrame:
    names = [field.name for field in msgspec.structs.fields(Bar)]
    table = pd.DataFrame([msgspec.structs.astuple(each) for each in bars], columns=names)
    return table.astype({"volume": "float64"})


def rows_of(bars: Iterable[Bar]) -> list[tuple[Any, ...]]:
    return [(each.time, each.open, each.high, each.low, each.close, each.volume) for each in bars]


def rows_of_table(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    chosen = table[["time", "open", "high", "low", "close", "volume"]].astype(object)
    return list(chosen.where(chosen.notna(), None).itertuples(index=False, name=None))


def in_groups(bars: Sequence[Bar], interval: str, zone: str) -> list[tuple[Any, ...]]:
    """The periods' bars as a quant makes them: local days of pandas, groups by opening."""
    table = table_of(bars)
    local = table["time"].dt.tz_convert(zone)
    midnight = local.dt.normalize().dt.tz_convert("UTC")
    if interval in ("5m", "15m", "30m", "1h"):
        length = pd.Timedelta(seconds=parse(interval).seconds)
        opening = midnight + (table["time"] - midnight) // length * length
    else:
        date = table["time"].dt.tz_localize(None) if bars[0].interval in DAYS else local.dt.tz_localize(None)
        rule = {"1d": "D", "1wk": "W-SUN", "1mo": "M", "1y": "Y"}[interval]
        opening = date.dt.to_period(rule).dt.start_time.dt.tz_localize("UTC")
    groups = table.groupby(opening)
    found = groups.agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    found["volume"] = groups["volume"].agg(lambda volumes: volumes.sum(skipna=False))
    return rows_of_table(found.rename_axis("time").reset_index())
