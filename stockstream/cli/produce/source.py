"""``stockstream produce SOURCE``: bars of any source of the catalog; one function is the command of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from stockstream.cli import completion
from stockstream.cli.context import Context
from stockstream.cli.option_groups import grouped
from stockstream.cli.panels import CHOICE, RUN
from stockstream.cli.produce.bar_options import FormingOption, HistoryOption, OnceOption
from stockstream.cli.produce.run_options import StreamOptions
from stockstream.cli.produce.sending import Position, await_broker, send
from stockstream.cli.produce.stocks import Tally, checks_of, symbols_of
from stockstream.cli.topic_changes import kept
from stockstream.producers.bar_source import About, BarSource, Setup
from stockstream.producers.clock import Clock
from stockstream.producers.source_bars import Polling, SourceBars
from stockstream.producers.sources.catalog import Source, sources
from stockstream.producers.splits import Earlier
from stockstream.records import Series
from stockstream.topics import STOCKS

if TYPE_CHECKING:  # checking the settings takes pydantic, which `--help` does not need
    from stockstream.config import Settings
    from stockstream.config_sections import SourceSettings


def _intervals(ctx: typer.Context, incomplete: str) -> list[str]:
    source = sources().get(ctx.info_name or "")
    return [each for each in (source.about.intervals if source else ()) if each.startswith(incomplete)]


def _known_interval(ctx: typer.Context, name: str | None) -> str | None:
    source = sources().get(ctx.info_name or "")
    if name is not None and source is not None and name not in source.about.intervals:
        had = ", ".join(source.about.intervals)
        raise typer.BadParameter(f"{source.about.title} has no bars of {name!r}; it has {had}")
    return name


@grouped(run=StreamOptions)
def from_source(
    ctx: typer.Context,
    symbols: Annotated[
        list[str],
        typer.Argument(
            metavar="SYMBOL", help="The symbols, as the source writes them.", autocompletion=completion.symbols
        ),
    ],
    interval: Annotated[
        str | None,
        typer.Option(
            "--interval",
            metavar="INTERVAL",
            callback=_known_interval,
            help="Interval of the bars, one that the source has.",
            autocompletion=_intervals,
            rich_help_panel=CHOICE,
        ),
    ] = None,
    history: HistoryOption = None,
    poll: Annotated[
        float | None,
        typer.Option(
            "--poll",
            metavar="SECONDS",
            min=1.0,
            help="Time between two requests for a symbol.",
            rich_help_panel=RUN,
        ),
    ] = None,
    extended: Annotated[
        bool,
        typer.Option("--extended", help="Also send bars outside of regular hours, marked.", rich_help_panel=CHOICE),
    ] = False,
    forming: FormingOption = False,
    no_stream: Annotated[
        bool,
        typer.Option("--no-stream", help="Only poll, even where the source has a stream.", rich_help_panel=RUN),
    ] = False,
    once: OnceOption = False,
    *,
    run: StreamOptions,
) -> None:
    """Send bars from the source that the command is named after."""
    context = Context.of(ctx)
    source = sources()[ctx.info_name or ""]
    about, chosen = source.about, symbols_of(symbols)
    if extended and not about.extended:
        raise typer.BadParameter(f"{about.title} has no bars outside of regular hours", param_hint="--extended")
    settings = settings_of(context.settings, about)
    every = interval or settings.interval or about.interval
    topic = kept(STOCKS, run.retention)
    asked = made(source, context.settings, context.clock, extended=extended)
    await_broker(context, topic)
    bars = SourceBars(
        asked,
        chosen,
        Polling(
            every,
            history or settings.history or about.history,
            live=not once,
            forming=forming,
            extended=extended,
            stream=not no_stream,
            poll=max(1.0, poll or settings.poll or about.poll),
        ),
        earlier=earlier(context, chosen, every),
        reporter=context.reporter,
        clock=context.clock,
    )
    tally = Tally()
    position = lambda: Position(tally.sent, None, bars.doing or asked.doing())  # noqa: E731
    send(context, topic, checks_of(context.settings).checked(bars), run=run, counted=tally.count, position=position)
    tally.report(context.reporter)
    if bars.set_aside:
        raise typer.Exit(1)


def settings_of(settings: Settings, about: About) -> SourceSettings:
    """What the settings say of a source. Raises `ConfigError` for an interval that it has not, and for no source."""
    for name in settings.sources:
        if name not in sources():
            raise settings.unknown(("sources", name), sources())
    from stockstream.config_sections import SourceSettings

    own = settings.sources.get(about.name, SourceSettings())
    if own.interval is not None and own.interval not in about.intervals:
        had = f"is {own.interval!r}, should be one that {about.title} has: {', '.join(about.intervals)}"
        raise settings.wrong(("sources", about.name, "interval"), had)
    return own


def made(source: Source, settings: Settings, clock: Clock, *, extended: bool = False) -> BarSource:
    """The source, as the settings have it. Raises `SourceError`, `ConfigError`."""
    own = settings_of(settings, source.about)
    return source.make(
        Setup(
            settings.cache_dir / source.about.name,
            spacing=own.spacing,
            key_file=own.key_file,
            calls_a_day=own.calls_a_day,
            extended=extended,
            clock=clock,
        )
    )


def earlier(context: Context, symbols: Sequence[str], interval: str) -> Earlier:
    """What the topic holds of these symbols."""
    last = context.outlet.latest_bars(STOCKS, [Series(symbol, interval) for symbol in symbols])

    def first(symbol: str) -> datetime | None:
        series = Series(symbol, interval)
        return context.outlet.first_times(STOCKS, [series]).get(series)

    return Earlier({series.symbol: bar for series, bar in last.items()}, first)
