"""One run of ``stockstream watch``: checks its options, then opens a window, or writes a picture or a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple

import numpy as np
import typer

from stockstream.alerts.handed_levels import HandedLevels, person
from stockstream.alerts.record_post import RecordPost
from stockstream.alerts.watched_levels import Levels
from stockstream.cli import outputs
from stockstream.cli.context import Context
from stockstream.cli.metrics import WindowMetrics
from stockstream.cli.serving import measured
from stockstream.cli.watch import windows
from stockstream.cli.watch.alert_feed import AlertFeed
from stockstream.cli.watch.heap import give_back_large_arrays
from stockstream.cli.watch.options import ALL, WatchOptions
from stockstream.config import Settings
from stockstream.consumers import view_settings
from stockstream.consumers.driver import Ending, Reporting, run, state
from stockstream.consumers.live import AnyLive, Live
from stockstream.consumers.side_feed import SideFeed
from stockstream.consumers.values import Values
from stockstream.errors import DisplayError
from stockstream.periods import add_up
from stockstream.present.alert_book import AlertBook
from stockstream.present.frame_times import FrameTimes
from stockstream.present.headline_book import HeadlineBook
from stockstream.present.level_desk import LevelDesk, NoDesk
from stockstream.present.options import PictureOptions
from stockstream.records import SENTIMENT, Candle
from stockstream.tables.extra import require_lake
from stockstream.topics import NEWS, STOCKS
from stockstream.views.beginning import Begin
from stockstream.views.fold import Parameters, Selection
from stockstream.views.series import SeriesFold
from stockstream.views.status import Status
from stockstream.views.view import AnyView

_DAY: Final = np.timedelta64(1, "D")


def watch(
    ctx: typer.Context, view: AnyView, parameters: Parameters, named: tuple[str, ...], options: WatchOptions
) -> None:
    """Show a view of the given keys, or of those in the settings, until the window is closed or the view ends."""
    give_back_large_arrays()
    context = Context.of(ctx)
    settings = context.settings
    chosen = named or view_settings.keys(settings, view)
    selection = Selection(
        chosen, options.interval, options.feed, options.resample, options.opens, options.calendar, options.tz,
        keep=_kept(view, settings, options),
    )  # fmt: skip
    if selection.resample and selection.interval and not add_up(selection.interval, selection.resample):
        message = f"bars of {selection.interval} do not add up to bars of {selection.resample}"
        raise typer.BadParameter(message, param_hint="--resample")
    for name in ("opens", "calendar"):
        own = {parameter.name for parameter in view.parameters}
        if getattr(selection, name) is not None and selection.resample is None and name not in own:
            raise typer.BadParameter("is of use only with --resample", param_hint=f"--{name}")
    _refuse_what_cannot_be(view, options)
    if options.each:
        windows.each(ctx, view.name, selection, options)
        return
    try:
        begin = _beginning(settings, selection) if options.from_table else None
        # A window that begins with the table needs no state, and leaves that of others as it is.
        states = settings.state_dir if begin is None else None
        live = Live(view, selection, parameters, settings.connection("consumer"), states, begin)
    except ValueError as error:  # the settings were checked before: the error is in an option
        guilty = view_settings.refused(view, parameters)
        raise typer.BadParameter(str(error), param_hint=f"--{guilty[0]}" if guilty else None) from error
    figures = WindowMetrics(context.command, view.topic.name, "+".join(chosen))

    def report(taken: int, status: Status) -> None:
        context.reporter.progress(taken, None, status.rate, state(status))
        figures.update(taken, status)

    table = None if options.values is None else Values(options.values, live)
    live.observers += [*([] if table is None else [table]), Reporting(live, report)]
    with measured(figures, options.metrics, context.reporter), _beside(live, settings, options) as beside, live:
        live.ending = Ending(live, once=options.once, seconds=options.seconds)
        _display(context, live, options, beside, figures.frame_times)
    if options.once:
        context.reporter.result(_written(options, None if table is None else table.rows))


class _Beside(NamedTuple):
    """What is shown beside the bars, and where price levels are handed on."""

    alerts: AlertBook
    headlines: HeadlineBook
    desk: LevelDesk


@contextmanager
def _beside(live: AnyLive, settings: Settings, options: WatchOptions) -> Iterator[_Beside]:
    """The alerts of the topic, where the view shows the bars of symbols, and the headlines of series of scores."""
    book, headlines, desk = AlertBook(), HeadlineBook(), None
    levels: Levels | None = None
    with ExitStack() as stack:
        drawn = options.headless is not None or not options.once
        if drawn and live.view.topic is STOCKS and live.view.keyed and not live.view.tiles:
            connection = settings.connection("consumer")
            if options.headless is None:
                post = stack.enter_context(RecordPost(connection))
                desk = HandedLevels(person(), partial(_newest, live), post, band=settings.window.alert_band)
                levels = desk.levels
            live.companions.append(stack.enter_context(AlertFeed(connection, book, levels)))
            scored = [key.removesuffix(SENTIMENT) for key in live.selection.keys if key.endswith(SENTIMENT)]
            if scored:
                feed = SideFeed(NEWS, connection, lambda news, _: headlines.take(news), headlines.clear, scored)
                live.companions.append(stack.enter_context(feed))
        yield _Beside(book, headlines, desk or NoDesk())


def _newest(live: AnyLive, symbol: str) -> Candle | None:
    fold: object = live.fold
    try:
        return fold.newest_bar(symbol) if isinstance(fold, SeriesFold) else None
    except KeyError:
        return None


def _beginning(settings: Settings, selection: Selection) -> Begin:
    """Reads the wanted bars of the table. Raises `StockstreamError` without the extra."""
    require_lake()
    from stockstream.tables.beginning import StoredBeginning
    from stockstream.tables.location import Location

    return StoredBeginning(Location.chosen(None, settings), selection)


def _kept(view: AnyView, settings: Settings, options: WatchOptions) -> int | None:
    """How many bars of a series to keep, None for all."""
    if options.keep is not None:
        return None if options.keep == ALL else int(options.keep)
    if options.once:
        return None
    return settings.window.dashboard_keep if view.tiles else settings.window.keep


def _refuse_what_cannot_be(view: AnyView, options: WatchOptions) -> None:
    """Check options against each other, and files, before anything is read. Raises typer.BadParameter."""
    if view.tiles:
        _refuse_scope(options)
    start, end = _instant("--start", options.start), _instant("--end", options.end)
    if start is not None and end is not None and start >= end:
        raise typer.BadParameter(f"{options.start} is not before --end {options.end}", param_hint="--start")
    if options.once and options.headless is None and options.values is None and not options.each:
        raise typer.BadParameter("name what to write with --headless, --values or both", param_hint="--once")
    outputs.check(options.headless, outputs.PICTURE, "--headless", force=options.force)
    outputs.check(options.values, outputs.TABLE, "--values", force=options.force)


def _written(options: WatchOptions, rows: int | None) -> str:
    """Result of a run with ``--once``: ``wrote aapl.png, aapl.csv (148 rows)``."""
    files = [] if options.headless is None else [str(options.headless)]
    if options.values is not None and rows is not None:
        files.append(f"{options.values} ({rows:,} row{'' if rows == 1 else 's'})")
    message = f"wrote {', '.join(files)}" if files else "wrote nothing"
    return (
        message if options.values is None or rows is not None else f"{message}: there are no rows for {options.values}"
    )


def _display(context: Context, live: AnyLive, options: WatchOptions, beside: _Beside, frame_times: FrameTimes) -> None:
    """Open a window, or draw to a file, or draw nothing if only a table is written."""
    settings, window = context.settings, context.settings.window
    start, end = _instant("--start", options.start), _instant("--end", options.end)
    if options.headless is not None:
        drawn = PictureOptions(
            rows=options.rows or window.rows,
            start=start,
            end=end,
            theme=options.theme or window.theme,
            alerts=window.alerts,
            alert_band=window.alert_band,
            book=beside.alerts,
            headlines=beside.headlines,
        )
        live.observers.append(context.displays.picture(live, options.headless, drawn))
        run(live)
        return
    if options.once:
        run(live)
        return
    memory = windows.memory(settings, live.view.name, live.selection, options)
    look = replace(
        windows.window_options(window, options, start, end),
        book=beside.alerts, desk=beside.desk, headlines=beside.headlines,
    )  # fmt: skip
    try:
        shown = context.displays.window(live, look, memory, frame_times)
    except DisplayError as error:
        if options.values is None:
            raise
        context.reporter.note(f"{error.message}: only {options.values} is kept")
        run(live)
    else:
        shown.show()


def _refuse_scope(options: WatchOptions) -> None:
    """Refuse a period for a dashboard, which shows the whole topic. Raises typer.BadParameter."""
    for name, value in (("start", options.start), ("end", options.end), ("rows", options.rows)):
        if value is not None:
            raise typer.BadParameter("a dashboard shows all that the topic holds", param_hint=f"--{name}")
    for name, value in (("opens", options.opens), ("calendar", options.calendar), ("tz", options.tz)):
        if value is not None:
            raise typer.BadParameter("a dashboard shows bars as they are, in UTC", param_hint=f"--{name}")


def _instant(option: str, text: str | None) -> np.datetime64 | None:
    """An instant in UTC; for ``--end``, a day means the end of that day."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not a date: 2026-03-02, or 2026-03-02T14:30", param_hint=option) from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    instant = np.datetime64(moment, "us")
    return instant + _DAY if option == "--end" and len(text) == len("2026-03-02") else instant
