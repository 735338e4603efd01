"""``stockstream alerts list``, ``show``, ``acknowledge`` and ``mute``: what the topic alerts holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from stockstream.alerts.alert import acknowledged, muting
from stockstream.alerts.language.spans import seconds_of
from stockstream.cli import completion
from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.text import printable, table
from stockstream.errors import StockstreamError
from stockstream.names import cut, listed, unknown
from stockstream.periods import intraday
from stockstream.topics import ALERTS

if TYPE_CHECKING:
    from stockstream.records import Alert

_NEWEST: Final = 50


def list_all(
    ctx: typer.Context,
    rule: Annotated[str | None, typer.Option("--rule", metavar="NAME", help="Only those of this rule.")] = None,
    symbol: Annotated[
        str | None,
        typer.Option("--symbol", metavar="SYMBOL", help="Only those of it.", autocompletion=completion.symbols),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help="Only raised, acknowledged, withdrawn, muted or watched ones."),
    ] = None,
    count: Annotated[int, typer.Option("-n", min=1, metavar="N", help="The newest so many.")] = _NEWEST,
    as_json: JsonOption = False,
) -> None:
    """List the newest alerts, the muted rules and the watched levels, each in its present state."""
    if state not in (None, "raised", "acknowledged", "withdrawn", "muted", "watched"):
        raise typer.BadParameter(
            f"{cut(str(state))} is not one of raised, acknowledged, withdrawn, muted, watched", param_hint="--state"
        )
    context = Context.of(ctx)
    chosen = [
        each
        for each in _records(context).values()
        if rule in (None, each.rule) and symbol in (None, each.symbol) and state in (None, each.state)
    ]
    chosen.sort(key=lambda each: (each.time, each.at))
    chosen = chosen[-count:]
    if as_json:
        context.reporter.result(_json(chosen))
    elif not chosen:
        context.reporter.note("no alerts" + (" of that kind" if rule or symbol or state else ""))
    else:
        context.reporter.result(_table(chosen))


def show(
    ctx: typer.Context,
    identity: Annotated[str, typer.Argument(metavar="ID", help="The alert's id, or the beginning of it.")],
    as_json: JsonOption = False,
) -> None:
    """Show an alert with all that is known of it."""
    context = Context.of(ctx)
    alert = _one(_records(context), identity)
    context.reporter.result(_json([alert]) if as_json else _page(alert))


def acknowledge(
    ctx: typer.Context,
    identities: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of alerts, or the beginnings of them.")],
) -> None:
    """Note that somebody has seen alerts. They stay in the list, and are not sent again."""
    context = Context.of(ctx)
    held, now = _records(context), datetime.now(UTC)
    chosen = [_one(held, each) for each in identities]
    wrong = [each for each in chosen if each.state != "raised"]
    if wrong:
        raise StockstreamError(f"{wrong[0].id} is {wrong[0].state}: only a raised alert can be acknowledged")
    _send(context, [acknowledged(each, now) for each in chosen])
    for each in chosen:
        context.reporter.note(f"acknowledged {each.id}: {printable(each.text)}")


def _span(text: str) -> str:
    try:
        seconds_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return text


def mute(
    ctx: typer.Context,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's name.")],
    symbol: Annotated[
        str,
        typer.Option("--symbol", metavar="SYMBOL", help="Only at this symbol.", autocompletion=completion.symbols),
    ] = "",
    span: Annotated[
        str, typer.Option("--for", metavar="SPAN", callback=_span, help="For how long: 30m, 8h, 5d.")
    ] = "8h",
    end: Annotated[bool, typer.Option("--end", help="Do not mute it any longer.")] = False,
) -> None:
    """Tell nobody of the alerts of a rule for a time. They are still evaluated, and written to the topic."""
    context = Context.of(ctx)
    from stockstream.alerts.configured import rules_of

    known = {each.name for each in rules_of(context.settings)} | {each.rule for each in _records(context).values()}
    if rule not in known:
        raise StockstreamError(unknown("rule", rule, sorted(known)) if known else "there are no rules")
    now = datetime.now(UTC)
    until = now if end else now + timedelta(seconds=seconds_of(span))
    record = muting(rule, symbol, until, now)
    _send(context, [record])
    where = f" at {symbol}" if symbol else ""
    context.reporter.note(f"{rule} is no longer muted{where}" if end else record.text)


def _records(context: Context) -> Mapping[str, Alert]:
    from stockstream.alerts.alerts_topic import AlertsRead

    held = AlertsRead(context.settings.connection("consumer")).look()
    ended = {name for name, each in held.items() if each.state == "watched" and each.until is not None}
    return {name: each for name, each in held.items() if each.state not in ("running", "stopped") and name not in ended}


def _send(context: Context, alerts: Iterable[Alert]) -> None:
    from stockstream.kafka.publisher import Publisher

    with Publisher(ALERTS, context.settings.connection("consumer")) as publisher:
        for alert in alerts:
            publisher.send(alert)


def _one(held: Mapping[str, Alert], identity: str) -> Alert:
    found = [
        each for name, each in held.items() if name.startswith(identity) and each.state not in ("muted", "watched")
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise StockstreamError(
            f"there is no alert {cut(printable(identity))}", hint="`stockstream alerts list` lists them"
        )
    names = listed([each.id for each in found])
    raise StockstreamError(
        f"{cut(printable(identity))} is the beginning of {len(found):,} ids", hint=f"choose of {names}"
    )


def _json(alerts: list[Alert]) -> str:
    return msgspec.json.format(msgspec.json.encode(list(map(msgspec.structs.asdict, alerts))), indent=2).decode()


def _table(alerts: Iterable[Alert]) -> str:
    rows = [
        [each.id, each.state, cut(printable(each.rule), 40), _moment(each), cut(printable(_text(each)), 100)]
        for each in alerts
    ]
    return table(["ID", "STATE", "RULE", "BAR", "ALERT"], rows)


def _text(alert: Alert) -> str:
    text = alert.text.removeprefix(f"{alert.state}: ")
    return f"SIMULATED {text}" if alert.simulated else text


def _moment(alert: Alert) -> str:
    if alert.interval and not intraday(alert.interval):
        return f"{alert.time:%Y-%m-%d}"
    return f"{alert.time:%Y-%m-%d %H:%M}Z"


def _page(alert: Alert) -> str:
    values = ", ".join(f"{name} {'unknown' if value is None else repr(value)}" for name, value in alert.values.items())
    interval = alert.interval + (f" made of {alert.of}" if alert.of else "")
    lines = {
        "id": alert.id,
        "state": f"{alert.state} since {alert.at:%Y-%m-%d %H:%M:%S}Z",
        "rule": alert.rule,
        "when": alert.when,
        "series": f"{alert.symbol} {interval} {alert.feed}",
        "bar": _moment(alert),
        "way": alert.way,
        "values": values or "-",
        "text": _text(alert),
    }
    return "\n".join(f"{name:<8}{printable(value)}" for name, value in lines.items())
