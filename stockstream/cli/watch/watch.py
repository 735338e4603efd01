"""``stockstream watch``: a sub-command for each view, with options from the view's declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import msgspec
import typer

from stockstream.cli import completion
from stockstream.cli.commands import Command, LazyGroup, examples, made
from stockstream.cli.context import Context
from stockstream.cli.option_groups import Declared, declared, give_options
from stockstream.cli.panels import PARAMETERS
from stockstream.cli.watch.options import CommonOptions, SeriesOptions, WatchOptions
from stockstream.consumers import view_settings
from stockstream.consumers.chart import completions, parts
from stockstream.consumers.registry import VIEWS
from stockstream.consumers.view_settings import CHART, studies, study_parameter
from stockstream.views.fold import Parameters, Value
from stockstream.views.study import chart
from stockstream.views.view import AnyView

if TYPE_CHECKING:  # pydantic's models take long to make, and `--help` does not need them
    from stockstream.config import Settings


@dataclass(frozen=True)
class Opened:
    """A view with the values of its parameters."""

    view: AnyView
    parameters: Parameters


class Opening(Protocol):
    """Creates a view from the settings and a sub-command's own options."""

    def __call__(self, settings: Settings, given: Mapping[str, object], /) -> Opened:
        """Raises ConfigError, or typer.BadParameter for a wrong option."""


class Watch(Protocol):
    """A sub-command; typer calls it with options by name."""

    def __call__(self, ctx: typer.Context, keys: list[str] | None, **given: object) -> None:
        """Watch."""


def _watch(view: AnyView, own: Mapping[str, Declared], opening: Opening) -> Watch:
    """A sub-command; typer reads its options from the signature built here."""

    def watch(ctx: typer.Context, keys: list[str] | None, **given: object) -> None:
        what = opening(Context.of(ctx).settings, given)
        # Kafka's client and the windows are slow to import, and `--help` does not need them.
        from stockstream.cli.watch.session import watch as run

        run(ctx, what.view, what.parameters, tuple(keys or ()), WatchOptions.of(given))

    named = Annotated[
        list[str] | None,
        typer.Argument(metavar=view.key_name.upper(), help=_which(view), autocompletion=_KEYS[view.key_name]),
    ]
    options = {
        "ctx": Declared(typer.Context),
        "keys": Declared(named, None),
        **(declared(SeriesOptions) if view.key_name == "symbol" else {}),
        **own,  # of an indicator with sessions of its own, opens and calendar mean both
        **declared(CommonOptions),
    }
    give_options(watch, options)
    watch.__doc__ = view.help
    return watch


_KEYS: Final = {"symbol": completion.symbols, "airline": completion.airlines}


def _which(view: AnyView) -> str:
    plural = f"{view.key_name}s"
    default = f"views.{view.name}.{plural} in the settings, otherwise {view.choice}"
    return f"{plural.capitalize()} to show; by default {default}."


def _options(view: AnyView) -> dict[str, Declared]:
    """An option for each parameter of a view."""
    return {
        parameter.name: Declared(
            Annotated[
                parameter.type | None,
                typer.Option(
                    metavar="TEXT" if parameter.type is str else "N",
                    help=f"{parameter.help} [{parameter.default_text}]",
                    rich_help_panel=PARAMETERS,
                ),
            ],
            None,
        )
        for parameter in view.parameters
    }


def _opening(view: AnyView) -> Opening:
    """Creates a view from its declaration."""

    def opening(settings: Settings, given: Mapping[str, object]) -> Opened:
        own = {each.name: msgspec.convert(given[each.name], Value) for each in view.parameters}
        return Opened(view, view_settings.parameters(settings, view, own))

    return opening


def _open_chart(settings: Settings, given: Mapping[str, object]) -> Opened:
    """Creates a chart of the studies named by ``with``, on the command line or in the settings."""
    return Opened(chart_of(settings, msgspec.convert(given["studies"], list[str] | None)), {})


def chart_of(settings: Settings, named: list[str] | None) -> AnyView:
    """A chart of studies, by default of those in the settings. Raises typer.BadParameter and ConfigError."""
    try:
        return chart(parts(named or studies(settings), partial(study_parameter, settings)))
    except ValueError as error:
        if named:
            raise typer.BadParameter(str(error), param_hint="--with") from error
        raise settings.wrong(("views", CHART.name, "with"), f"is wrong: {error}") from error


_WITH: Final = {
    "studies": Declared(
        Annotated[
            list[str] | None,
            typer.Option(
                "--with",
                metavar="NAME,...",
                help="Indicators to draw over and below the prices: bollinger,rsi,volume; with parameters: "
                "sma:period=20,sma:period=50. Without it views.chart.with in the settings, else volume.",
                autocompletion=completions,
                rich_help_panel=PARAMETERS,
            ),
        ],
        None,
    ),
}

_VIEWS: Final[Mapping[str, AnyView]] = {CHART.name: CHART, **VIEWS}


class Views(LazyGroup):
    """A command for each view."""

    def lines(self) -> Mapping[str, str]:
        """As those of `LazyGroup`."""
        return {name: view.help for name, view in _VIEWS.items()}

    def built(self, name: str) -> Command:
        """As that of `LazyGroup`."""
        return command(name)


def command(name: str) -> Command:
    """The sub-command of a view."""
    view = _VIEWS[name]
    watch = _watch(view, _WITH, _open_chart) if view is CHART else _watch(view, _options(view), _opening(view))
    return made(name, watch, about=view.help, epilog=examples(*_examples(view)))


def _examples(view: AnyView) -> Iterator[str]:
    """Examples: a view of one key and of several, with parameters, and as a picture."""
    if view.tiles:
        yield f"watch {view.name}"
        yield f"watch {view.name} --once --headless {view.name}.png"
        return
    one, two = ("AAPL", "MSFT") if view.key_name == "symbol" else ("AA", "DL")
    own = "--with bollinger,rsi,volume" if view is CHART else _own(view)
    yield f"watch {view.name} {one} {own}".rstrip()
    yield f"watch {view.name} {one} {two} --each --theme dark"
    yield f"watch {view.name} {one} --once --headless {view.name}.png --values {view.name}.csv"


def _own(view: AnyView) -> str:
    """An option for a parameter of the view, as an example."""
    for parameter in view.parameters:
        if parameter.type is not str and parameter.default is not None:
            return f"--{parameter.name.replace('_', '-')} {parameter.default}"
    return ""


app = typer.Typer(cls=Views, no_args_is_help=True)


@app.callback()
def watch() -> None:
    """Open a live window on a topic."""
