"""``stockstream report``: writes an HTML page about some symbols of a topic."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from stockstream.cli import completion, outputs
from stockstream.cli.context import Context
from stockstream.cli.displays import Page
from stockstream.cli.outputs import ForceOption
from stockstream.cli.panels import FILES
from stockstream.cli.watch.options import FeedOption, IntervalOption
from stockstream.consumers import view_settings
from stockstream.consumers.dashboard import VIEW
from stockstream.consumers.driver import Ending, Reporting, run, state
from stockstream.consumers.live import Live
from stockstream.errors import ConfigError, StockstreamError
from stockstream.files import replacing
from stockstream.views.dashboard import sections, tabled
from stockstream.views.fold import Parameters, Selection
from stockstream.views.status import Status


def report(
    ctx: typer.Context,
    symbols: Annotated[
        list[str] | None,
        typer.Argument(metavar="SYMBOL", help="Symbols; all by default.", autocompletion=completion.symbols),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE.html", help="The page to write.", rich_help_panel=FILES)
    ] = Path("report.html"),
    interval: IntervalOption = None,
    feed: FeedOption = None,
    force: ForceOption = False,
) -> None:
    """Write the dashboard as an HTML page: pictures and tables of all bars that the topic holds now."""
    context = Context.of(ctx)
    outputs.check(out, outputs.PAGE, "--out", force=force)
    settings = context.settings
    selection = Selection(tuple(symbols or ()) or view_settings.keys(settings, VIEW), interval, feed)
    parameters = view_settings.parameters(settings, VIEW, {})
    try:
        live = Live(VIEW, selection, parameters, settings.connection("consumer"), None)
    except ValueError as error:
        raise ConfigError(f"report: {error}") from error

    def show(taken: int, status: Status) -> None:
        context.reporter.progress(taken, None, status.rate, state(status))

    live.observers.append(Reporting(live, show))
    with live:
        live.ending = Ending(live, once=True)
        run(live)
        fold = tabled(live.fold)
        fold.refresh()
        parts = sections(fold)
        if not parts:
            topic = VIEW.topic.name
            raise StockstreamError(f"the topic {topic} holds no bars", hint="`stockstream produce` sends some")
        text = (context.page or _page())("Stocks", _about(parameters), parts, VIEW.tiles)
    with replacing(out, hint="name another with --out") as beside:
        beside.write_text(text, encoding="utf-8")
    symbols_of = {symbol for each in parts for symbol in each.tables.symbols["symbol"].tolist()}
    bars = sum(int(each.returns.table["bars"].sum()) for each in parts)
    whose = "1 symbol" if len(symbols_of) == 1 else f"{len(symbols_of):,} symbols"
    kinds = ", ".join(str(each.group) for each in parts)
    context.reporter.note(f"{out}: {bars:,} bars of {whose} ({kinds}), {out.stat().st_size / 1e6:.1f} MB")


def _about(parameters: Parameters) -> str:
    lengths = "averages of {average} bars, volatility over {volatility} returns".format(**parameters)
    return f"{lengths}; made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def _page() -> Page:
    from stockstream.charts.report.page import page  # matplotlib and seaborn are slow to import

    return page
