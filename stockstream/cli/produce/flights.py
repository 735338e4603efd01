"""``stockstream produce flights``: US flights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Final

import typer

from stockstream.cli import completion
from stockstream.cli.context import Context
from stockstream.cli.panels import CHOICE, RUN
from stockstream.cli.produce.run_options import (
    BurstOption,
    CountOption,
    LoopOption,
    RateOption,
    ReplayOptions,
    SecondsOption,
)
from stockstream.cli.produce.sending import LIVE_LINGER_MS, REPLAY_LINGER_MS, Position, await_broker, send
from stockstream.cli.reporter import Reporter
from stockstream.cli.serving import MetricsOption
from stockstream.cli.topic_changes import RetentionOption, kept
from stockstream.errors import BadRow
from stockstream.names import listed
from stockstream.producers.clock import Clock
from stockstream.producers.csv_files import find
from stockstream.producers.flights import COMPANIONS, Choice, FlightFile, Replay, RowSet, departure, examine
from stockstream.producers.pace import paced
from stockstream.producers.produce import Meter
from stockstream.records import Flight
from stockstream.topics import FLIGHTS

LARGE: Final = 50_000_000
"""Size in bytes from which the examination of a file is announced."""


def flights(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="CSV files, folders of them, gzip or zip archives.")
    ],
    rate: RateOption = None,
    burst: BurstOption = 1,
    speed: Annotated[
        float | None,
        typer.Option(
            "--speed",
            metavar="X",
            min=0.001,
            help="Send at X times real time, sorted by scheduled departure (local time).",
            rich_help_panel=RUN,
        ),
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(
            "--start", metavar="DATE", formats=["%Y-%m-%d"], help="First day to send.", rich_help_panel=CHOICE
        ),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(
            "--end",
            metavar="DATE",
            formats=["%Y-%m-%d"],
            help="Last day to send.",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    airlines: Annotated[
        list[str] | None,
        typer.Option(
            "--airlines",
            metavar="AA DL",
            help="Only these airlines, separated by spaces or commas.",
            autocompletion=completion.airlines,
            rich_help_panel=CHOICE,
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Send the files as a new run, whose rows count once more.", rich_help_panel=CHOICE
        ),
    ] = False,
    loop: LoopOption = 1,
    count: CountOption = None,
    seconds: SecondsOption = None,
    retention: RetentionOption = None,
    metrics: MetricsOption = None,
) -> None:
    """Send US flights from CSV files, each row once.

    Files of Kaggle (2015), BTS and Data Expo are read. Rows that the topic holds are not sent again: after an
    interruption the same command sends the rest.

    A row that cannot be read is reported and kept on flights.dlq; the others are sent.
    """
    if rate is not None and speed is not None:
        raise typer.BadParameter("either --rate or --speed, not both", ctx=ctx)
    if start is not None and end is not None and start > end:
        raise typer.BadParameter(f"--start {start:%Y-%m-%d} is after --end {end:%Y-%m-%d}", ctx=ctx)
    context = Context.of(ctx)
    names = frozenset(name.upper() for words in airlines or () for name in re.split(r"[\s,]+", words) if name)
    limited = bool(start or end or names)
    choice = Choice(start and start.date(), end and end.date(), names or None) if limited else None
    chosen = _files(files, context.reporter)
    if again:
        chosen = [file.again() for file in chosen]
    topic = kept(FLIGHTS, retention)
    await_broker(context, topic)
    run = ReplayOptions(rate=rate, burst=burst, count=count, seconds=seconds, loop=loop, metrics=metrics)
    replay = Replay(chosen, choice=choice, held=None if again else _held(chosen, context))
    passes = _Passes(replay, chosen, choice)
    send(
        context,
        topic,
        passes.flights(run.passes(), speed, context.clock),
        run=run,
        linger_ms=REPLAY_LINGER_MS if rate is None and speed is None else LIVE_LINGER_MS,
        position=passes.position,
        already=lambda: replay.already,
    )
    if choice is not None and (missing := _missing(replay, names, limited_days=bool(start or end))):
        for words in missing:
            context.reporter.warn(words)
        raise typer.Exit(1)


@dataclass
class _Passes:
    """Files that are sent some times: each pass after the first is a run of its own, whose rows count."""

    present: Replay
    files: Sequence[FlightFile]
    choice: Choice | None

    def flights(self, numbers: Iterable[int], speed: float | None, clock: Clock) -> Iterator[Flight | BadRow | None]:
        """The flights of all passes."""
        for number in numbers:
            if number:
                self.present = Replay([file.again() for file in self.files], choice=self.choice)
            yield from _paced(self.present, speed, clock)

    def position(self) -> Position:
        """How far the present pass is."""
        return Position(self.present.done, self.present.total, "sorting by departure" if self.present.sorting else "")


def _missing(replay: Replay, names: frozenset[str], *, limited_days: bool) -> list[str]:
    """What was chosen and not found, and what there is."""
    days = " to ".join(f"{year:04}-{month:02}-{day:02}" for year, month, day in replay.days or ())
    if not replay.airlines and not names:
        return [f"no flight was found in these days: the files hold {days or 'none'}"]
    there = f"the files hold {listed(sorted(replay.there), most=30)}" if replay.there else "the files hold no flight"
    within = f", from {days}" if limited_days and days else ""
    return [f"no flight of {name} was found: {there}{within}" for name in sorted(names - replay.airlines)]


def _files(paths: Sequence[Path], reporter: Reporter) -> list[FlightFile]:
    """Examine the files; files with the same content only once."""
    found, passed = find(paths, COMPANIONS)
    for name in passed:
        reporter.note(f"{name} holds no flights: passed over")
    files: dict[str, FlightFile] = {}
    for csv in found:
        if csv.path.stat().st_size > LARGE:
            reporter.note(f"{csv.name}: identifying its rows")
        file = examine(csv)
        if file.identity in files:
            reporter.note(f"{csv.name} is the same as {files[file.identity].csv.name}: passed over")
        files.setdefault(file.identity, file)
    return list(files.values())


def _held(files: Sequence[FlightFile], context: Context) -> Mapping[str, RowSet]:
    meter, begun = Meter(), monotonic()

    def show(done: int, total: int) -> None:
        context.reporter.progress(
            done, total, meter.rate(done, monotonic() - begun), f"{FLIGHTS.name}, reading existing rows"
        )

    return context.outlet.sent_rows(FLIGHTS, [file.identity for file in files], show)


def _paced(replay: Replay, speed: float | None, clock: Clock) -> Iterator[Flight | BadRow | None]:
    if speed is None:
        return iter(replay)
    return paced(replay.by_departure(), lambda flight: departure(flight) * 60 / speed, clock=clock)
