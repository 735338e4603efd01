"""Options of windows: appearance, position, preferences, and several windows side by side."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import typer

from stockstream.charts.window import toolkits
from stockstream.cli.board import board
from stockstream.cli.context import Context
from stockstream.cli.supervisor import Child, Supervisor
from stockstream.cli.watch.options import ALONE, WatchOptions
from stockstream.config import Settings
from stockstream.config_sections import WindowSettings
from stockstream.consumers.live import folder_name
from stockstream.errors import StockstreamError
from stockstream.present.geometry import Geometry, side_by_side
from stockstream.present.options import WindowOptions
from stockstream.present.preferences import Preferences
from stockstream.views.fold import Selection

_BEAT: Final = 0.1


def memory_file(settings: Settings, view: str, selection: Selection) -> Path:
    """Path of a window's saved preferences: one file for each view and choice of keys."""
    return settings.state_dir / "windows" / f"{view}-{folder_name(selection)}.json"


def memory(settings: Settings, view: str, selection: Selection, options: WatchOptions) -> Path | None:
    """As `memory_file`; None for a window without saved preferences."""
    remembers = settings.window.memory and not options.no_memory
    return memory_file(settings, view, selection) if remembers else None


def window_options(
    usual: WindowSettings, options: WatchOptions, start: np.datetime64 | None, end: np.datetime64 | None
) -> WindowOptions:
    """Options of a window: the settings, overridden by the command line."""
    geometry = options.geometry
    return WindowOptions(
        rows=usual.rows,
        start=start,
        end=end,
        theme=usual.theme,
        alerts=usual.alerts,
        alert_band=usual.alert_band,
        refresh=options.refresh or usual.refresh or 0.0,
        backend=options.backend or usual.backend,
        picture=usual.save_as,
        asked=Preferences(
            geometry=None if geometry is None else Geometry.parse(geometry), rows=options.rows, theme=options.theme
        ),
    )


class _Kept(msgspec.Struct):
    """The part of a window's memory that other processes read."""

    window: Preferences = Preferences()


def geometries(settings: Settings, memories: Iterable[Path], *, toolkit: str | None = None) -> list[Geometry | None]:
    """Positions of several windows: side by side, unless each has a saved position.

    Raises DisplayError without a display.
    """
    files = list(memories)
    if len(files) == 1 or (settings.window.memory and all(map(_remembers, files))):
        return [None] * len(files)
    room = toolkits.screen(toolkits.choose(toolkit or settings.window.backend))
    return [*side_by_side(len(files), room)]


def _remembers(file: Path) -> bool:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept).window.geometry is not None
    except (OSError, msgspec.DecodeError):
        return False


def each(ctx: typer.Context, view: str, selection: Selection, options: WatchOptions) -> None:
    """Open a window for each key, each in its own process; returns when the last is closed. Raises their errors."""
    for name in ALONE:
        if getattr(options, name):
            raise typer.BadParameter("is for one window", param_hint=f"--{name.replace('_', '-')}")
    if not selection.keys:
        raise typer.BadParameter("name what to open a window for", param_hint="--each")
    context = Context.of(ctx)
    alone = [replace(selection, keys=(key,)) for key in selection.keys]
    opened = geometries(
        context.settings, [memory_file(context.settings, view, one) for one in alone], toolkit=options.backend
    )
    children: list[Child] = []
    with (
        board(context.reporter, children) as shown,
        Supervisor(_environment(context.settings), children, on_beat=shown.report) as supervisor,
    ):
        for key, geometry in zip(selection.keys, opened, strict=True):
            where = [] if geometry is None else ["--geometry", str(geometry)]
            arguments = [*_own(context), "watch", view, *_given(ctx), *where, "--", key]
            supervisor.start(key, [sys.executable, "-m", "stockstream", "--log-json", *arguments], rank=0)
        keep_up(supervisor, shown.report, rank=0)
    blame(supervisor)


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "STOCKSTREAM_BOOTSTRAP_SERVERS": settings.bootstrap_servers}


def _own(context: Context) -> Sequence[str]:
    """Global options, as given."""
    file = context.settings.named
    return [*(["--config", str(file)] if file else []), *(["--debug"] if context.debug else [])]


def _given(ctx: typer.Context) -> list[str]:
    """Options of the command as given, without those that request several windows."""
    arguments: list[str] = []
    for option in ctx.command.params:
        source = ctx.get_parameter_source(option.name or "")
        if (
            option.param_type_name != "option"
            or option.name == "each"
            or source is None
            or source.name != "COMMANDLINE"
        ):
            continue
        value = ctx.params[option.name or ""]
        if isinstance(value, bool):
            arguments.append(option.opts[0])
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            arguments.extend((option.opts[0], str(each)))
    return arguments


def keep_up(supervisor: Supervisor, report: Callable[[], None], *, rank: int, until: float | None = None) -> None:
    """Wait until the time is over, or all processes of that rank have ended."""
    while until is None or time.monotonic() < until:
        report()
        if not any(child.alive for child in supervisor.children if child.rank == rank):
            return
        time.sleep(_BEAT)


def blame(supervisor: Supervisor) -> None:
    """Report processes that failed, and why."""
    died = supervisor.died()
    if died:
        raise StockstreamError("; ".join(f"{child.name} failed: {child.why()}" for child in died))
