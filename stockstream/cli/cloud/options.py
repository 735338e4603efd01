"""Options that the commands of ``stockstream cloud`` share."""

from __future__ import annotations

from typing import Annotated

import typer

Place = Annotated[
    str | None,
    typer.Option("--to", metavar="s3://BUCKET/PREFIX", help="The tables; default: tables.dir of the settings."),
]
Database = Annotated[
    str | None,
    typer.Option("--database", metavar="NAME", help="Glue's database; default: cloud.database of the settings."),
]
Region = Annotated[
    str | None, typer.Option("--region", metavar="NAME", help="AWS region; default: that of the environment.")
]
CrawlerRole = Annotated[
    str | None,
    typer.Option("--crawler", metavar="ARN", help="Also a Glue crawler for the tables, with this IAM role."),
]
