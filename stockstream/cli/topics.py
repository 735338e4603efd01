"""``stockstream topics``: lists the topics of the broker, changes and copies them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.serving import servers
from stockstream.cli.text import size, span, table
from stockstream.kafka.admin import Admin, TopicSummary
from stockstream.kafka.disk import local_topics, partition_sizes

PATIENCE: Final = 5.0
"""Seconds that a command which only looks waits for the broker."""


app = typer.Typer(cls=Group)


@app.callback(invoke_without_command=True)
def topics(
    ctx: typer.Context,
    as_json: JsonOption = False,
    add_partitions: Annotated[
        list[str] | None,
        typer.Option("--add-partitions", metavar="TOPIC=N", help="Increase the partitions of a topic to N."),
    ] = None,
    retention: Annotated[
        list[str] | None,
        typer.Option(
            "--retention",
            metavar="TOPIC=SPAN",
            help="Set how long records are kept: 30d, 1y, forever; never compacted.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before records are deleted.")] = False,
) -> None:
    """List the topics: partitions, records, when the newest was sent, and size on disk; or change them.

    Sizes are known only for a broker on this machine with its usual directory (``stockstream broker``).
    """
    if ctx.invoked_subcommand is not None:
        return
    context = Context.of(ctx)
    if add_partitions or retention:
        from stockstream.cli.topic_changes import change

        change(context, add_partitions or (), retention or (), yes=yes)
        return
    admin = Admin(context.settings.connection("monitor"), timeout=PATIENCE)
    summaries = admin.summaries()
    if not summaries and not as_json:
        context.reporter.note("no topics yet: `stockstream produce` makes them")
        return
    folders = local_topics(context.settings.data_dir, admin.cluster_id())
    sizes = {each.name: sum(partition_sizes(folders, each.name).values()) for each in summaries} if folders else {}
    context.reporter.result(_json_of_topics(summaries, sizes) if as_json else _table_of_topics(summaries, sizes))


@app.command("copy", cls=Command, epilog=examples("topics copy --from 127.0.0.1:19092 stocks flights"))
def copy_topics(
    ctx: typer.Context,
    source: Annotated[str, typer.Option("--from", metavar="HOST:PORT", parser=servers, help="Broker to copy from.")],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC", help="Topics to copy; all by default.", show_default=False)
    ] = None,
) -> None:
    """Bring topics over from another broker: each record once, with its key, headers and time.

    Records that were copied before are skipped: if a copy was interrupted, run the command again. No other program may
    write to these topics of the target at the same time.
    """

    from stockstream.cli.topic_copy import copy

    copy(Context.of(ctx), source, names or ())


def _table_of_topics(summaries: Sequence[TopicSummary], sizes: Mapping[str, int]) -> str:
    header = ["TOPIC", "PARTITIONS", "RECORDS", "NEWEST SENT", *(["SIZE"] if sizes else [])]
    rows = [
        [
            summary.name,
            str(summary.partitions),
            f"{summary.records:,}",
            _sent(summary.newest),
            *([size(sizes[summary.name])] if sizes else []),
        ]
        for summary in summaries
    ]
    return table(header, rows, right=["PARTITIONS", "RECORDS", "SIZE"])


def _json_of_topics(summaries: Sequence[TopicSummary], sizes: Mapping[str, int]) -> str:
    found = [
        {
            "topic": summary.name,
            "partitions": summary.partitions,
            "records": summary.records,
            "newest": iso(summary.newest),
            "bytes": sizes.get(summary.name),
        }
        for summary in summaries
    ]
    return json.dumps(found, indent=2)


def iso(instant: datetime | None) -> str | None:
    """An instant as JSON has it, in UTC."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _sent(instant: datetime | None) -> str:
    if instant is None:
        return "-"
    age = (datetime.now(UTC) - instant).total_seconds()
    return f"{instant:%Y-%m-%d %H:%M:%S}Z ({span(max(0.0, age))} ago)"
