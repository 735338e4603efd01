"""``stockstream report``: what a topic holds of some symbols, as one page of HTML."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from stockstream.cli import outputs
from stockstream.cli.context import Context
from stockstream.cli.outputs import ForceOption
from stockstream.cli.watch_options import FeedOption, IntervalOption
from stockstream.consumers import view_settings
from stockstream.consumers.dashboard import VIEW
from stockstream.consumers.live import Live
from stockstream.consumers.watching import WatchingOptions, run, state, watching
from stockstream.errors import ConfigError, StockstreamError
from stockstream.files import replacing
from stockstream.views.fold import Selection
from stockstream.views.status import Status
from stockstream.views.view import Parameters


def report(
    ctx: typer.Context,
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="SYMBOL...", help="The symbols; without any all that there are.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="The page to write.")] = Path("report.html"),
    interval: IntervalOption = None,
    feed: FeedOption = None,
    force: ForceOption = False,
) -> None:
    """Write what the dashboard shows as one page: pictures and tables, of all that the topic holds now."""
    context = Context.of(ctx)
    outputs.check(out, outputs.PAGE, "--out", force=force)
    settings = context.settings
    selection = Selection(tuple(symbols or ()) or view_settings.keys(settings, VIEW), interval, feed)
    parameters = view_settings.parameters(settings, VIEW, {})
    try:
        live = Live(VIEW, selection, parameters, settings.connection(), None)
    except ValueError as error:
        raise ConfigError(f"report: {error}") from error

    def tell(taken: int, status: Status) -> None:
        context.reporter.progress(taken, None, status.rate, state(status))

    with watching(live, tell, WatchingOptions(once=True)) as watched:
        run(watched, lambda: None)
        fold: Any = watched.fold
        bars = sum(len(fold.frame(key)) for key in fold.keys())
        text = _page(fold, parameters)
    with replacing(out, hint="name another with --out") as beside:
        beside.write_text(text, encoding="utf-8")
    whose = "1 symbol" if len(fold.keys()) == 1 else f"{len(fold.keys())} symbols"
    context.reporter.note(f"{out}: {bars:,} bars of {whose}, {out.stat().st_size / 1e6:.1f} MB")


def _page(fold: Any, parameters: Parameters) -> str:
    from stockstream.charts.page import page  # matplotlib and seaborn take a while to load

    keys = fold.keys()
    if not keys:
        raise StockstreamError(f"the topic {VIEW.topic.name} holds no bars", hint="`stockstream produce` sends some")
    series = ", ".join(fold.title(key) for key in keys)
    lengths = "averages of {average} bars, volatility over {volatility} returns".format(**parameters)
    about = f"{series}; {lengths}; made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return page("Stocks", about, fold.tables(), VIEW.tiles, fold.returns(), simulated=any(map(fold.simulated, keys)))
