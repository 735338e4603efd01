"""``stockstream series``: lists the series in the topic stocks."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

import typer

from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.text import printable, table
from stockstream.cli.topics import PATIENCE, iso
from stockstream.connection import Connection
from stockstream.kafka.admin import Admin
from stockstream.kafka.subscriber import Subscriber
from stockstream.names import cut
from stockstream.periods import intraday
from stockstream.records import Bar, Series
from stockstream.topics import STOCKS


def series(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the series in the topic stocks: symbol, interval, feed, number of bars, first and last bar."""
    context = Context.of(ctx)
    connection = context.settings.connection("consumer")
    there = STOCKS.name in Admin(connection, timeout=PATIENCE).names()
    found: dict[Series, set[datetime]] = {}
    for records in everything(connection) if there else ():
        for bar in records:
            found.setdefault(Series(bar.symbol, bar.interval, bar.feed), set()).add(bar.time)
    if as_json:
        context.reporter.result(_json_of_series(found))
    elif not there:
        context.reporter.note(f"no topic {STOCKS.name} yet: `stockstream produce` makes it")
    elif not found:
        context.reporter.note(f"no bars in the topic {STOCKS.name} yet")
    else:
        context.reporter.result(_table_of_series(found))


def _table_of_series(found: Mapping[Series, Collection[datetime]]) -> str:
    rows = [
        [*(cut(printable(name)) for name in one), f"{len(times):,}", _opened(min(times), one), _opened(max(times), one)]
        for one, times in sorted(found.items())
    ]
    return table(["SYMBOL", "INTERVAL", "FEED", "BARS", "FIRST", "LAST"], rows, right=["BARS"])


def _json_of_series(found: Mapping[Series, Collection[datetime]]) -> str:
    rows = [
        {**one._asdict(), "bars": len(times), "first": iso(min(times)), "last": iso(max(times))}
        for one, times in sorted(found.items())
    ]
    return json.dumps(rows, indent=2)


def everything(connection: Connection) -> Iterator[Sequence[Bar]]:
    """All bars that the topic holds now, in batches."""
    positions: dict[int, int] = {}
    heard = time.monotonic()
    with Subscriber(STOCKS, Bar, connection, group="stockstream-series") as subscriber:
        subscriber.begin({})
        while True:
            standing = subscriber.connection_status()
            batch = subscriber.arrived()
            positions.update(batch.positions)
            if batch.positions:
                heard = time.monotonic()
                yield batch.records
            if standing.reached(positions):
                return
            if time.monotonic() - heard > PATIENCE:
                raise standing.absence(connection)
            time.sleep(0.01)


def _opened(instant: datetime, one: Series) -> str:
    """When a bar opened: a session's date from a day on, else UTC."""
    return f"{instant:%Y-%m-%d %H:%M}Z" if intraday(one.interval) else f"{instant:%Y-%m-%d}"
