"""Fixtures of the tests of several sources."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from stockstream.producers.patience import Patience
from stockstream.producers.source_bars import Polling
from stockstream.producers.splits import NOTHING_EARLIER, Earlier
from tests.producers.fake_source import OPENING, FakeSource, Market, minutes
from tests.producers.manual_clock import ManualClock
from tests.producers.polling import LIVE, PATIENCE, Run, Start
from tests.producers.yahoo_standin import Standin, standing_in


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """A stand-in for Yahoo, to which this process is led by its environment."""
    with standing_in(tmp_path) as standin:
        for name, value in standin.environment.items():
            monkeypatch.setenv(name, value)
        yield standin


@pytest.fixture
def manual_clock() -> ManualClock:
    """Ten minutes after the opening, and some seconds."""
    return ManualClock(OPENING + timedelta(minutes=10, seconds=5))


@pytest.fixture
def source(manual_clock: ManualClock) -> FakeSource:
    """A source that knows ten minutes of AAPL."""
    return FakeSource(manual_clock.clock.now, {"AAPL": Market(minutes(OPENING, 10))})


@pytest.fixture
def market(source: FakeSource) -> Market:
    """AAPL there."""
    return source.markets["AAPL"]


@pytest.fixture
def start(source: FakeSource, manual_clock: ManualClock) -> Iterator[Start]:
    """Begin runs of that source on that clock."""
    runs: list[Run] = []

    def start(
        *symbols: str, polling: Polling = LIVE, earlier: Earlier = NOTHING_EARLIER, patience: Patience = PATIENCE
    ) -> Run:
        run = Run(source, manual_clock, symbols or ("AAPL",), polling, earlier, patience)
        runs.append(run)
        return run

    yield start
    for run in runs:
        run.close()
