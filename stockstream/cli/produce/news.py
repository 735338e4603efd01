"""``stockstream produce news``: headlines of symbols, and the series of their scores."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, cast

import msgspec
import typer

from stockstream.cli import completion
from stockstream.cli.context import Context
from stockstream.cli.option_groups import grouped
from stockstream.cli.panels import CHOICE, RUN
from stockstream.cli.produce.bar_options import IntervalOption
from stockstream.cli.produce.run_options import RunOptions, SecondsOption
from stockstream.cli.produce.sending import Position, await_broker, send
from stockstream.cli.produce.stocks import for_seconds
from stockstream.cli.serving import MetricsOption
from stockstream.cli.topic_changes import RetentionOption, kept
from stockstream.errors import BadRow
from stockstream.names import listed
from stockstream.producers.news.polled import NewsSource, PolledNews
from stockstream.producers.news.posts import posts
from stockstream.producers.news.sentiment_bars import SentimentBars
from stockstream.producers.readings.pipe import Readable, lines
from stockstream.records import READINGS, SENTIMENT, Bar, News, Series
from stockstream.topics import NEWS, STOCKS

if TYPE_CHECKING:
    from stockstream.producers.news.sentiment import Sentiment
    from stockstream.producers.produce import Sink

_INTERVAL: Final = "1h"


@dataclass(frozen=True, kw_only=True)
class NewsOptions:
    """Where headlines come from, and what bars are made of their scores."""

    feed: Annotated[
        list[str] | None,
        typer.Option(
            "--feed",
            metavar="URL",
            help="RSS or Atom in place of Yahoo; {symbol} in it stands for each symbol; again for more feeds.",
            rich_help_panel=CHOICE,
        ),
    ] = None
    stdin: Annotated[
        bool,
        typer.Option("--stdin", help="Posts from a pipe in place of Yahoo, a line each.", rich_help_panel=CHOICE),
    ] = False
    interval: IntervalOption = None
    every: Annotated[
        float,
        typer.Option(
            "--every", metavar="SECONDS", min=1.0, help="Time between two requests of a source.", rich_help_panel=RUN
        ),
    ] = 300.0
    once: Annotated[bool, typer.Option("--once", help="End after the present headlines.", rich_help_panel=RUN)] = False
    seconds: SecondsOption = None
    retention: RetentionOption = None
    metrics: MetricsOption = None


@grouped(options=NewsOptions)
def news(
    ctx: typer.Context,
    symbols: Annotated[
        list[str],
        typer.Argument(
            metavar="SYMBOL", help="The symbols that headlines are about.", autocompletion=completion.symbols
        ),
    ],
    options: NewsOptions,
) -> None:
    """Send headlines of symbols, and bars of their scores.

    Headlines go to the topic news, each once. Their scores, from -1 to 1, are the series SYMBOL.sentiment on the topic
    stocks: a bar an hour (--interval) with headlines, whose close is the mean and whose volume is their number. So
    windows, alerts and indicators take it as any other series. docs/models.md says how good the scores are.

    Without --feed or --stdin the headlines are Yahoo's (for personal use only). A line of --stdin is JSON
    ({"title": "...", "symbol": "AAPL", "time": "2026-03-19T14:30:00Z"}) or bare words. A feed or a line that is not of
    one symbol counts for the symbols that it names.
    """
    from stockstream.producers.news.sentiment import Sentiment

    context = Context.of(ctx)
    if options.stdin and options.feed:
        raise typer.BadParameter("either --feed or --stdin, not both", param_hint="--stdin")
    wanted = list(dict.fromkeys(symbols))
    scorer = Sentiment()
    polled = None if options.stdin else _polled(context, wanted, options)
    topic = kept(NEWS, options.retention)
    await_broker(context, topic)
    await_broker(context, STOCKS)
    flow = _Flow(context, wanted, options.interval or _INTERVAL, scorer)
    items: Iterable[News | BadRow | None] = _posts(context, wanted) if polled is None else polled
    source: Iterator[News | BadRow | None] = for_seconds(items, options.seconds, context.clock)
    with context.outlet.publisher(STOCKS, linger_ms=5) as sink:
        send(
            context,
            topic,
            flow.through(source, sink),
            run=RunOptions(retention=options.retention, metrics=options.metrics),
            position=lambda: Position(flow.taken),
            already=lambda: flow.already,
        )
        flow.send_bars(sink)
    named = listed([f"{symbol}{SENTIMENT}" for symbol in wanted])
    context.reporter.note(f"{flow.bars:,} bar{'' if flow.bars == 1 else 's'} of {named} sent")
    if polled is not None and polled.failed:
        raise typer.Exit(1)


def _polled(context: Context, symbols: list[str], options: NewsOptions) -> PolledNews:
    from stockstream.producers.news.rss import feeds
    from stockstream.producers.news.yahoo_news import YahooNews

    sources: list[NewsSource] = [feed for url in options.feed or () for feed in feeds(url, symbols, context.clock.now)]
    return PolledNews(
        sources or [YahooNews(symbol) for symbol in symbols],
        options.every,
        once=options.once,
        reporter=context.reporter,
        clock=context.clock,
    )


def _posts(context: Context, symbols: list[str]) -> Iterator[News | BadRow | None]:
    if sys.stdin.isatty():
        context.reporter.note("reading from the terminal; Ctrl-D ends")

    def numbered() -> Iterator[tuple[int, bytes] | None]:
        number = 0
        for some in lines(cast("Readable", sys.stdin.buffer)):
            for line in some or ():
                number += 1
                yield number, line
            yield None

    return posts(numbered(), symbols, context.clock.now)


class _Flow:
    """Headlines on their way: those that the topic holds are left out, the others are scored and become bars.

    The bars are made of all headlines of the topic, so that a bar that was not sent before a kill is sent now.
    """

    def __init__(self, context: Context, symbols: list[str], interval: str, scorer: Sentiment) -> None:
        self.taken = self.already = self.bars = 0
        self._clock = context.clock
        self._scorer = scorer
        known = context.outlet.held_news(set(symbols))
        series = [Series(f"{symbol}{SENTIMENT}", interval, READINGS) for symbol in symbols]
        self._bars = SentimentBars(interval, context.outlet.held_bars(STOCKS, series))
        self._bars.take(known)
        self._known = {each.id for each in known}

    def through(self, source: Iterable[News | BadRow | None], sink: Sink[Bar]) -> Iterator[News | BadRow | None]:
        for item in source:
            if not isinstance(item, News):
                if item is None:
                    self.send_bars(sink)
                yield item
                continue
            self.taken += 1
            if item.id in self._known:
                self.already += 1
                continue
            self._known.add(item.id)
            time = min(item.time, self._clock.now())  # no bar lies in the future
            scored = msgspec.structs.replace(item, time=time, sentiment=self._scorer.score(item.title))
            yield scored
            self._bars.take([scored])

    def send_bars(self, sink: Sink[Bar]) -> None:
        """Send the bars that are new or changed."""
        for bar in self._bars.bars(self._clock.now()):
            sink.send(bar)
            self.bars += 1
        sink.poll()
