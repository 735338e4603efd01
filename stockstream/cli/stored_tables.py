"""``stockstream tables``: lists the durable tables, what they hold, and how far they lag behind their topics."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import typer

from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.table_places import PlaceOption
from stockstream.cli.text import fitting, screen, size
from stockstream.cli.topics import PATIENCE
from stockstream.errors import BrokerError
from stockstream.kafka.client import address
from stockstream.producers.background import Background
from stockstream.tables.extra import require_lake

if TYPE_CHECKING:
    from stockstream.tables.inventory import Holding
    from stockstream.tables.location import Location


_PARTS: Final = {
    "bars": ("series", "series", "series"),
    "flights": ("file", "files", "sources"),
    "alerts": ("rule", "rules", "rules"),
}
"""What the parts of a table are: one, several, and in JSON."""

_SOON: Final = 1.0
"""Seconds after which a terminal shows the tables although the broker has not told the lag yet."""


def tables(ctx: typer.Context, to: PlaceOption = None, as_json: JsonOption = False) -> None:
    """List the durable tables: rows, series, first and last, files, and the records of the topic not yet stored.

    Rows are records as they were sent; in SQL the views ``bars`` and ``flights`` have one row a bar and a flight.
    """
    context = Context.of(ctx)
    require_lake()
    from stockstream.tables.inventory import holding
    from stockstream.tables.location import Location
    from stockstream.tables.schema import TABLES

    location = Location.chosen(to, context.settings)
    with Background() as asking:
        found = [each for each in (holding(table, location) for table in TABLES.values()) if each is not None]
        if not found and not as_json:
            context.reporter.note(f"no tables of topics in {location.text} yet: `stockstream store stocks` makes one")
            return
        answer = asking.submit(lambda: _lags(context, location, [each.table for each in found]))
        early = not wait([answer], _SOON).done
        if early:
            if not as_json and sys.stdout.isatty():
                context.reporter.result(_as_table(found, {}))
            where = address(context.settings.connection("monitor"))
            context.reporter.note(
                f"waiting for the broker at {where}, which knows what is not stored yet; Ctrl-C ends it"
            )
        lags = _answered(context, answer)
    if as_json or not (early and sys.stdout.isatty()):
        context.reporter.result(_as_json(found, lags) if as_json else _as_table(found, lags))
    elif lags:
        context.reporter.result("LAG  " + ", ".join(f"{each.table} {_number(lags[each.table])}" for each in found))


def _lags(context: Context, location: Location, names: Sequence[str]) -> Mapping[str, int | None]:
    """Lag of each table; None where there is no topic. Raises BrokerError."""
    from stockstream.tables.inventory import lag
    from stockstream.tables.schema import TABLES

    connection = context.settings.connection("monitor")
    return {name: lag(TABLES[name], location, connection, timeout=PATIENCE) for name in names}


def _answered(context: Context, answer: Future[Mapping[str, int | None]]) -> Mapping[str, int | None]:
    """The lags; none where no broker tells them, which is said."""
    try:
        return answer.result()
    except BrokerError as error:
        context.reporter.warn(f"the lag is not known: {error}")
        return {}


def _as_table(found: list[Holding], lags: Mapping[str, int | None]) -> str:
    rows = []
    for each in found:
        one, more, _ = _PARTS[each.table]
        what = one if len(each.parts) == 1 else more
        rows.append(
            [
                each.table,
                f"{each.rows:,}",
                f"{len(each.parts):,} {what}",
                _shown(each.first),
                _shown(each.last),
                _number(lags.get(each.table)),
                f"{each.files:,}",
                size(each.size),
                each.uri,
            ]
        )
    header = ["TABLE", "ROWS", "OF", "FIRST", "LAST", "LAG", "FILES", "SIZE", "PLACE"]
    return fitting(header, rows, screen(), right=["ROWS", "OF", "LAG", "FILES", "SIZE"])


def _as_json(found: list[Holding], lags: Mapping[str, int | None]) -> str:
    rows = [
        {
            "table": each.table,
            "topic": each.topic,
            "place": each.uri,
            "version": each.version,
            "rows": each.rows,
            "first": _iso(each.first),
            "last": _iso(each.last),
            "lag": lags.get(each.table),
            "files": each.files,
            "bytes": each.size,
            _PARTS[each.table][2]: [
                {**part.name, "rows": part.rows, "first": _iso(part.first), "last": _iso(part.last)}
                for part in each.parts
            ],
        }
        for each in found
    ]
    return json.dumps(rows, indent=2)


def _number(lag: int | None) -> str:
    return "-" if lag is None else f"{lag:,}"


def _shown(moment: datetime | date | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z" if isinstance(moment, datetime) else f"{moment}"


def _iso(moment: datetime | date | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
