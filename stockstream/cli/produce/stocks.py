"""``stockstream produce simulated``, and what all producers of bars share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from stockstream.cli import completion
from stockstream.cli.context import Context
from stockstream.cli.hours import outside_hours
from stockstream.cli.option_groups import grouped
from stockstream.cli.panels import CHOICE, RUN
from stockstream.cli.produce.bar_options import IntervalOption
from stockstream.cli.produce.run_options import RunOptions
from stockstream.cli.produce.sending import await_broker, send
from stockstream.cli.produce.simulators import noticed
from stockstream.cli.reporter import Reporter
from stockstream.cli.topic_changes import kept
from stockstream.errors import BadRow
from stockstream.periods import intraday
from stockstream.producers.checks import Checks
from stockstream.producers.clock import Clock
from stockstream.producers.simulated import simulated as simulate
from stockstream.records import SIMULATED, Bar, Series, doubted
from stockstream.topics import STOCKS

if TYPE_CHECKING:  # checking the settings takes pydantic, which `--help` does not need
    from stockstream.config import Settings

T = TypeVar("T")

SHOWN: Final = 8
"""Series that are named at the end; the others are counted."""


def symbols_of(words: Iterable[str]) -> list[str]:
    """The symbols in words that may be joined with commas: upper case, each once, in order.

    Raises typer.BadParameter where there is none.

    >>> symbols_of(["aapl,MSFT", "AAPL", "BRK-B"])
    ['AAPL', 'MSFT', 'BRK-B']
    """
    parts = (part.upper() for word in words for part in re.split(r"[\s,]+", word) if part)
    symbols = list(dict.fromkeys(parts))
    if not symbols:
        raise typer.BadParameter("name at least one", param_hint="SYMBOL")
    return symbols


def for_seconds(source: Iterable[T | None], seconds: float | None, clock: Clock) -> Iterator[T | None]:
    """End a source after some seconds; None is never."""
    ends = None if seconds is None else clock.monotonic() + seconds
    for item in source:
        yield item
        if ends is not None and clock.monotonic() >= ends:
            return


@dataclass
class _Span:
    """How many bars of a series, and from when to when."""

    bars: int
    first: datetime
    last: datetime


class Tally:
    """Counts what is sent, by series."""

    def __init__(self) -> None:
        self._spans: dict[tuple[str, str, str], _Span] = {}
        self._impossible = 0
        self._without_open = 0

    @property
    def sent(self) -> int:
        """Bars that went through."""
        return sum(span.bars for span in self._spans.values())

    def count(self, source: Iterable[Bar | BadRow | None]) -> Iterator[Bar | BadRow | None]:
        """Let everything through and count the bars."""
        for item in source:
            if isinstance(item, Bar):
                span = self._spans.get((item.symbol, item.interval, item.feed))
                if span is None:
                    span = self._spans[item.series] = _Span(0, item.time, item.time)
                span.bars += 1
                if item.time > span.last:
                    span.last = item.time
                elif item.time < span.first:
                    span.first = item.time
                if item.flags and doubted(item.flags):
                    self._impossible += 1
                self._without_open += item.open is None
            yield item

    def report(self, reporter: Reporter) -> None:
        """Report what was sent: the period and number of bars of each series."""
        for key, span in list(self._spans.items())[:SHOWN]:
            series = Series(*key)
            first, last = (moment(time, series.interval) for time in (span.first, span.last))
            bars = f"{span.bars:,} bars from {first} to {last}" if span.bars > 1 else f"1 bar of {first}"
            reporter.note(f"{series}: {bars}")
        if len(self._spans) > SHOWN:
            reporter.note(f"... and {len(self._spans) - SHOWN:,} more series")
        if self._impossible:
            reporter.warn(f"{self._impossible:,} bars contradict themselves: they are sent, marked as impossible")
        if self._without_open:
            reporter.note(f"{self._without_open:,} bars have no open")


@grouped(run=RunOptions)
def simulated(
    ctx: typer.Context,
    symbols: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SYMBOL",
            help="Symbols to simulate; by default those of the demo in config.yaml.",
            autocompletion=completion.symbols,
        ),
    ] = None,
    interval: IntervalOption = None,
    pace: Annotated[
        float | None,
        typer.Option(
            "--pace",
            metavar="SECONDS",
            min=0.0,
            help="Time between two bars of a symbol; 0 is full speed. 3 unless config.yaml differs.",
            rich_help_panel=RUN,
        ),
    ] = None,
    history: Annotated[
        int,
        typer.Option(
            "--history",
            metavar="N",
            min=0,
            help="Number of bars sent at once to begin a new series.",
            rich_help_panel=CHOICE,
        ),
    ] = 120,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Random seed of the prices.", rich_help_panel=CHOICE)
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--count", metavar="N", min=1, help="End after N bars of each symbol.", rich_help_panel=RUN),
    ] = None,
    *,
    run: RunOptions,
) -> None:
    """Send simulated bars: a random walk for each symbol.

    The same seed gives the same prices. The bars are on the feed "simulated" and are never mixed with real ones.
    Started again, each walk continues from the topic's last bar, in price and time.

    With a pace shorter than the interval the simulated time runs ahead of the clock.
    """
    context = Context.of(ctx)
    defaults = context.settings.simulated
    chosen = symbols_of(symbols or context.settings.demo.symbols)
    every = interval or defaults.interval
    topic = kept(STOCKS, run.retention)
    await_broker(context, topic)
    series = [Series(symbol, every, SIMULATED) for symbol in chosen]
    last = context.outlet.latest_bars(STOCKS, series)
    _note_beginning(context.reporter, series, last, history)
    bars = simulate(
        chosen,
        interval=every,
        pace=defaults.pace if pace is None else pace,
        history=history,
        seed=defaults.seed if seed is None else seed,
        count=count,
        last=last,
        clock=context.clock,
    )
    with noticed(context, series):
        send(context, topic, bars, run=run)


def _note_beginning(reporter: Reporter, series: Sequence[Series], last: dict[Series, Bar], history: int) -> None:
    for one in series[:SHOWN]:
        if one in last:
            bar = last[one]
            reporter.note(f"{one}: continues from {moment(bar.time, bar.interval)} at {bar.close:.2f}")
        else:
            reporter.note(f"{one}: begins with {history:,} bars")
    if len(series) > SHOWN:
        reporter.note(f"... and {len(series) - SHOWN:,} more series")


def checks_of(settings: Settings) -> Checks:
    """The checks of bars on entry, as the settings have them."""
    return Checks(settings.quality.deviations, settings.quality.frozen, outside_hours(settings))


def moment(time: datetime, interval: str) -> str:
    """When a bar begins, for the user: a session's date, or an instant in UTC."""
    return f"{time:%Y-%m-%d %H:%M}Z" if intraday(interval) else f"{time:%Y-%m-%d}"
