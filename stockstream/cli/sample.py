"""``stockstream sample``: writes the sample data of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from stockstream.cli import outputs
from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Context
from stockstream.cli.text import size
from stockstream.errors import StockstreamError
from stockstream.files import replacing
from stockstream.producers.sample import SEED, sample_flights

SAMPLE: Final = Path("data") / "flights" / "sample.csv"
"""Path of the sample, relative to the project's folder."""

app = typer.Typer(cls=Group, no_args_is_help=True, help="Write the sample data.")


@app.callback()
def sample() -> None:
    """Make the sample data: the same bytes for the same seed."""


@app.command(cls=Command, epilog=examples("sample flights", "sample flights --out month.csv --seed 7"))
def flights(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write.")] = SAMPLE,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Random seed of the month.")] = SEED,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists and differs.")] = False,
) -> None:
    """Write a month of invented flights of three airlines, in the layout of Kaggle's 2015 file."""
    context = Context.of(ctx)
    made = sample_flights(seed)
    outputs.check_name(out, outputs.FLIGHTS, "--out")
    try:
        if not force and out.exists() and out.read_bytes() not in (b"", made):
            raise typer.BadParameter(
                f"{out} exists and differs: choose another name, or --force to overwrite it", param_hint="--out"
            )
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StockstreamError(f"{out} cannot be written: {error.strerror}") from error
    with replacing(out, hint="name another with --out") as beside:
        beside.write_bytes(made)
    rows = made.count(b"\n")  # the header has a line end, the last row has none
    context.reporter.result(f"{out}: {rows:,} flights, {size(len(made))}, seed {seed}")
