"""``stockstream rebuild``: makes saved states again from the topic, and compares them with the former ones."""

from __future__ import annotations

from typing import Annotated

import typer

from stockstream.cli.context import Context
from stockstream.cli.panels import PARAMETERS
from stockstream.cli.reset import states_of
from stockstream.cli.topics import PATIENCE
from stockstream.cli.watch.watch import chart_of
from stockstream.config import Settings
from stockstream.consumers.chart import completions
from stockstream.consumers.choice import Choice
from stockstream.consumers.rebuild import Rebuilt, rebuild
from stockstream.consumers.registry import VIEWS
from stockstream.consumers.view_settings import CHART
from stockstream.errors import StateError
from stockstream.kafka.admin import Admin
from stockstream.kafka.waiting import no_topic
from stockstream.names import unknown
from stockstream.views.fold import Selection
from stockstream.views.view import AnyView


def rebuild_states(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="VIEW", help="Name of the view, as for watch.", autocompletion=lambda: [CHART.name, *VIEWS]
        ),
    ],
    studies: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="NAME,...",
            help="For a chart: its indicators; by default those of the settings.",
            autocompletion=completions,
            rich_help_panel=PARAMETERS,
        ),
    ] = None,
) -> None:
    """Rebuild the saved states of a view from the topic, and report the differences.

    The exit code is 0 if the saved states agreed with the topic, 1 if one differed or could not be read. The rebuilt
    states replace them. A state is compared and kept if the topic no longer holds all of its records.
    """
    context = Context.of(ctx)
    view = _view(context.settings, name, studies)
    admin = Admin(context.settings.connection("admin"), timeout=PATIENCE)
    topic_id = admin.topic_id(view.topic.name)
    if topic_id is None:
        raise no_topic(view.topic.name, context.settings.connection("admin"))
    folders = [each for each in states_of(context.settings.state_dir, admin.cluster_id()) if each.parent.name == name]
    if not folders:
        raise StateError(f"no window of {name} has saved a state", hint=f"`stockstream watch {name}` does")
    well = True
    for folder in folders:
        try:
            choice = Choice.read(folder)
        except StateError as error:
            # Such as that of a window which ended before its first save; the others are made again.
            context.reporter.warn(str(error))
            well = False
            continue
        found = rebuild(view, folder, topic_id, choice, context.settings.connection("consumer"))
        context.reporter.result(f"{name} {_title(choice.selection)}: {_words(found)}")
        well &= found.equal
    if not well:
        raise typer.Exit(1)


def _view(settings: Settings, name: str, studies: list[str] | None) -> AnyView:
    if name == CHART.name:
        return chart_of(settings, studies)
    if name not in VIEWS:
        raise typer.BadParameter(unknown("view", name, [CHART.name, *VIEWS]))
    if studies:
        raise typer.BadParameter("is for a chart", param_hint="--with")
    return VIEWS[name]


def _title(selection: Selection) -> str:
    """Which of a view's states it is.

    >>> _title(Selection(("AAPL", "MSFT"), "1d")), _title(Selection(resample="1wk"))
    ('AAPL, MSFT 1d', 'all resampled to 1wk')
    """
    resampled = selection.resample and f"resampled to {selection.resample}"
    names = ", ".join(selection.keys) or "all"
    return " ".join(filter(None, (names, selection.interval, selection.feed, resampled)))


def _words(found: Rebuilt) -> str:
    read = f"{found.records:,} records read"
    kept = f"; kept, as the topic no longer holds {found.gone:,} records of it" if found.gone else ""
    if found.unusable:
        return f"rebuilt, {read} ({found.unusable})"
    if found.differences:
        done = "" if found.gone else "rebuilt, "
        return f"{done}{read}{kept}; it differed: {'; '.join(found.differences)}"
    return f"equal, {read}{kept}"
