"""``stockstream cloud plan``: what would be made in AWS, its cost and its rights."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stockstream.cli.checked import matching
from stockstream.cli.cloud.options import CrawlerRole, Database, Region
from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.panels import PARAMETERS
from stockstream.cli.table_places import BucketOption
from stockstream.cli.text import fitting, screen
from stockstream.cloud.clients import Session, require_aws

if TYPE_CHECKING:  # pyarrow and boto3 are slow to import, and an extra
    from stockstream.cloud.cost import Volume
    from stockstream.cloud.deployment import Deployment


def plan(
    ctx: typer.Context,
    to: BucketOption = None,
    database: Database = None,
    region: Region = None,
    account: Annotated[
        str,
        typer.Option(
            "--account",
            metavar="NUMBER",
            callback=matching(r"\*|[0-9]{12}", "an account of 12 digits"),
            help="Your account, for the policy; * for any.",
        ),
    ] = "*",
    crawler: CrawlerRole = None,
    policy: Annotated[
        Literal["store", "catalog", "sql", "all"] | None,
        typer.Option("--policy", metavar="store|catalog|sql|all", help="Print only the IAM policy for this."),
    ] = None,
    rows: Annotated[
        int,
        typer.Option("--rows", metavar="N", min=1, help="Records stored a day.", rich_help_panel=PARAMETERS),
    ] = 100_000,
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, help="Days that are kept.", rich_help_panel=PARAMETERS)
    ] = 365,
    writers: Annotated[
        int, typer.Option("--writers", metavar="N", min=1, help="Processes that store.", rich_help_panel=PARAMETERS)
    ] = 1,
    queries: Annotated[
        int, typer.Option("--queries", metavar="N", min=0, help="Queries a day.", rich_help_panel=PARAMETERS)
    ] = 20,
    scanned: Annotated[
        float,
        typer.Option("--scanned", metavar="MB", min=0.0, help="MB that a query scans.", rich_help_panel=PARAMETERS),
    ] = 100.0,
    crawls: Annotated[
        int,
        typer.Option("--crawls", metavar="N", min=0, help="Runs of the crawler a month.", rich_help_panel=PARAMETERS),
    ] = 0,
    disk: Annotated[
        int,
        typer.Option(
            "--disk", metavar="GB", min=0, help="Also an EC2 instance with this disk.", rich_help_panel=PARAMETERS
        ),
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Print what would be created, what it costs a month, and the rights it needs; AWS is not asked."""
    require_aws()
    from stockstream.cloud.cost import Volume
    from stockstream.cloud.deployment import Deployment
    from stockstream.cloud.policy import policy as policy_for

    context = Context.of(ctx)
    names = Deployment.chosen(to, database, context.settings)
    where = region or Session().region or "*"
    rights = policy_for(names, policy or "all", region=where, account=account, crawler_role=crawler)
    if policy is not None:
        context.reporter.result(json.dumps(rights, indent=2))
        return
    volume = Volume(
        rows=rows,
        days=days,
        commit_seconds=context.settings.tables.every,
        writers=writers,
        queries=queries,
        scanned_mb=scanned,
        crawls=crawls,
        disk_gb=disk,
    )
    planned = _resources(names, crawler=crawler is not None)
    shown = _as_json if as_json else _as_text
    context.reporter.result(shown(planned, volume, rights))


def _resources(names: Deployment, *, crawler: bool) -> list[tuple[str, str, str]]:
    """What would be created: its kind, name and purpose."""
    from stockstream.cloud.deployment import STORED
    from stockstream.tables.schema import TABLES

    tables = [
        ("Glue table", f"{names.database}.{STORED}{each}", f"Delta, {names.location.uri(each)}/, if it is there")
        for each in TABLES
    ]
    crawlers = (
        [("Glue crawler", names.crawler, "keeps the columns current, runs when it is started")] if crawler else []
    )
    return [("Glue database", names.database, "tagged made_by=stockstream"), *tables, *crawlers]


def _as_text(planned: list[tuple[str, str, str]], volume: Volume, rights: dict[str, object]) -> str:
    from stockstream.cloud.cost import Prices, monthly

    prices = Prices.listed()
    costs = list(monthly(volume, prices))
    month = f"{prices.currency} A MONTH"
    bill = [[each.what, each.amount, f"{each.month:,.2f}"] for each in costs]
    total = ["total", "", f"{sum(each.month for each in costs):,.2f}"]
    assumed = (
        f"For {volume.rows:,} rows a day of {volume.row_bytes} bytes, {volume.days:,} days kept, a commit every "
        f"{volume.commit_seconds:g} s (tables.every).\nPrices of {prices.date}, {prices.region}. {prices.note}"
    )
    return "\n\n".join(
        [
            fitting(["CREATED", "NAME", "WHAT"], planned, screen()),
            fitting(["COST", "AMOUNT", month], [*bill, total], screen(), right=[month]),
            assumed,
            f"IAM policy (for one purpose: --policy store|catalog|sql):\n{json.dumps(rights, indent=2)}",
        ]
    )


def _as_json(planned: list[tuple[str, str, str]], volume: Volume, rights: dict[str, object]) -> str:
    from stockstream.cloud.cost import Prices, monthly

    prices = Prices.listed()
    costs = list(monthly(volume, prices))
    found = {
        "created": [dict(zip(("kind", "name", "what"), each, strict=True)) for each in planned],
        "volume": asdict(volume),
        "costs": [asdict(each) for each in costs],
        "total": sum(each.month for each in costs),
        "currency": prices.currency,
        "prices": {"date": prices.date, "region": prices.region, "sources": prices.sources},
        "policy": rights,
    }
    return json.dumps(found, indent=2)
