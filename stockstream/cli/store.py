"""``stockstream store``: keeps the records of a topic in a durable table."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

import typer

from stockstream.cli.context import Context
from stockstream.cli.metrics import StoreMetrics
from stockstream.cli.panels import FILES, RUN
from stockstream.cli.produce.sending import stopping
from stockstream.cli.serving import MetricsOption, measured
from stockstream.cli.table_places import PlaceOption
from stockstream.producers.produce import Meter, Stop
from stockstream.tables.extra import require_lake

if TYPE_CHECKING:  # pyarrow and deltalake are slow to import, and an extra
    from stockstream.cli.reporter import Reporter
    from stockstream.tables.location import Location
    from stockstream.tables.store import Progress, StoreOptions, Summary


class Storing(Protocol):
    """Stores a topic."""

    def __call__(self, topic: str, location: Location, options: StoreOptions, stop: Stop, /) -> Summary:
        """Store until it is asked to stop."""


def store(
    ctx: typer.Context,
    topic: Annotated[
        Literal["stocks", "flights", "alerts"], typer.Argument(metavar="TOPIC", help="stocks, flights or alerts.")
    ],
    to: PlaceOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when all is stored that the topic holds now.", rich_help_panel=RUN)
    ] = False,
    every: Annotated[
        float | None,
        typer.Option(
            min=0.1, max=3600, metavar="SECONDS", help="Seconds between two commits at the most.", rich_help_panel=RUN
        ),
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(
            min=1, max=10_000_000, metavar="N", help="Commit earlier when so many rows wait.", rich_help_panel=RUN
        ),
    ] = None,
    partitions: Annotated[
        str | None,
        typer.Option(
            metavar="N,N-M,...",
            help="Store only these partitions of the topic: 0,2-5. Other processes may store the others.",
            rich_help_panel=RUN,
        ),
    ] = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="Keep the JSON lines as they were sent beside the table, too.", rich_help_panel=FILES
        ),
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, metavar="SECONDS", help="End after this time.", rich_help_panel=RUN)
    ] = None,
    metrics: MetricsOption = None,
) -> None:
    """Store the records of a topic in a Delta table, and go on with new ones until Ctrl-C.

    Bars go to the table ``bars``, flights and alerts to those of these names. Each record is stored once: after a crash
    it goes on where the table ends. Tables outlive the topic's retention; ``stockstream sql`` asks them.
    """
    context = Context.of(ctx)
    chosen = None if partitions is None else _numbers(partitions)
    require_lake()
    from stockstream.tables.location import Location
    from stockstream.tables.store import StoreOptions

    settings = context.settings.tables
    location = Location.chosen(to, context.settings)
    options = StoreOptions(
        once=once,
        every=every or settings.every,
        rows=rows or settings.rows,
        partitions=chosen,
        compact_after=settings.compact_after,
        keep_hours=settings.keep_hours,
        raw=raw,
        seconds=seconds,
    )
    figures = StoreMetrics(context.command, topic)
    storing = context.storing or _Storing(context, figures)
    began = time.monotonic()
    with measured(figures, metrics, context.reporter), stopping() as stop:
        summary = storing(topic, location, options, stop)
    context.reporter.result(_last_line(topic, location, summary, time.monotonic() - began, stopped=bool(stop.signal)))
    if stop.signal is not None:
        raise typer.Exit(128 + stop.signal)


class _Storing:
    """`Storing` for real."""

    def __init__(self, context: Context, figures: StoreMetrics) -> None:
        self._context = context
        self._figures = figures

    def __call__(self, topic: str, location: Location, options: StoreOptions, stop: Stop, /) -> Summary:
        from stockstream.tables.schema import OF_TOPICS
        from stockstream.tables.store import Store

        connection = self._context.settings.connection("consumer")
        observer = _Observer(self._context.reporter, self._figures)
        return Store(OF_TOPICS[topic], location, connection, options, observer).run(lambda: stop.signal is not None)


class _Observer:
    def __init__(self, reporter: Reporter, figures: StoreMetrics) -> None:
        self._reporter = reporter
        self._figures = figures
        self._meter = Meter()
        self._began = time.monotonic()

    def progress(self, progress: Progress) -> None:
        read = progress.rows + progress.dead
        rate = self._meter.rate(read, time.monotonic() - self._began)
        self._figures.update(progress, rate)
        # The total is of messages, of which some are no records.
        done = progress.rows if progress.total is None else read
        self._reporter.progress(done, progress.total, rate, progress.state)

    def warn(self, text: str) -> None:
        self._reporter.warn(text)


def _numbers(text: str) -> frozenset[int]:
    """The numbers of ``0,2-5``. Raises typer.BadParameter."""
    numbers: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise typer.BadParameter(f"{text} should be numbers such as 0,2-5", param_hint="--partitions")
        numbers |= set(range(first, last + 1))
    return frozenset(numbers)


def _last_line(topic: str, location: Location, summary: Summary, seconds: float, *, stopped: bool) -> str:
    from stockstream.tables.schema import OF_TOPICS

    rows = f"{summary.rows:,} row{'' if summary.rows == 1 else 's'}"
    commits = f"{summary.commits:,} commit{'' if summary.commits == 1 else 's'}"
    more = [f"{summary.dead:,} unreadable are kept on {topic}.dlq"] if summary.dead else []
    message = f"{topic}: {rows} stored in {location.uri(OF_TOPICS[topic].name)} ({commits}, {seconds:.1f} s)"
    return "; ".join([message + (" (stopped)" if stopped else ""), *more])
