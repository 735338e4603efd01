"""A trading day with a hundred faults, and a week with five hundred: every bar arrives, none is invented."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import pytest

from stockstream.errors import BadRow
from stockstream.producers.bar_source import Setup
from stockstream.producers.source_bars import Polling, SourceBars
from stockstream.producers.sources.yahoo import Yahoo
from stockstream.records import Bar
from tests.producers.exchange import Exchange, Moment, World, script, session
from tests.producers.yahoo_standin import Candle, Market, Standin

MONDAY = date(2026, 3, 16)


class Messages:
    """Messages to the user."""

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


class Listed(Protocol):
    """A symbol of an exchange."""

    symbol: str

    def official(self) -> dict[datetime, Candle]:
        """Its bars in their last revision."""


def check(came: list[Bar], exchanges: Sequence[Listed]) -> None:
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


@dataclass
class Days:
    """What came of some days."""

    world: World
    exchanges: list[Exchange]
    came: list[Bar]
    reported: Messages
    faults: int
    seconds: float
    cpu: float

    @property
    def figures(self) -> str:
        """For whoever asks for them, with -s."""
        live = sum("unconfirmed" in bar.flags for bar in self.came)
        return (
            f"{len(self.came)} bars, {live} of quotes, {self.faults} faults, {len(self.world.asked)} requests,"
            f" {len(self.world.standin.stream.paths)} connections, {len(self.reported.lines)} lines,"
            f" {self.seconds:.0f} s, {self.cpu:.0f} s of CPU"
        )


Sessions = list[tuple[datetime, datetime]]


def run_days(
    standin: Standin,
    folder: Path,
    sessions: Sessions,
    faults: int,
    *,
    split: tuple[datetime, float] | None = None,
    delisted: datetime | None = None,
) -> Days:
    """Follow Yahoo through some sessions, with a fault every few minutes; GONE goes at a moment."""
    began, used = time.monotonic(), time.process_time()
    world, result = World(standin, sessions[0][0] - timedelta(minutes=7)), Messages()
    exchanges = [Exchange([], sessions[0], symbol=each, now=world.now, sessions=sessions) for each in ("AAPL", "MSFT")]
    exchanges[0].split = split
    for each in exchanges:
        each.trade(seed=7)
        standin.markets[each.symbol] = each
    moments = [
        moment
        for number, (start, end) in enumerate(sessions)
        for moment in script(world, start, end - timedelta(minutes=5), faults // len(sessions), number)
    ]
    symbols = [each.symbol for each in exchanges]
    if delisted:
        standin.markets["GONE"] = Market([], sessions[0])
        moments.append(Moment(delisted, "delisted", lambda: standin.markets.pop("GONE", None)))
        symbols.append("GONE")
    world.run(exchanges, moments)
    standin.heard = lambda: world.asked.append(world.now())
    bars = SourceBars(
        Yahoo(Setup(folder / "cache", spacing=0.0, clock=world.clock)),
        symbols,
        Polling("1m", "1d"),
        reporter=result,
        clock=world.clock,
    )
    came = follow(bars, world, sessions[-1][1] + timedelta(minutes=50))
    return Days(world, exchanges, came, result, faults, time.monotonic() - began, time.process_time() - used)


def test_a_day_with_a_hundred_faults(standin: Standin, tmp_path: Path) -> None:
    """The clock is the project's: the day takes half a minute."""
    opening, closing = session(MONDAY)
    days = run_days(standin, tmp_path, [(opening, closing)], 100, delisted=opening + timedelta(hours=2))
    print(days.figures)  # noqa: T201 - see there
    check(days.came, days.exchanges)
    per_minute = Counter(at.replace(second=0, microsecond=0) for at in days.world.asked)
    assert max(per_minute.values()) <= 20
    assert len(days.world.asked) < 1500
    assert sum("unconfirmed" in bar.flags for bar in days.came) > 200, "the stream has its share"
    assert [line for line in days.reported.lines if "GONE" in line and "set aside" in line]
    assert days.cpu < 60, "it does not spin"


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_week_with_five_hundred_faults(standin: Standin, tmp_path: Path) -> None:
    """The clocks go forward on its Sunday, Tuesday is a half day, Wednesday a holiday; a split on Thursday."""
    days = [date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 12), date(2026, 3, 13)]
    sessions = [session(day, half=day.day == 10) for day in days]
    assert sessions[1][0] - sessions[0][0] == timedelta(days=3, hours=-1)
    week = run_days(standin, tmp_path, sessions, 500, split=(sessions[3][0], 4.0), delisted=sessions[1][1])
    print(week.figures)  # noqa: T201 - see there
    check(week.came, week.exchanges)
    a_day = Counter(at.date() for at in week.world.asked)
    # Three symbols, a look every five minutes: 864; while its market is open every half minute at the one that has no
    # bars: 780 more; and what the faults of a session cost.
    assert max(a_day.values()) < 2_000
    assert [line for line in week.reported.lines if "a split on 2026-03-12" in line or "as after a split" in line]
