"""Options that the commands of ``stockstream cloud`` share."""

from __future__ import annotations

from typing import Annotated

import typer

from stockstream.cli.checked import matching
from stockstream.config_choices import DATABASE

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="NAME",
        callback=matching(DATABASE, "a name of small letters, digits, - and _"),
        help="Glue's database; default: cloud.database of the settings.",
    ),
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="NAME",
        callback=matching(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]", "a region such as eu-central-1"),
        help="AWS region; default: that of the environment.",
    ),
]
CrawlerRole = Annotated[
    str | None,
    typer.Option(
        "--crawler",
        metavar="ARN",
        callback=matching(r"arn:aws:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", "a role: arn:aws:iam::ACCOUNT:role/NAME"),
        help="Also a Glue crawler for the tables, with this IAM role.",
    ),
]
