"""``stockstream report``: what a topic holds of some symbols, as one page of HTML."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from stockstream.cli.context import Context
from stockstream.consumers.dashboard import VIEW
from stockstream.consumers.live import Live
from stockstream.consumers.watching import run, watching
from stockstream.errors import StockstreamError
from stockstream.files import replacing
from stockstream.views.fold import Selection


def report(
    ctx: typer.Context,
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="SYMBOL...", help="The symbols; without any all that there are.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="The page to write.")] = Path("report.html"),
    interval: Annotated[
        str | None, typer.Option(metavar="1m|1h|1d|...", help="Of a symbol with several: the interval of its bars.")
    ] = None,
    feed: Annotated[
        str | None, typer.Option(metavar="market|simulated", help="Of a symbol with several: where its bars are from.")
    ] = None,
) -> None:
    """Write what the dashboard shows as one page: pictures and tables, of all that the topic holds now."""
    context = Context.of(ctx)
    settings = context.settings
    selection = Selection(tuple(symbols or ()), interval, feed)
    parameters = {parameter.name: parameter.default for parameter in VIEW.parameters}
    live = Live(VIEW, selection, parameters, settings.connection(), None)
    with watching(
        live,
        values=None,
        report=lambda done, rate, state: context.reporter.progress(done, None, rate, state),
        once=True,
    ) as watched:
        run(watched, lambda: None)
        fold: Any = watched.fold
        bars = sum(len(fold.frame(key)) for key in fold.keys())
        text = _page(fold)
    with replacing(out, hint="name another with --out") as beside:
        beside.write_text(text, encoding="utf-8")
    whose = "1 symbol" if len(fold.keys()) == 1 else f"{len(fold.keys())} symbols"
    context.reporter.note(f"{out}: {bars:,} bars of {whose}, {out.stat().st_size / 1e6:.1f} MB")


def _page(fold: Any) -> str:
    from stockstream.charts.page import page  # matplotlib and seaborn take a while to load

    keys = fold.keys()
    if not keys:
        raise StockstreamError(f"the topic {VIEW.topic.name} holds no bars", hint="`stockstream produce` sends some")
    series = ", ".join(fold.title(key) for key in keys)
    about = f"{series}; made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return page("Stocks", about, fold.tables(), VIEW.tiles, fold.returns(), simulated=any(map(fold.simulated, keys)))
