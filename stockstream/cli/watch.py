"""``stockstream watch``: a sub-command for each view, its options made from the view's declaration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import numpy as np
import typer

from stockstream.charts.frames import Frames
from stockstream.cli import intervals, windows
from stockstream.cli.context import Context
from stockstream.cli.metrics import WindowMetrics
from stockstream.cli.serving import MetricsOption, measured
from stockstream.config import Settings
from stockstream.consumers import view_settings
from stockstream.consumers.chart import completions, parts
from stockstream.consumers.live import Live
from stockstream.consumers.registry import VIEWS
from stockstream.consumers.view_settings import CHART, studies, study_parameter
from stockstream.consumers.watching import Watching, run, state, watching
from stockstream.errors import ConfigError, DisplayError
from stockstream.periods import add_up
from stockstream.views.fold import Selection
from stockstream.views.status import Status
from stockstream.views.study import chart
from stockstream.views.view import View

app = typer.Typer(no_args_is_help=True, help="Open a live window on a topic.")

_BEAT: Final = 0.05
_DAY: Final = np.timedelta64(1, "D")


_SERIES: Final = {
    "interval": Annotated[
        str | None,
        typer.Option(
            callback=intervals.known, metavar="1m|1h|1d|...", help="Of a symbol with several: the interval of its bars."
        ),
    ],
    "feed": Annotated[
        str | None, typer.Option(metavar="market|simulated", help="Of a symbol with several: where its bars are from.")
    ],
    "resample": Annotated[
        str | None,
        typer.Option(
            callback=intervals.made, metavar="5m|1h|1d|...", help="Show bars of this interval, made of shorter ones."
        ),
    ],
}

_COMMON: Final = {
    "start": Annotated[
        str | None, typer.Option(metavar="DATE", help="Show from 2026-03-02 or 2026-03-02T14:30 on, UTC.")
    ],
    "end": Annotated[
        str | None, typer.Option(metavar="DATE", help="Show up to this day with all of it, or this moment.")
    ],
    "rows": Annotated[int | None, typer.Option(min=2, metavar="N", help="Have so many of the newest rows in view.")],
    "refresh": Annotated[float | None, typer.Option(min=0.05, metavar="SECONDS", help="Draw no more often than this.")],
    "backend": Annotated[str | None, typer.Option(metavar="auto|tk|qt", help="The toolkit of the window.")],
    "headless": Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw to a file that is kept fresh; no window.")
    ],
    "values": Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Keep what is shown as a table, too.")],
    "metrics": MetricsOption,
    "once": Annotated[bool, typer.Option("--once", help="End when all has been read that is there now.")],
    "seconds": Annotated[float | None, typer.Option(min=0.0, metavar="SECONDS", help="End after this time.")],
}


Opened: TypeAlias = tuple[View[Any], dict[str, Any]]
"""A view and the values of its parameters."""


def _command(
    view: View[Any], own: Mapping[str, Any], opened: Callable[[Settings, Mapping[str, Any]], Opened]
) -> Callable[..., None]:
    """A sub-command: typer reads its options from the signature that is put together here."""

    def watch(ctx: typer.Context, keys: list[str] | None, **options: Any) -> None:
        context = Context.of(ctx)
        _watch(ctx, opened(context.settings, options), tuple(keys or ()), options)

    metavar = f"{view.key_name.upper()}..."
    annotations = {
        "ctx": typer.Context,
        "keys": Annotated[list[str] | None, typer.Argument(metavar=metavar, help=_which(view))],
        **own,
        **(_SERIES if view.key_name == "symbol" else {}),
        **_COMMON,
        **windows.OPTIONS,
    }
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    empty = {"ctx": inspect.Parameter.empty, "once": False, "no_memory": False, "each": False}
    watch.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, kind, default=empty.get(name), annotation=annotation)
            for name, annotation in annotations.items()
        ]
    )
    watch.__annotations__ = annotations
    watch.__doc__ = view.help
    return watch


def _which(view: View[Any]) -> str:
    plural = f"{view.key_name}s"
    return f"The {plural} to show; without any those of views.{view.name}.{plural} in the settings, else {view.choice}."


def _options(view: View[Any]) -> dict[str, Any]:
    """An option for each parameter of a view."""
    return {
        parameter.name: Annotated[
            parameter.type | None,
            typer.Option(
                metavar="TEXT" if parameter.type is str else "N", help=f"{parameter.help} [{parameter.shown}]"
            ),
        ]
        for parameter in view.parameters
    }


def _opened(view: View[Any]) -> Callable[[Settings, Mapping[str, Any]], Opened]:
    """A view as it is declared, its parameters from the options, else the settings, else their defaults."""

    def opened(settings: Settings, options: Mapping[str, Any]) -> Opened:
        return view, {
            parameter.name: view_settings.parameter(settings, view.name, parameter)
            if options[parameter.name] is None
            else options[parameter.name]
            for parameter in view.parameters
        }

    return opened


def _chart(settings: Settings, options: Mapping[str, Any]) -> Opened:
    """A chart of the studies that ``with`` names, on the command line or in the settings."""
    named = options["studies"]
    try:
        made = parts(named or studies(settings), partial(study_parameter, settings))
        return chart(made), {}
    except ValueError as error:
        if named:
            raise typer.BadParameter(str(error), param_hint="--with") from error
        raise settings.wrong(("views", CHART.name, "with"), f"is wrong: {error}") from error


_WITH: Final = {
    "studies": Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="NAME,...",
            help="What to draw over and beneath the prices: bollinger,rsi,volume; parameters may follow: "
            "sma:period=20,sma:period=50. Without it views.chart.with in the settings, else volume.",
            autocompletion=completions,
        ),
    ],
}

app.command(CHART.name, help=CHART.help)(_command(CHART, _WITH, _chart))
for _view in VIEWS.values():
    app.command(_view.name, help=_view.help)(_command(_view, _options(_view), _opened(_view)))


def _watch(ctx: typer.Context, opened: Opened, keys: tuple[str, ...], options: dict[str, Any]) -> None:
    context = Context.of(ctx)
    settings = context.settings
    view, parameters = opened
    chosen = keys or view_settings.keys(settings, view)
    selection = Selection(chosen, options.get("interval"), options.get("feed"), options.get("resample"))
    if selection.resample and selection.interval and not add_up(selection.interval, selection.resample):
        told = f"bars of {selection.interval} do not add up to bars of {selection.resample}"
        raise typer.BadParameter(told, param_hint="--resample")
    if options["each"]:
        windows.each(ctx, view.name, selection, options)
        return
    try:
        live = Live(view, selection, parameters, settings.connection(), settings.state_dir)
    except ValueError as error:
        raise ConfigError(f"watch {view.name}: {error}") from error
    figures = WindowMetrics(context.command, view.topic.name, "+".join(chosen))

    def report(taken: int, status: Status) -> None:
        context.reporter.progress(taken, None, status.rate, state(status))
        figures.told(taken, status)

    with (
        measured(figures, options["metrics"], context.reporter),
        watching(
            live, values=options["values"], report=report, once=options["once"], seconds=options["seconds"]
        ) as watched,
    ):
        _show(context, watched, selection, options, figures.frames)


def _show(
    context: Context, watched: Watching[Any], selection: Selection, options: dict[str, Any], frames: Frames
) -> None:
    """Open the window; or draw to a file, or to none where only the table or the end is wanted."""
    settings, window = context.settings, context.settings.window
    if watched.view.tiles:
        _show_dashboard(context, watched, selection, options, frames)
        return
    scope: dict[str, Any] = {
        "start": _instant("--start", options["start"]),
        "end": _instant("--end", options["end"]),
    }
    if options["headless"] is not None:
        from stockstream.charts.picture import Picture

        rows = options["rows"] or window.rows
        picture = Picture(
            watched,
            options["headless"],
            **scope,
            rows=rows,
            theme=options["theme"] or window.theme,
            alerts=window.alerts,
        )
        run(watched, picture.refresh)
        picture.finish()
        return
    if options["once"]:
        run(watched, lambda: None)
        return
    from stockstream.charts.window import Window

    refresh = options["refresh"] or window.refresh or _BEAT
    try:
        shown = Window(
            watched,
            refresh=refresh,
            frames=frames,
            backend=options["backend"] or window.backend,
            rows=window.rows,
            alerts=window.alerts,
            **scope,
            **windows.looks(settings, watched.view.name, selection, options),
        )
    except DisplayError as error:
        if options["values"] is None:
            raise
        context.reporter.note(f"{error.message}: only {options['values']} is kept")
        run(watched, lambda: None)
    else:
        shown.show()


def _show_dashboard(
    context: Context, watched: Watching[Any], selection: Selection, options: dict[str, Any], frames: Frames
) -> None:
    """The same for a view with tiles, which always shows all that the topic holds."""
    for name in ("start", "end", "rows"):
        if options[name] is not None:
            raise typer.BadParameter("a dashboard shows all that the topic holds", param_hint=f"--{name}")
    window, rows = context.settings.window, watched.view.tiles
    if options["headless"] is not None:
        from stockstream.charts.dashboard_window import DashboardPicture

        picture = DashboardPicture(watched, rows, options["headless"], theme=options["theme"] or window.theme)
        run(watched, picture.refresh)
        picture.finish()
        return
    if options["once"]:
        run(watched, lambda: None)
        return
    from stockstream.charts.dashboard_window import DashboardWindow

    refresh = options["refresh"] or window.refresh or _BEAT
    looks = windows.looks(context.settings, watched.view.name, selection, options)
    backend = options["backend"] or window.backend
    DashboardWindow(watched, rows, refresh=refresh, backend=backend, frames=frames, **looks).show()


def _instant(option: str, text: str | None) -> np.datetime64 | None:
    """A moment in UTC; a day that is an end means the end of that day."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no date: 2026-03-02, or 2026-03-02T14:30", param_hint=option) from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    instant = np.datetime64(moment, "us")
    return instant + _DAY if option == "--end" and len(text) == len("2026-03-02") else instant
