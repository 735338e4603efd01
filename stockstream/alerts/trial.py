"""Trial: where a rule would have come on the history of a symbol, as times and as a picture's data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stockstream.alerts.evaluation.lane import bars_of
from stockstream.alerts.evaluation.program import Program
from stockstream.alerts.evaluation.ruled_series import RuledSeries
from stockstream.alerts.evaluation.watch import OpenHours
from stockstream.alerts.language.terms import BarField, Number
from stockstream.alerts.rule import Rule
from stockstream.connection import Connection
from stockstream.indicators import Resampler
from stockstream.indicators.arrays import Column
from stockstream.kafka.subscriber import Subscriber
from stockstream.periods import following, intraday
from stockstream.records import SIMULATED, Alert, Bar, Candle, Series
from stockstream.topics import STOCKS
from stockstream.views.bar_batch import BarBatch, gather
from stockstream.views.fold import Identity, Pages, Parameters
from stockstream.views.frame import Frame
from stockstream.views.history import History
from stockstream.views.marks import Candles, Dots, Line, Mark, Panel
from stockstream.views.status import Status
from stockstream.views.view import View

_PATIENCE: Final = 10.0
_ALERTS: Final = "alerts"
_EVERYTHING: Final = 1 << 60


@dataclass(frozen=True)
class Trial:
    """Result of a trial on one series: what stands at the end, and the bars with the numbers of the rule.

    Attributes
    ----------
    series
        The series that the rule was evaluated over.
    alerts
        Those that came and were not withdrawn, by time.
    withdrawn
        Number of those that a correction took away.
    frame
        The bars, with a column for each number that the rule compares, and ``alerts``: the close where one came.
    """

    series: Series
    alerts: Sequence[Alert]
    withdrawn: int
    frame: Frame


def history(connection: Connection, symbol: str) -> list[BarBatch]:
    """All bars of a symbol that the topic holds now, in the order of their arrival.

    Raises `BrokerError` without a broker or a topic.
    """
    found: list[BarBatch] = []
    positions: dict[int, int] = {}
    since = time.monotonic()
    subscriber: Subscriber[Any] = Subscriber(
        STOCKS, Candle, connection, group="stockstream-alerts-test", keys=[symbol], gather=gather, ordered=True
    )
    with subscriber:
        origin = None
        while True:
            if subscriber.origin is not None and subscriber.origin != origin:
                origin, positions, found = subscriber.origin, {}, []
                subscriber.begin({})
            batch = subscriber.arrived()
            found += batch.records
            positions.update(batch.positions)
            status = subscriber.connection_status()
            if origin is not None and status.reached(positions):
                return [each for each in found if each.last.symbol == symbol]
            since = since if status.waiting else time.monotonic()
            if status.waiting and time.monotonic() - since > _PATIENCE:
                raise status.waiting.error(connection)
            time.sleep(0.01)


def trials(rule: Rule, batches: Sequence[BarBatch], open_for: OpenHours | None = None) -> list[Trial]:
    """The rule on each series among the bars that it is for."""
    by_series: dict[Series, list[BarBatch]] = {}
    for batch in batches:
        by_series.setdefault(Series(batch.last.symbol, batch.last.interval, batch.last.feed), []).append(batch)
    return [_trial(rule, series, found, open_for) for series, found in by_series.items() if rule.is_for(series)]


def _trial(rule: Rule, series: Series, batches: Sequence[BarBatch], open_for: OpenHours | None) -> Trial:
    now = datetime.now(UTC)
    ruled = RuledSeries(series, [rule], open_for, _EVERYTHING)
    states: dict[str, Alert] = {}
    for batch in batches:
        for alert in ruled.take(batch, now):
            states[alert.id] = alert
    standing = sorted((each for each in states.values() if each.state == "raised"), key=lambda each: each.time)
    interval = rule.meaning.interval if rule.meaning.interval != series.interval else None
    frame = _frame(rule, batches, interval, [each.time for each in standing])
    shown = series if interval is None else series._replace(interval=interval)
    return Trial(shown, standing, len(states) - len(standing), frame)


def _frame(rule: Rule, batches: Sequence[BarBatch], interval: str | None, times: Sequence[datetime]) -> Frame:
    """The bars with the rule's numbers, and the closes where it came."""
    kept = History({}, resampler=None if interval is None else Resampler(interval))
    for batch in batches:
        kept.merge(batch)
    frame = kept.frame()
    marked = np.full(len(frame), np.nan)
    instants = np.array([each.replace(tzinfo=None) for each in times], "M8[us]")
    places = np.searchsorted(frame.instants, instants)
    marked[places] = frame["close"][places]
    columns: dict[str, Column] = {**frame.columns, **_numbers(rule, kept), _ALERTS: marked}
    return Frame("time", columns, frame.doubts)


def _numbers(rule: Rule, kept: History) -> Mapping[str, NDArray[np.float64]]:
    """The numbers that the rule compares, but fields of bars, at each bar."""
    program = Program([rule], partial(following, interval="1d"))
    nodes = {name: program.node(number) for name, number in rule.meaning.operands if not _is_field(number)}
    values = np.full((len(nodes), len(kept.bars)), np.nan)
    for place, (row, doubts) in enumerate(bars_of(kept.bars, 0, len(kept.bars))):
        program.step(row, doubts)
        values[:, place] = [np.nan if node.value is None else node.value for node in nodes.values()]
    return dict(zip(nodes, values, strict=True))


def _is_field(number: Number) -> bool:
    return isinstance(number, BarField) and number.name != "volume"


class TrialModel:
    """A trial as the model of a picture."""

    finished = True

    def __init__(self, rule: Rule, trial: Trial, tz: str | None, source: str) -> None:
        self._trial = trial
        self.fold = _TrialFold(trial, tz, source)
        self.parameters: Parameters = {}
        self.view = View(
            name="alerts", help="", topic=STOCKS, record=Bar, fold=lambda *_: self.fold, title=rule.when,
            panels=tuple(_panels(rule, trial.frame)),
        )  # fmt: skip

    def tick(self) -> bool:
        """Nothing arrives any more."""
        return False

    def status(self) -> Status:
        """As `Model.status`."""
        return Status(
            connected=True, since=datetime.now(UTC), taken=len(self._trial.frame), latest=self.fold.latest(),
            lag=0, caught_up=True, counts={"alerts": len(self._trial.alerts)},
        )  # fmt: skip


class _TrialFold:
    """The frame of a trial as a fold of one key."""

    def __init__(self, trial: Trial, tz: str | None, source: str) -> None:
        self._trial = trial
        self._tz = tz
        self._source = source

    def apply(self, records: Sequence[object]) -> bool:  # noqa: ARG002 - nothing arrives
        return False

    def keys(self) -> list[str]:
        return [self._trial.series.symbol]

    def missing(self) -> list[str]:
        return []

    known = keys

    def frame(self, key: str) -> Frame:  # noqa: ARG002 - there is one
        return self._trial.frame

    def identity(self, key: str) -> Identity:  # noqa: ARG002 - there is one
        series = self._trial.series
        simulated = series.feed == SIMULATED
        return Identity(
            f"{series.symbol} {series.interval}", self._tz if intraday(series.interval) else None,
            simulated=simulated, source="" if simulated else self._source,
        )  # fmt: skip

    def latest(self) -> np.datetime64 | None:
        instants = self._trial.frame.instants
        return instants[-1] if len(instants) else None

    def counts(self) -> Mapping[str, int]:
        return {}

    def pages(self, *, changed: bool = False) -> Pages:  # noqa: ARG002 - nothing is saved
        return {}

    def restore(self, pages: Mapping[str, bytes]) -> None:
        """Nothing is saved."""


def _panels(rule: Rule, frame: Frame) -> Iterator[Panel]:
    """The prices with the alerts and what has prices' size, and a panel for each other number."""
    low, high = np.nanmin(frame["low"]), np.nanmax(frame["high"])
    over: list[Mark] = []
    others: list[str] = []
    for name in [name for name, number in rule.meaning.operands if name in frame and not _is_field(number)]:
        values = frame[name][~np.isnan(frame[name])]
        near = bool(len(values)) and low - (high - low) <= values.min() and values.max() <= high + (high - low)
        if near and name != "volume":
            over.append(Line(name, label=name, color=2 + len(over)))
        else:
            others.append(name)
    yield Panel((*over, Candles(), Dots(_ALERTS, label="alert", color=1)), ylabel="price", height=3)
    for name in others:
        yield Panel((Line(name),), ylabel=name)
