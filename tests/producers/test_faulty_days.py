"""Two hours of each source with sixty faults of all kinds: every bar arrives in its last revision, none is invented.

Yahoo has a day of its own in `test_market_day`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from stockstream.producers.bar_source import BarSource, Setup
from stockstream.producers.source_bars import Polling, SourceBars
from stockstream.producers.sources.alpha_vantage import VARIABLE, AlphaVantage
from stockstream.producers.sources.binance import Binance
from stockstream.producers.sources.coinbase import Coinbase
from tests.producers import services
from tests.producers.exchange import World, script
from tests.producers.services import NIGHT, Minutes, saying
from tests.producers.test_market_day import Messages, check, follow
from tests.producers.yahoo_standin import OPENING, Fault, Request, Standin

LENGTH = timedelta(hours=2)
FAULTS = 60


class Case(NamedTuple):
    """A source, its service, and the faults that are its own."""

    make: Callable[[Setup], BarSource]
    host: str
    answer: Callable[[Minutes, Request], Fault]
    symbol: str
    start: datetime
    own: Mapping[str, Fault]
    streams: bool = False


CASES = {
    "binance": Case(
        Binance,
        "data-api.binance.vision",
        services.binance,
        "BTCUSDT",
        NIGHT,
        {"418": Fault(418, "banned", {"Retry-After": "60"}), "[]": Fault(200, "[]")},
        streams=True,
    ),
    "coinbase": Case(
        Coinbase, "api.exchange.coinbase.com", services.coinbase, "BTC-USD", NIGHT, {"[]": Fault(200, "[]")}
    ),
    "alphavantage": Case(
        AlphaVantage,
        "www.alphavantage.co",
        services.alpha_vantage,
        "IBM",
        OPENING,
        {
            "a minute": saying("Note", "Our standard API call frequency is 5 calls per minute"),
            "a second": saying("Information", "Please consider 1 request per second"),
            "failure": saying("Error Message", "Sorry, an internal or external error occurred."),
            "nothing": saying("Information", ""),
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_two_hours_with_sixty_faults(
    standin: Standin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    case = CASES[name]
    monkeypatch.setenv(VARIABLE, "SESAM5OPEN")
    used = time.process_time()
    world, said = World(standin, case.start - timedelta(minutes=3)), Messages()
    # The service's own clock is ahead of ours at times, or behind it.
    minutes = Minutes(case.symbol, case.start, case.start + LENGTH, lambda: world.now() + world.skew)
    standin.services[case.host] = partial(case.answer, minutes)
    standin.heard = lambda: world.asked.append(world.now())
    own = {kind: partial(standin.faults.append, fault) for kind, fault in case.own.items()}
    moments = script(world, case.start, minutes.end - timedelta(minutes=5), FAULTS, 3, slow_by=0.01, own=own)
    world.run([minutes] if case.streams else [], moments)
    source = case.make(Setup(tmp_path / "cache", spacing=0.0, calls_a_day=10_000, clock=world.clock))
    bars = SourceBars(source, [case.symbol], Polling("1m", "1d"), reporter=said, clock=world.clock)
    came = follow(bars, world, minutes.end + timedelta(minutes=50))
    check(came, [minutes])
    assert not standin.faults, "all have happened"
    assert sum(bar.revision > 0 for bar in came) >= 3
    assert bool(standin.stream.paths) is case.streams
    per_minute = Counter(at.replace(second=0, microsecond=0) for at in world.asked)
    assert max(per_minute.values()) <= 15
    assert len(world.asked) < 2 * (LENGTH + timedelta(hours=1)).total_seconds() / 60 + 3 * FAULTS
    assert any("answers again" in line for line in said.lines)
    assert time.process_time() - used < 30, "it does not spin"
