"""``stockstream tail``: prints the messages of a topic, one a line."""

from __future__ import annotations

import errno
import json
import os
import select
import sys
from collections.abc import Callable
from typing import Annotated, Final, TypeVar

import typer

from stockstream.cli import completion
from stockstream.cli.context import Context
from stockstream.cli.text import printable
from stockstream.cli.topics import PATIENCE
from stockstream.codec import Decoder, Json, Unreadable
from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin
from stockstream.kafka.tail import Sent, Tail
from stockstream.names import harmless
from stockstream.periods import intraday
from stockstream.records import MARKET, Alert, Bar, Flight, News
from stockstream.topics import ALERTS, FLIGHTS, NEWS, STOCKS

_LONGEST: Final = 160


def tail(
    ctx: typer.Context,
    topic: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC",
            help="stocks, flights, or any other; stocks.dlq holds what was refused.",
            autocompletion=completion.topics,
        ),
    ],
    count: Annotated[
        int, typer.Option("-n", "--count", min=0, metavar="N", help="Begin with the newest N messages.")
    ] = 10,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Continue with new messages until Ctrl-C.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, with partition, offset, time sent and key.")
    ] = False,
) -> None:
    """Print the newest messages of a topic, oldest first, and then new messages as they arrive."""
    context = Context.of(ctx)
    connection = context.settings.connection("consumer")
    admin = Admin(connection, timeout=PATIENCE)
    names = admin.names()
    if topic not in names and admin.topic_id(topic) is None:  # which raises where it may not be seen
        there = ", ".join(sorted(name for name in names if not name.startswith("__"))) or "none yet"
        raise BrokerError(f"no topic {topic} on {context.settings.bootstrap_servers}", hint=f"topics there: {there}")
    shown = _LINES.get(topic, _raw)

    def line(sent: Sent) -> str:
        return harmless(_json(sent)) if as_json else printable(shown(sent))

    with Tail(topic, connection, timeout=PATIENCE) as messages:
        for sent in messages.newest(count):
            typer.echo(line(sent))
        if follow:
            for new in messages.follow():
                if new is not None:
                    typer.echo(line(new))
                elif _is_unread():
                    raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))  # as the next line would


R = TypeVar("R")


def _is_unread() -> bool:
    """Whether stdout is a pipe whose reader has ended, such as ``head``: a quiet topic would keep us for ever."""
    if sys.platform == "win32":
        return False
    look = select.poll()
    try:
        look.register(sys.stdout, select.POLLOUT)
    except (TypeError, ValueError, OSError):  # closed, or no file
        return False
    return any(state & (select.POLLERR | select.POLLHUP) for _, state in look.poll(0))


def _json(sent: Sent) -> str:
    value: Json
    try:
        value = json.loads(sent.value)
    except ValueError:
        value = sent.value.decode(errors="replace")
    envelope = {
        "partition": sent.partition,
        "offset": sent.offset,
        "sent": sent.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "key": sent.key,
        **({} if sent.reason is None else {"reason": sent.reason}),
        "value": value,
    }
    return json.dumps(envelope, ensure_ascii=False)


def _raw(sent: Sent) -> str:
    """A message of which we know nothing, a dead letter with why it is one."""
    text = sent.value.decode(errors="backslashreplace")
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    reason = "" if sent.reason is None else f"{printable(sent.reason)}: "
    return f"{sent.time:%Y-%m-%d %H:%M:%S}Z  {printable(sent.key or '-')}  {reason}{shown!r}"


def _bar(bar: Bar) -> str:
    opened = f"{bar.time:%Y-%m-%d %H:%M}Z" if intraday(bar.interval) else f"{bar.time:%Y-%m-%d}"
    volume = "-" if bar.volume is None else f"{bar.volume:,.10g}"
    prices = "  ".join(f"{name} -" if price is None else f"{name} {price:,.10g}" for name, price in _prices(bar))
    marks = [*([bar.feed] if bar.feed != MARKET else []), *([] if bar.final else ["forming"]), *bar.flags]
    return f"{opened}  {bar.symbol:<6} {bar.interval:<3}  {prices}  volume {volume}" + (
        f"  ({', '.join(marks)})" if marks else ""
    )


def _prices(bar: Bar) -> tuple[tuple[str, float | None], ...]:
    return ("open", bar.open), ("high", bar.high), ("low", bar.low), ("close", bar.close)


def _flight(flight: Flight) -> str:
    day = f"{flight.year:04}-{flight.month:02}-{flight.day:02}"
    flown = "" if flight.flight_number is None else flight.flight_number
    what = f"{flight.airline} {flown:<5} {flight.origin_airport:>5} > {flight.destination_airport:<5}"
    if flight.cancelled:
        outcome = "cancelled"
    elif flight.diverted:
        outcome = "diverted"
    else:
        outcome = "arrived " + ("-" if flight.arrival_delay is None else f"{flight.arrival_delay:+d} min")
    hhmm = flight.scheduled_departure
    scheduled = "--:--" if hhmm is None else f"{hhmm // 100:02}:{hhmm % 100:02}"
    return f"{day} {scheduled}  {what}  {outcome:<16} (row {flight.row:,} of {flight.file})"


def _alert(alert: Alert) -> str:
    state = "" if alert.state == "raised" else f"{alert.state}: "
    text = alert.text.removeprefix(f"{alert.state}: ")
    where = "SIMULATED " if alert.simulated else ""
    return f"{alert.at:%Y-%m-%d %H:%M:%S}Z  {alert.id}  {printable(alert.rule)}: {state}{where}{printable(text)}"


def _news(news: News) -> str:
    score = "" if news.sentiment is None else f"{news.sentiment:+.2f}  "
    words = f"{score}{printable(news.title)} ({printable(news.source)})"
    return f"{news.time:%Y-%m-%d %H:%M:%S}Z  {printable(news.symbol)}  {words}"


def _decoded(record: type[R], shown: Callable[[R], str]) -> Callable[[Sent], str]:
    decode = Decoder(record)

    def line(sent: Sent) -> str:
        try:
            return shown(decode(sent.value))
        except Unreadable as error:
            return f"{_raw(sent)}  (cannot be read: {error})"

    return line


_LINES: Final = {
    STOCKS.name: _decoded(Bar, _bar),
    FLIGHTS.name: _decoded(Flight, _flight),
    ALERTS.name: _decoded(Alert, _alert),
    NEWS.name: _decoded(News, _news),
}
