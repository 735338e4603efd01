"""``stockstream produce market``: bars of the first source of the settings that is up."""

from __future__ import annotations

from typing import Annotated

import typer

from stockstream.cli import completion
from stockstream.cli.context import Context
from stockstream.cli.option_groups import grouped
from stockstream.cli.produce.bar_options import FormingOption, HistoryOption, IntervalOption, OnceOption
from stockstream.cli.produce.run_options import StreamOptions
from stockstream.cli.produce.sending import Position, await_broker, send
from stockstream.cli.produce.source import earlier, made, settings_of
from stockstream.cli.produce.stocks import Tally, checks_of, symbols_of
from stockstream.cli.topic_changes import kept
from stockstream.errors import ConfigError, SourceError
from stockstream.producers.market import MarketBars, Member
from stockstream.producers.source_bars import Polling
from stockstream.producers.sources.catalog import sources
from stockstream.topics import STOCKS


@grouped(run=StreamOptions)
def market(
    ctx: typer.Context,
    symbols: Annotated[
        list[str],
        typer.Argument(metavar="SYMBOL", help="Symbols, as you write them.", autocompletion=completion.symbols),
    ],
    interval: IntervalOption = None,
    history: HistoryOption = None,
    forming: FormingOption = False,
    once: OnceOption = False,
    *,
    run: StreamOptions,
) -> None:
    """Send bars from the first of several sources that is up.

    `market` in config.yaml lists the sources by preference. When a source fails for two minutes (`down_after`), the
    next one takes over, into the same series. It never replaces a bar of a source before it; when that is up again, its
    bars replace those of the substitute. `market.symbols` says how a source writes a symbol, where it differs.

    Unless config.yaml differs: --interval 1m --history 5d.

    A source that cannot be used, for want of a key say, is named and left out. A symbol that no source knows is set
    aside; the exit code is then 1.
    """
    context = Context.of(ctx)
    own, chosen = context.settings.market, symbols_of(symbols)
    every = interval or own.interval
    topic = kept(STOCKS, run.retention)
    members = _members(context, chosen, every, Polling(every, history or own.history, live=not once, forming=forming))
    await_broker(context, topic)
    bars = MarketBars(
        members,
        chosen,
        earlier=earlier(context, chosen, every),
        down_after=own.down_after,
        reporter=context.reporter,
        clock=context.clock,
    )
    tally = Tally()
    position = lambda: Position(tally.sent, None, bars.doing)  # noqa: E731
    send(context, topic, checks_of(context.settings).checked(bars), run=run, counted=tally.count, position=position)
    tally.report(context.reporter)
    if bars.given_up:
        context.reporter.warn(f"no source gives {', '.join(bars.given_up)}")
        raise typer.Exit(1)


def _members(context: Context, symbols: list[str], interval: str, polling: Polling) -> list[Member]:
    """The sources that can be used. Raises `SourceError` where there is none, `ConfigError`."""
    settings, members = context.settings, []
    for name in settings.market.sources:
        source = sources().get(name)
        if source is None:
            raise settings.wrong(("market", "sources"), f"names {name}, should be some of {', '.join(sources())}")
        about, own = source.about, settings_of(settings, source.about)
        if interval not in about.intervals:
            context.reporter.warn(f"{about.title} has no bars of {interval}: it is left out")
            continue
        try:
            asked = made(source, settings, context.clock)
        except (ConfigError, SourceError) as error:
            context.reporter.warn(f"{error}: {about.title} is left out")
            continue
        mapped = {symbol: settings.market.symbols.get(symbol, {}).get(name, symbol) for symbol in symbols}
        theirs = {symbol: each for symbol, each in mapped.items() if each is not None}
        poll = max(1.0, own.poll or about.poll)
        members.append(
            Member(asked, theirs, Polling(interval, polling.history, polling.live, polling.forming, poll=poll))
        )
    if not members:
        raise SourceError("none of the sources of `market` can be used", hint="see the warnings above")
    return members
