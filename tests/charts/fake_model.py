"""A fake model: frames that the tests write, without Kafka."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from stockstream.records import Bar, FlightDay
from stockstream.topics import FLIGHTS, STOCKS
from stockstream.views.fold import Identity, Pages
from stockstream.views.frame import Frame
from stockstream.views.marks import Band, Candles, Columns, Groups, Guide, Line, Panel, Readout
from stockstream.views.status import Status
from stockstream.views.view import View


def no_fold(*_: Any, **__: Any) -> Any:
    """No test makes a fold from a view."""
    raise AssertionError


PRICES: View[Bar] = View(
    name="bands",
    help="",
    topic=STOCKS,
    record=Bar,
    fold=no_fold,
    title="Bands ({period}, {width:g})",
    panels=(
        Panel(
            (
                Band("lower", "upper", label="bands", color=2),
                Line("middle", label="middle", color=2, dashed=True),
                Candles(),
            ),
            ylabel="price",
            height=3,
            readouts=(
                Readout("close", "close", ",.2f"),
                Readout("percent_b", "%B", ".2f"),
                Readout("bandwidth", "bandwidth", ".2%"),
            ),
        ),
        Panel((Columns("volume"),), ylabel="volume", from_zero=True),
    ),
)

OSCILLATOR: View[Bar] = View(
    name="oscillator",
    help="",
    topic=STOCKS,
    record=Bar,
    fold=no_fold,
    title="Oscillator",
    panels=(
        Panel(
            (Guide(30.0), Guide(70.0), Line("up", label="up", color=0), Line("down", label="down", color=1)),
            ylabel="strength, %",
            limits=(-5.0, 105.0),
            ticks=(0.0, 30.0, 50.0, 70.0, 100.0),
            readouts=(Readout("up", "up", ".0f"), Readout("down", "down", ".0f")),
        ),
        Panel(
            (Guide(0.0), Line("oscillator", label="up - down", color=2)),
            ylabel="oscillator",
            limits=(-110.0, 110.0),
            ticks=(-100.0, -50.0, 0.0, 50.0, 100.0),
            title="difference",
            readouts=(Readout("oscillator", "oscillator", "+.0f"),),
        ),
    ),
)

COUNTS: View[FlightDay] = View(
    name="counts",
    help="",
    topic=FLIGHTS,
    record=FlightDay,
    fold=no_fold,
    title="Flights per day",
    panels=(Panel((Groups("flights"),), ylabel="flights a day", from_zero=True),),
    key_name="airline",
    layout="all",
)


def bars(
    rows: int,
    *,
    seed: int = 1,
    start: str = "2026-03-02T14:30",
    minutes: int = 1,
    session: int | None = 390,
    forming: bool = False,
) -> Frame:
    """A walk of prices with its bands and an oscillator; ``session`` minutes are traded a weekday."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.002, rows)))
    open_ = np.concatenate(([100.0], close[:-1])) * (1 + random.normal(0, 0.0004, rows))
    high = np.maximum(open_, close) * (1 + np.abs(random.normal(0, 0.001, rows)))
    low = np.minimum(open_, close) * (1 - np.abs(random.normal(0, 0.001, rows)))
    volume = random.lognormal(8, 0.5, rows).round()
    middle = np.full(rows, np.nan)
    deviation = np.full(rows, np.nan)
    if rows >= 20:
        windows = np.lib.stride_tricks.sliding_window_view(close, 20)
        middle[19:] = windows.mean(axis=1)
        deviation[19:] = windows.std(axis=1)
    up = np.full(rows, np.nan)
    down = np.full(rows, np.nan)
    if rows > 25:
        up[25:] = 4.0 * np.lib.stride_tricks.sliding_window_view(high, 26).argmax(axis=1)
        down[25:] = 4.0 * np.lib.stride_tricks.sliding_window_view(low, 26).argmin(axis=1)
    final = np.ones(rows, dtype=bool)
    if forming and rows:
        final[-1] = False
    return Frame(
        "time",
        {
            "time": times(rows, start, minutes, session),
            "open": open_,
            "high": high,
            "low": low,
            "close": close,
            "volume": volume,
            "lower": middle - 2 * deviation,
            "middle": middle,
            "upper": middle + 2 * deviation,
            "percent_b": (close - middle + 2 * deviation) / (4 * deviation),
            "bandwidth": 4 * deviation / middle,
            "up": up,
            "down": down,
            "oscillator": up - down,
            "final": final,
        },
    )


def times(rows: int, start: str, minutes: int, session: int | None) -> np.ndarray:
    """UTC instants of bars; with a ``session`` only so many minutes of each weekday."""
    first = np.datetime64(start, "us")
    if session is None:
        return first + np.arange(rows) * np.timedelta64(minutes * 60_000_000, "us")
    a_day = session // minutes
    day, place = np.divmod(np.arange(rows), a_day)
    weekday = (first.astype("M8[D]").astype(int) + 3) % 7
    days = (day + weekday) // 5 * 7 + (day + weekday) % 5 - weekday
    microseconds = days * 86_400_000_000 + place * minutes * 60_000_000
    return np.asarray(first + microseconds.astype("m8[us]"))


def days(rows: int, *, seed: int = 1, start: str = "2015-01-01", level: int = 1000) -> Frame:
    """Counts a day."""
    random = np.random.default_rng(seed)
    index = np.datetime64(start, "D") + np.arange(rows)
    weekly = 1 - 0.15 * np.isin((index.astype(int) + 3) % 7, (5, 6))
    counts = level * weekly + random.normal(0, level / 30, rows)
    return Frame("day", {"day": index, "flights": counts.astype(np.int64)})


@dataclass
class FakeFold:
    """A fold whose frames are set from outside."""

    frames: dict[str, Frame]
    titles: dict[str, str] = field(default_factory=dict)
    where: str | None = "America/New_York"
    fake: bool = False
    source: str = ""

    def apply(self, records: Any) -> bool:
        raise AssertionError

    def keys(self) -> list[str]:
        return list(self.frames)

    def missing(self) -> list[str]:
        return []

    def known(self) -> list[str]:
        return list(self.frames)

    def frame(self, key: str) -> Frame:
        return self.frames[key]

    def identity(self, key: str) -> Identity:
        return Identity(self.titles.get(key, key), self.where, self.fake, source=self.source)

    def latest(self) -> np.datetime64 | None:
        return max((frame.instants[-1] for frame in self.frames.values() if len(frame)), default=None)

    def counts(self) -> Mapping[str, int]:
        return {}

    def pages(self, *, changed: bool = False) -> Pages:
        raise AssertionError

    def restore(self, pages: Mapping[str, bytes]) -> None:
        raise AssertionError


@dataclass
class FakeModel:
    """A model with values that a test sets."""

    view: View[Any]
    fold: FakeFold
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"period": 20, "width": 2.0})
    connected: bool = True
    waiting: str | None = None
    since: datetime = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    received: datetime | None = None
    lag: int | None = 0
    taken: int = 0
    rate: float = 3.0
    reported: Mapping[str, int] = field(default_factory=dict)
    changed: bool = False
    finished: bool = False
    caught_up: bool = True
    announce: Callable[[], None] = lambda: None

    def tick(self) -> bool:
        changed, self.changed = self.changed, False
        return changed

    def listen(self, arrived: Callable[[], None]) -> None:
        self.announce = arrived

    def status(self) -> Status:
        return Status(
            connected=self.connected,
            since=self.since,
            waiting=self.waiting,
            lag=self.lag,
            taken=self.taken,
            rate=self.rate,
            latest=self.fold.latest(),
            received=self.received,
            caught_up=self.caught_up,
            counts=self.reported,
        )
