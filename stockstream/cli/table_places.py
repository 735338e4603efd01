"""Options that say where the durable tables are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from typer.models import OptionInfo

from stockstream.cli import checked
from stockstream.cli.panels import FILES
from stockstream.config_choices import S3_PREFIX

_BUCKET = "s3://BUCKET/PREFIX"


def _place(name: str, metavar: str, check: Callable[[str | None], str | None]) -> OptionInfo:
    option: OptionInfo = typer.Option(
        name,
        metavar=metavar,
        callback=check,
        help="Where the tables are; default: tables.dir of the settings.",
        rich_help_panel=FILES,
    )
    return option


PlaceOption = Annotated[str | None, _place("--to", f"DIR|{_BUCKET}", checked.tables)]
TablesOption = Annotated[str | None, _place("--tables", f"DIR|{_BUCKET}", checked.tables)]
BucketOption = Annotated[str | None, _place("--to", _BUCKET, checked.matching(S3_PREFIX.pattern, _BUCKET))]
