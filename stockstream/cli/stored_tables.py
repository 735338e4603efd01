"""``stockstream tables``: lists the durable tables, what they hold, and how far they lag behind their topics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import typer

from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.table_places import PlaceOption
from stockstream.cli.text import size, table
from stockstream.cli.topics import PATIENCE
from stockstream.errors import BrokerError
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
    found = [each for each in (holding(table, location) for table in TABLES.values()) if each is not None]
    if not found and not as_json:
        context.reporter.note(f"no tables in {location.text} yet: `stockstream store stocks` makes one")
        return
    lags = _lags(context, location, [each.table for each in found])
    context.reporter.result(_as_json(found, lags) if as_json else _as_table(found, lags))


def _lags(context: Context, location: Location, names: list[str]) -> Mapping[str, int | None]:
    """Lag of each table; None where there is no topic, or no broker, which is said."""
    from stockstream.tables.inventory import lag
    from stockstream.tables.schema import TABLES

    connection = context.settings.connection("monitor")
    try:
        return {name: lag(TABLES[name], location, connection, timeout=PATIENCE) for name in names}
    except BrokerError as error:
        context.reporter.warn(f"the lag is not known: {error}")
        return {}


def _as_table(found: list[Holding], lags: Mapping[str, int | None]) -> str:
    rows = []
    for each in found:
        behind = lags.get(each.table)
        one, more, _ = _PARTS[each.table]
        what = one if len(each.parts) == 1 else more
        rows.append(
            [
                each.table,
                f"{each.rows:,}",
                f"{len(each.parts):,} {what}",
                _shown(each.first),
                _shown(each.last),
                "-" if behind is None else f"{behind:,}",
                f"{each.files:,}",
                size(each.size),
                each.uri,
            ]
        )
    header = ["TABLE", "ROWS", "OF", "FIRST", "LAST", "LAG", "FILES", "SIZE", "PLACE"]
    return table(header, rows, right=["ROWS", "OF", "LAG", "FILES", "SIZE"])


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


def _shown(moment: datetime | date | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z" if isinstance(moment, datetime) else f"{moment}"


def _iso(moment: datetime | date | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
