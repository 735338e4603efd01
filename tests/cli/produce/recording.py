"""A recording outlet, and ``produce`` with it: the records and their times, without a broker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from typer.testing import CliRunner

from stockstream.cli.context import Invocation
from stockstream.cli.produce.produce import app
from stockstream.control import Order, Report
from stockstream.producers.flights import RowSet
from stockstream.producers.produce import Sink
from stockstream.records import Bar, Flight, News, Series
from stockstream.topics import RETENTION, AnyTopic, Topic
from tests.producers.manual_clock import ManualClock
from tests.producers.sinks import Kept
from tests.producers.yahoo_standin import OPENING

R = TypeVar("R")

NOW = OPENING + timedelta(minutes=10, seconds=5)


class Every:
    """All rows of a file."""

    def __contains__(self, row: int, /) -> bool:
        return True

    def __len__(self) -> int:
        return 1 << 32


class Timed(Kept):
    """A sink that notes when each record came."""

    def __init__(self, manual_clock: ManualClock, look: Callable[[], None]) -> None:
        super().__init__()
        self.times: list[float] = []
        self._manual_clock = manual_clock
        self._look = look

    def send(self, record: Any) -> None:
        super().send(record)
        self.times.append(self._manual_clock.slept)
        self._look()


class Own(Kept):
    """The sink of one publisher, which counts its own records; another one keeps those of all publishers."""

    def __init__(self, shared: Kept) -> None:
        super().__init__()
        self._shared = shared

    def send(self, record: Any) -> None:
        super().send(record)
        self._shared.send(record)

    def refuse(self, key: str, raw: bytes, reason: str) -> None:
        super().refuse(key, raw, reason)
        self._shared.refuse(key, raw, reason)


@dataclass
class Recording:
    """An outlet that keeps what it is given; it says that it holds every row of every file."""

    manual_clock: ManualClock
    look: Callable[[], None] = lambda: None
    lingers: list[int] = field(default_factory=list)
    sink: Timed = field(init=False)
    retention: str | None = None
    orders: list[Callable[[Order], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sink = Timed(self.manual_clock, self.look)

    def ready(self, topic: AnyTopic) -> None:
        self.retention = topic.config.get(RETENTION)

    def settings(self, topic: AnyTopic) -> Mapping[str, str]:
        return {RETENTION: "-1"}

    @contextmanager
    def publisher(self, topic: Topic[R], *, linger_ms: int) -> Iterator[Sink[R]]:
        self.lingers.append(linger_ms)
        yield Own(self.sink)

    def held(self, topic: AnyTopic) -> int:
        return 0

    def latest_bars(self, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, Bar]:
        return {}

    def first_times(self, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, datetime]:
        return {}

    def held_bars(self, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, dict[datetime, Bar]]:
        return {}

    def held_news(self, symbols: Collection[str]) -> list[News]:
        return []

    def sent_rows(
        self, topic: AnyTopic, files: Collection[str], progress: Callable[[int, int], None]
    ) -> Mapping[str, RowSet]:
        return dict.fromkeys(files, Every())

    def controlled(self, report: Callable[[], Report], on_order: Callable[[Order], None]) -> nullcontext[None]:
        self.orders.append(on_order)
        return nullcontext()

    def cluster_id(self) -> str:
        return "cluster"


@dataclass
class Sent:
    """What came of a command."""

    outlet: Recording
    exit_code: int
    output: str

    @property
    def bars(self) -> list[Bar]:
        return [record for record in self.outlet.sink.records if isinstance(record, Bar)]

    @property
    def flights(self) -> list[Flight]:
        return [record for record in self.outlet.sink.records if isinstance(record, Flight)]

    @property
    def gaps(self) -> list[float]:
        """Seconds from the first record to each."""
        times = self.outlet.sink.times
        return [round(time - times[0], 3) for time in times]


def produce(*arguments: str, settings: str = "", look: Callable[[], None] = lambda: None) -> Sent:
    """What comes of ``stockstream produce``."""
    config = Path("config.yaml")
    config.write_text(settings)
    manual_clock = ManualClock(NOW)
    outlet = Recording(manual_clock, look)
    invocation = Invocation(config, outlet=outlet, clock=manual_clock.clock)
    result = CliRunner().invoke(app, list(arguments), obj=invocation)
    assert result.exception is None or result.exit_code, result.output
    return Sent(outlet, result.exit_code, result.output)
