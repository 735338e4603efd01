"""``stockstream models``: lists, describes and evaluates models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

import typer

from stockstream.cli import indicators
from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Invocation
from stockstream.cli.evaluate import evaluate
from stockstream.cli.outputs import JsonOption
from stockstream.indicators.catalog import catalog, describe
from stockstream.models import Model
from stockstream.models.base import AnyModel, missing
from stockstream.names import unknown

app = typer.Typer(cls=Group)


def kinds() -> Mapping[str, type[AnyModel]]:
    """The models by name, those of plug-ins included."""
    return {name: kind for name, kind in catalog().items() if issubclass(kind, Model)}


def _names(incomplete: str) -> list[str]:
    return [name for name in kinds() if name.startswith(incomplete)]


@app.callback(invoke_without_command=True)
def models(ctx: typer.Context) -> None:
    """List, describe or evaluate models: predictors, and detectors of outliers and trends.

    A model is an indicator: it has a window, a part in charts, and SQL.
    """
    if ctx.invoked_subcommand is None:
        list_models(ctx)


@app.command("list", cls=Command, epilog=examples("models list", "models list --json"))
def list_models(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List all models: description, parameters, lookback with default parameters, fields."""
    invocation = Invocation.of(ctx)
    found = [describe(kind) for kind in kinds().values()]
    invocation.warn_of_plugins()
    if as_json:
        invocation.reporter.result(json.dumps([indicators.record(each) for each in found], indent=2))
        return
    invocation.reporter.result(indicators.listing(found))
    for name, kind in kinds().items():
        if (package := kind.lacking()) is not None:
            invocation.reporter.warn(str(missing(name, package)))


@app.command("describe", cls=Command, epilog=examples("models describe direction", "models describe outlier --json"))
def describe_one(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of a model, such as direction.", autocompletion=_names)
    ],
    as_json: JsonOption = False,
) -> None:
    """Describe a model: formula, source, parameters, units, lookback, an example."""
    if name.lower() not in kinds():
        raise typer.BadParameter(unknown("model", name, kinds()), param_hint="NAME")
    indicators.describe_one(ctx, name, as_json)


app.command(
    "evaluate",
    cls=Command,
    epilog=examples(
        "models evaluate direction AAPL --history 2y",
        "models evaluate direction:ahead=5 AAPL --interval 1d --plot scores.png",
        "models evaluate direction --csv AAPL.csv --cost 0.001 --json",
        "models evaluate forecast:ahead=10 AAPL",
    ),
)(evaluate)
