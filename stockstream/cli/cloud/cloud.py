"""The commands of ``stockstream cloud``: Glue's catalog is filled, and emptied again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from stockstream.cli.cloud.options import CrawlerRole, Database, Region
from stockstream.cli.cloud.plan import plan
from stockstream.cli.cloud.sql import sql
from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.table_places import BucketOption
from stockstream.cloud.clients import Session, require_aws

if TYPE_CHECKING:  # pyarrow is slow to import, and an extra
    from stockstream.cloud.catalog import Change

app = typer.Typer(cls=Group, no_args_is_help=True)


@app.callback()
def cloud() -> None:
    """The tables in AWS: cost, rights, Glue's catalog, Athena.

    Credentials come from the usual chain of AWS: the environment, a profile (AWS_PROFILE), or the instance's role.
    """


def catalog(
    ctx: typer.Context,
    to: BucketOption = None,
    database: Database = None,
    region: Region = None,
    crawler: CrawlerRole = None,
    as_json: JsonOption = False,
) -> None:
    """Create or update the entries of the tables in Glue's catalog, where Athena finds them.

    The database is created, too, and with --crawler a crawler. What stockstream did not make is not changed.
    """
    require_aws()
    from stockstream.cloud.catalog import Catalog
    from stockstream.cloud.deployment import Deployment

    context = Context.of(ctx)
    names = Deployment.chosen(to, database, context.settings)
    _report(context, Catalog(names, Session(region)).publish(crawler_role=crawler), as_json=as_json)


def destroy(
    ctx: typer.Context,
    to: BucketOption = None,
    database: Database = None,
    region: Region = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove what `cloud catalog` made, which its tag says, and nothing else.

    The tables in the bucket stay, and so do results of queries.
    """
    require_aws()
    from stockstream.cloud.catalog import Catalog
    from stockstream.cloud.deployment import Deployment

    context = Context.of(ctx)
    names = Deployment.chosen(to, database, context.settings)
    if not yes:
        question = f"Remove from Glue's catalog what stockstream made in the database {names.database}?"
        typer.confirm(question, abort=True, err=True)
    if not _report(context, Catalog(names, Session(region)).remove(), as_json=as_json):
        context.reporter.note(f"there is no database {names.database}")


def _report(context: Context, changes: Iterable[Change], *, as_json: bool) -> int:
    """Report each change when it is done, also if a later one fails; returns their number."""
    done = []
    try:
        for change in changes:
            done.append(change)
            if not as_json:
                context.reporter.result(f"{change.kind} {change.name}: {change.deed}")
    except KeyboardInterrupt:
        context.reporter.note("stopped: what is listed is done, and the same command does the rest")
        raise
    finally:
        if as_json:
            context.reporter.result(json.dumps(list(map(asdict, done)), indent=2))
    return len(done)


_PLACE = "--to s3://shares/tables"

app.command(
    "plan",
    cls=Command,
    epilog=examples(f"cloud plan {_PLACE}", f"cloud plan {_PLACE} --rows 2000000", f"cloud plan {_PLACE} --policy sql"),
)(plan)
app.command("catalog", cls=Command, epilog=examples(f"cloud catalog {_PLACE}", "cloud catalog --database shares"))(
    catalog
)
app.command(
    "sql", cls=Command, epilog=examples("cloud sql 'SELECT count(*) FROM stored_bars'", "cloud sql --csv - --rows 0")
)(sql)
app.command("destroy", cls=Command, epilog=examples("cloud destroy --database shares", "cloud destroy --yes"))(destroy)
