"""A run of a polled source on a clock that only moves when it waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from stockstream.errors import BadRow
from stockstream.producers.bar_source import BarSource
from stockstream.producers.patience import Patience
from stockstream.producers.source_bars import Polling, SourceBars
from stockstream.producers.splits import NOTHING_EARLIER, Earlier
from stockstream.records import Bar
from tests.producers.manual_clock import ManualClock

LIVE: Final = Polling("1m", "5d")
ONCE: Final = Polling("1m", "5d", live=False)
PATIENCE: Final = Patience(attempts=3, first=0.01, longest=0.02, refused=0.01)


class Run:
    """What a source gives while time passes, and the messages to the user."""

    def __init__(
        self,
        source: BarSource,
        manual_clock: ManualClock,
        symbols: Sequence[str] = ("AAPL",),
        polling: Polling = LIVE,
        earlier: Earlier = NOTHING_EARLIER,
        patience: Patience = PATIENCE,
    ) -> None:
        self.manual_clock = manual_clock
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.polled = SourceBars(
            source, symbols, polling, reporter=self, earlier=earlier, patience=patience, clock=manual_clock.clock
        )
        self.bars: list[Bar] = []
        self.bad: list[BadRow] = []
        self._items = iter(self.polled)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def until(self, moment: datetime) -> list[Bar]:
        """Let time pass, and give the bars that came meanwhile."""
        before = len(self.bars)
        while self.manual_clock.clock.now() < moment:
            self._keep(next(self._items))
        return self.bars[before:]

    def to_its_end(self) -> list[Bar]:
        """All the bars of a source that ends."""
        for item in self._items:
            self._keep(item)
        return self.bars

    def close(self) -> None:
        """End it as a producer does that was stopped."""
        self._items.close()  # type: ignore[attr-defined]

    def _keep(self, item: Bar | BadRow | None) -> None:
        if isinstance(item, Bar):
            self.bars.append(item)
        elif item is not None:
            self.bad.append(item)


class Start(Protocol):
    """Begins a run, of AAPL where no symbols are named; the fixture that gives it closes them all."""

    def __call__(
        self,
        *symbols: str,
        polling: Polling = LIVE,
        earlier: Earlier = NOTHING_EARLIER,
        patience: Patience = PATIENCE,
    ) -> Run: ...
