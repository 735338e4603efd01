"""A trading day with a hundred faults, and a week with five hundred: every bar arrives, none is invented."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from stockstream.errors import BadRow
from stockstream.producers.bar_source import Setup
from stockstream.producers.source_bars import Polling, SourceBars
from stockstream.producers.sources.yahoo import Yahoo
from stockstream.records import Bar
from tests.producers.exchange import Exchange, World, script, session
from tests.producers.yahoo_standin import Standin

MONDAY = date(2026, 3, 16)


class Told:
    """What the user is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.lines.append(text)


def follow(bars: SourceBars, world: World, until: datetime) -> list[Bar]:
    """The bars that come up to a moment, in the order in which they come."""
    came: list[Bar] = []
    for item in bars:
        if isinstance(item, Bar):
            came.append(item)
        assert not isinstance(item, BadRow)
        if world.now() >= until:
            break
    return came


def check(came: list[Bar], exchanges: list[Exchange]) -> None:
    """Every official bar is there once in its last revision; there is no other; each revision differs from the last."""
    versions: dict[tuple[str, datetime], list[Bar]] = defaultdict(list)
    for bar in came:
        versions[bar.symbol, bar.time].append(bar)
    official = {(each.symbol, time): row for each in exchanges for time, row in each.official().items()}
    assert versions.keys() == official.keys()
    for place, row in official.items():
        *_, last = given = versions[place]
        assert (last.open, last.high, last.low, last.close, last.volume) == row[1:], place
        assert (last.final, [bar.revision for bar in given]) == (True, [*range(len(given))]), place
        assert "unconfirmed" not in last.flags
        assert all(one != other for one, other in pairwise(given))


def run_days(
    standin: Standin, folder: Path, sessions: list[tuple[datetime, datetime]], symbols: tuple[str, ...], faults: int
) -> tuple[World, list[Bar], list[Exchange], Told, int]:
    """Follow Yahoo through some sessions, a fault every few minutes."""
    world, told = World(standin, sessions[0][0] - timedelta(minutes=7)), Told()
    exchanges = [
        Exchange([], sessions[0], symbol=symbol, now=world.now, sessions=sessions) for symbol in symbols
    ]  # fmt: skip
    for each in exchanges:
        each.trade(seed=7)
        standin.markets[each.symbol] = each
    shares = [
        faults * (number + 1) // len(sessions) - faults * number // len(sessions) for number in range(len(sessions))
    ]
    moments = [
        moment
        for number, ((start, end), share) in enumerate(zip(sessions, shares, strict=True))
        for moment in script(world, start, end - timedelta(minutes=5), share, number)
    ]
    assert len(moments) == faults
    world.run(exchanges, moments)
    standin.heard = lambda: world.asked.append((world.now(), ""))
    bars = SourceBars(
        Yahoo(Setup(folder / "cache", spacing=0.0, clock=world.clock)),
        symbols,
        Polling("1m", "1d"),
        reporter=told,
        clock=world.clock,
    )
    came = follow(bars, world, sessions[-1][1] + timedelta(minutes=50))
    return world, came, exchanges, told, len(moments)


def test_a_day_with_a_hundred_faults(standin: Standin, tmp_path: Path) -> None:
    """The day's clock is the project's: six and a half hours take a minute."""
    sessions = [session(MONDAY)]
    began, used = time.monotonic(), time.process_time()
    world, came, exchanges, told, faults = run_days(standin, tmp_path, sessions, ("AAPL", "MSFT"), 100)
    elapsed, cpu = time.monotonic() - began, time.process_time() - used
    check(came, exchanges)
    per_minute = Counter(at.replace(second=0, microsecond=0) for at, _ in world.asked)
    live = sum("unconfirmed" in bar.flags for bar in came)
    print(  # noqa: T201 - figures for whoever asks for them, with -s
        f"{len(came)} bars, {live} of quotes, {faults} faults, {len(world.asked)} requests,"
        f" {len(told.lines)} lines, {elapsed:.0f} s, {cpu:.0f} s of CPU"
    )
    assert live > 300, "the stream has its share"
    assert max(per_minute.values()) <= 20
    assert len(world.asked) < 1200
