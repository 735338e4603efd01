"""The jobs of ``stockstream spark``: each is made from its options, and run until Ctrl-C or until all is done."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from stockstream.cli import checked
from stockstream.cli.context import Context
from stockstream.cli.option_groups import grouped
from stockstream.cli.panels import PARAMETERS
from stockstream.cli.produce.sending import stopping
from stockstream.cli.serving import measured
from stockstream.cli.spark.metrics import JobMetrics
from stockstream.cli.spark.options import JobOptions
from stockstream.spark.extra import require_spark

if TYPE_CHECKING:  # extras, and slow to import
    from stockstream.config import Settings
    from stockstream.spark.job import Job
    from stockstream.spark.progress import BatchProgress
    from stockstream.spark.run import Summary
    from stockstream.spark.series_rows import NamedIndicator
    from stockstream.tables.location import Location
    from stockstream.views.study import Part

SymbolsOption = Annotated[
    str | None,
    typer.Option(
        "--symbols", metavar="NAME,...", help="Only these symbols; by default all.", rich_help_panel=PARAMETERS
    ),
]

_SPAN: Final = checked.matching(r"[1-9]\d{0,5} (second|minute|hour|day)s?", "a time such as '10 minutes'")
_NAME: Final = checked.matching(r"[a-z][a-z0-9_]{0,63}", "a name of small letters, digits and _")


@grouped(options=JobOptions)
def indicator(
    ctx: typer.Context,
    studies: Annotated[
        list[str],
        typer.Option(
            "--with",
            metavar="NAME,...",
            help="Indicators, with parameters as in a chart: bollinger,sma:period=50.",
            rich_help_panel=PARAMETERS,
        ),
    ],
    symbols: SymbolsOption = None,
    keep: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            max=1_000_000,
            help="Newest bars of a series that can be corrected; older ones are too late.",
            rich_help_panel=PARAMETERS,
        ),
    ] = 1_000,
    table: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            callback=_NAME,
            help="Name of the table; other indicators need another one.",
            rich_help_panel=PARAMETERS,
        ),
    ] = "indicators",
    *,
    options: JobOptions,
) -> None:
    """Compute indicators over the bars of every series, and keep their table: the values of a window, to the bit.

    A corrected or late bar changes the rows from its time on. Bars that are too late or refused, and messages that
    are no bars, are in the table NAME_set_aside, each with its reason.
    """
    context = Context.of(ctx)
    chosen = _parts(context.settings, studies)
    require_spark()
    from stockstream.spark.indicator import IndicatorJob

    job = IndicatorJob(_indicators(chosen), table, keep=keep, symbols=_symbols(symbols))
    _run(context, job, options)


@grouped(options=JobOptions)
def moving_average(
    ctx: typer.Context,
    symbols: SymbolsOption = None,
    window: Annotated[
        str,
        typer.Option(metavar='"N minutes"', callback=_SPAN, help="Length of the windows.", rich_help_panel=PARAMETERS),
    ] = "1 minute",
    delay: Annotated[
        str,
        typer.Option(
            metavar='"N minutes"',
            callback=_SPAN,
            help="A bar whose window ended this long before the newest bar is too late, and set aside.",
            rich_help_panel=PARAMETERS,
        ),
    ] = "10 minutes",
    *,
    options: JobOptions,
) -> None:
    """Compute the mean close of each series in windows of time, by Spark's own aggregates, with a watermark.

    A bar that was sent again counts once, as sent last. Bars that are too late are in the table
    moving_average_set_aside, and counted; messages that are no bars go to the topic's dead letters alone.
    """
    context = Context.of(ctx)
    require_spark()
    from stockstream.spark.moving_average import MovingAverageJob

    _run(context, MovingAverageJob(window, delay, _symbols(symbols)), options)


@grouped(options=JobOptions)
def flights_per_day(ctx: typer.Context, *, options: JobOptions) -> None:
    """Count the flights of each airline and day, each row of a file once, by Spark's own aggregates.

    Rows without an airline, or of a day that no calendar has, do not count.
    """
    context = Context.of(ctx)
    require_spark()
    from stockstream.spark.flights_per_day import FlightsPerDayJob

    _run(context, FlightsPerDayJob(), options)


@grouped(options=JobOptions)
def raw(
    ctx: typer.Context,
    topic: Annotated[Literal["stocks", "flights"], typer.Argument(metavar="TOPIC", help="stocks or flights.")],
    *,
    options: JobOptions,
) -> None:
    """Store the records of a topic as typed rows, in the table that `stockstream store` writes, too.

    Each record is there once, whichever of both stores it. Messages that are no records are in the table
    bars_set_aside or flights_set_aside with the reason, and kept on the topic's dead letters.
    """
    context = Context.of(ctx)
    require_spark()
    from stockstream.spark.raw import RawJob

    _run(context, RawJob(topic), options)


def _symbols(text: str | None) -> frozenset[str]:
    return frozenset(filter(None, map(str.strip, (text or "").split(","))))


def _parts(settings: Settings, studies: list[str]) -> list[Part]:
    """The indicators that a user named. Raises typer.BadParameter, ConfigError, and `StockstreamError` for an extra."""
    from stockstream.consumers.chart import parts
    from stockstream.consumers.view_settings import study_parameter
    from stockstream.views.study import labelled

    try:
        found = labelled(parts(studies, partial(study_parameter, settings)))
        for part in found:
            if part.study.indicator is None:
                raise ValueError(f"{part.study.name} is no indicator: nothing is computed for it")
            part.make()
            part.study.indicator.require()
        if not found:
            raise ValueError("name at least one indicator")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--with") from error
    return found


def _indicators(chosen: Iterable[Part]) -> list[NamedIndicator]:
    from stockstream.spark.series_rows import NamedIndicator

    return [
        NamedIndicator(part.label, part.study.indicator, part.parameters)
        for part in chosen
        if part.study.indicator is not None
    ]


def _run(context: Context, job: Job, options: JobOptions) -> None:
    """Run a job until Ctrl-C, or until all is done."""
    from stockstream.spark.access import require_encryption
    from stockstream.spark.run import awaited, run
    from stockstream.spark.session import require_reachable, session
    from stockstream.tables.location import Location

    settings, reporter = context.settings, context.reporter
    location = Location.chosen(options.to, settings)
    chosen, started_as = options.run(settings, location, job.layouts[0].name), options.session()
    connection = settings.connection("consumer")
    require_reachable(started_as)
    require_encryption(connection, started_as.host, started_as.properties, started_as.properties_file)
    with measured(JobMetrics(job.name, job.topic), options.metrics, reporter) as figures, stopping() as stop:
        observer = _Observer(context, figures)
        topic_id = awaited(job.topic, connection, chosen, observer, lambda: stop.signal is not None)
        if topic_id is None:
            raise typer.Exit(128 + (stop.signal or 0))
        reporter.note("starting Spark")
        began = time.monotonic()
        spark = session(
            f"stockstream-{job.name}",
            settings,
            started_as,
            on_progress=lambda done, total: reporter.progress(done, total, 0.0, "Spark's jars"),
            on_damaged=lambda name: reporter.warn(f"{name} was damaged and is fetched again"),
        )
        started = time.monotonic() - began
        try:
            summary = run(job, topic_id, spark, location, connection, chosen, observer, lambda: stop.signal is not None)
        finally:
            spark.stop()
    stopped = stop.signal is not None
    reporter.result(_last_line(job, location, summary, time.monotonic() - began, started, stopped=stopped))
    if stop.signal is not None:
        raise typer.Exit(128 + stop.signal)


class _Observer:
    """Prints a line a batch."""

    def __init__(self, context: Context, figures: JobMetrics) -> None:
        self._reporter = context.reporter
        self._figures = figures
        self._waited = ""

    def batch(self, progress: BatchProgress) -> None:
        """As `following.Observer` has it."""
        self._figures.update(progress)
        self._reporter.note(str(progress))

    def waits(self, text: str) -> None:
        """As `following.Observer` has it."""
        if text != self._waited:
            self._waited = text
            self._reporter.warn(f"{text}; waiting for it")

    def restarts(self, text: str) -> None:
        """As `following.Observer` has it."""
        self._reporter.warn(f"{text}; the query is started again from its checkpoint")


def _last_line(job: Job, location: Location, summary: Summary, seconds: float, started: float, *, stopped: bool) -> str:
    first, *others = (layout.name for layout in job.layouts)
    batches = f"{summary.batches:,} batch{'' if summary.batches == 1 else 'es'}"
    rows = f"{summary.messages:,} message{'' if summary.messages == 1 else 's'}"
    written = f"{summary.rows.get(first, 0):,} rows written to {location.uri(first)}"
    more = [f"{summary.rows[name]:,} to {name}" for name in others if summary.rows.get(name)]
    times = f"({batches}, {seconds:.1f} s, of which {started:.1f} s to start Spark)"
    return f"{job.name}: {rows} read, {', '.join([written, *more])} {times}" + (" (stopped)" if stopped else "")
