"""``stockstream control``: pauses, resumes and paces running producers, also from another machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Context
from stockstream.cli.text import printable, span, table
from stockstream.control import ALL, Order, Report
from stockstream.kafka import control as topic

app = typer.Typer(cls=Group, no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(
        metavar="PRODUCER", help=f"Name of the command, such as yahoo, simulated or mqtt; {ALL} for every producer."
    ),
]


@app.callback()
def control() -> None:
    """Pause, resume and pace running producers.

    Orders are kept in a compacted topic: they reach producers on any machine, and producers that are started later. An
    order to a name comes before an order to all.
    """


def pause(ctx: typer.Context, name: Name) -> None:
    """Stop a producer until it is resumed.

    Its source is not read meanwhile.
    """
    _send(Context.of(ctx), Order(name, paused=True), "is paused")


def resume(ctx: typer.Context, name: Name) -> None:
    """Let a producer continue as it was started, after a pause or at a limited rate."""
    _send(Context.of(ctx), Order(name), "continues")


def rate(
    ctx: typer.Context,
    name: Name,
    records: Annotated[float, typer.Argument(metavar="N", min=0.001, help="Records a second.")],
) -> None:
    """Limit a producer to N records a second; a paused one continues."""
    _send(Context.of(ctx), Order(name, rate=records), f"sends {records:g} records a second at most")


def forget(ctx: typer.Context, name: Name) -> None:
    """Delete the order to a name.

    It then no longer reaches producers that are started later.
    """
    context = Context.of(ctx)
    _send(context, Order(name), "continues")
    topic.send(context.settings.connection("producer"), [(Order(name).key, None)])


def running(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the producers that run, and the orders."""
    context = Context.of(ctx)
    orders, reports = topic.read(context.settings.connection("producer"))
    if as_json:
        found = {"producers": reports, "orders": [each for _, each in sorted(orders.items())]}
        context.reporter.result(msgspec.json.encode(found).decode())
        return
    now = datetime.now(UTC)
    rows = [
        [
            each.name,
            each.host,
            str(each.pid),
            each.topic,
            f"{each.sent:,}",
            span((now - each.started).total_seconds()),
            _state(each),
        ]
        for each in reports
    ]
    header = ["PRODUCER", "HOST", "PROCESS", "TOPIC", "SENT", "SINCE", "STATE"]
    shown = table(header, [[*map(printable, row)] for row in rows])
    context.reporter.result(shown if rows else "no producer is running")
    for order in orders.values():
        if order != Order(order.name):
            context.reporter.note(f"order to {printable(order.name)}: {_ordered(order)}")


def _state(report: Report) -> str:
    if report.paused:
        return "paused"
    return "not limited" if report.rate is None else f"{report.rate:g} a second"


def _ordered(order: Order) -> str:
    return "paused" if order.paused else f"{order.rate:g} records a second"


def _send(context: Context, order: Order, effect: str) -> None:
    if not order.name or len(order.name) > 100 or "/" in order.name:
        raise typer.BadParameter("name a producer, such as yahoo", param_hint="PRODUCER")
    connection = context.settings.connection("producer")
    topic.make(connection)
    topic.send(connection, [(order.key, order)])
    _, reports = topic.read(connection)
    reached = [each for each in reports if order.name in (ALL, each.name)]
    context.reporter.result(f"{printable(order.name)} {effect}")
    if not reached:
        context.reporter.warn(f"no producer {printable(order.name)} is running: the order holds for the next one")


app.command("pause", cls=Command, epilog=examples("control pause yahoo", "control pause all"))(pause)
app.command("resume", cls=Command, epilog=examples("control resume yahoo"))(resume)
app.command("rate", cls=Command, epilog=examples("control rate simulated 100"))(rate)
app.command("forget", cls=Command, epilog=examples("control forget simulated"))(forget)
app.command("list", cls=Command, epilog=examples("control list", "control list --json"))(running)
