"""Rows of a table as a DataFrame: see `stockstream.tables.read`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, get_args, get_type_hints

import pandas as pd

from stockstream.config import load
from stockstream.errors import SeriesError, StockstreamError
from stockstream.tables.location import Location
from stockstream.tables.schema import DATE, TABLES, AnyTable
from stockstream.tables.sql import Database, open_database
from stockstream.tables.stored_bars import Wanted, there_is

_READABLE: Final = ("bars", "flights")
_OF_BARS: Final = ("symbol", "interval", "feed")
_OF_FLIGHTS: Final = ("airline",)

Moment = str | date | datetime | None


@dataclass(frozen=True)
class Choice:
    """The rows to read, as `stockstream.tables.read` takes them; None for any."""

    symbol: str | None = None
    interval: str | None = None
    feed: str | None = None
    airline: str | None = None
    start: Moment = None
    end: Moment = None


def read_table(name: str, choice: Choice, dir: str | Path | None) -> pd.DataFrame:  # noqa: A002 - as the setting
    """The chosen rows of a table. Raises as `stockstream.tables.read`."""
    if name not in _READABLE:
        raise StockstreamError(f"there is no table {name!r} of ours", hint=f"it is one of {', '.join(_READABLE)}")
    names, others = (_OF_BARS, _OF_FLIGHTS) if name == "bars" else (_OF_FLIGHTS, _OF_BARS)
    wrong = [each for each in others if getattr(choice, each) is not None]
    if wrong:
        raise StockstreamError(f"{', '.join(wrong)} is not a choice in {name}", hint=f"there it is {', '.join(names)}")
    location = Location.chosen(None if dir is None else str(dir), load(None, {}))
    with open_database(location) as database:
        if name not in database.views:
            topic = TABLES[name].topic.name
            raise StockstreamError(
                f"there is no table {name} in {location.text}", hint=f"`stockstream store {topic}` makes it"
            )
        rows = _rows(database, name, choice)
        if not len(rows):
            _refuse_nothing(database, name, {each: getattr(choice, each) for each in names})
        return rows


def _rows(database: Database, name: str, choice: Choice) -> pd.DataFrame:
    table = TABLES[name]
    conditions = {f'"{each}" = ?': getattr(choice, each) for each in (*_OF_BARS, *_OF_FLIGHTS)}
    instant = _instant if name == "bars" else _day
    axis = "time" if name == "bars" else DATE
    for sign, moment in ((">=", choice.start), ("<", choice.end)):
        conditions[f"{axis} {sign} ?"] = None if moment is None else instant(moment)
    used = {condition: value for condition, value in conditions.items() if value is not None}
    where = f"WHERE {' AND '.join(used)}" if used else ""
    columns = ", ".join(f'"{each}"' for each in table.fields)
    order = ", ".join(f'"{each}"' for each in table.identity)
    statement = f"SELECT {columns} FROM {name} {where} ORDER BY {order}"
    found = database.connection.execute(statement, list(used.values())).df()
    return _as_read(found, table)


def _as_read(rows: pd.DataFrame, table: AnyTable) -> pd.DataFrame:
    """The rows with the types of `stockstream.read`."""
    hints = get_type_hints(table.topic.record)
    for name in table.fields:
        if hints[name] == tuple[str, ...]:
            rows[name] = pd.Series([() if each is None else tuple(each) for each in rows[name]], dtype=object)
        elif {int, type(None)} <= set(get_args(hints[name])):
            rows[name] = rows[name].astype("float64" if rows[name].isna().any() else "int64")
    return rows


def _instant(moment: str | date | datetime) -> datetime:
    """A time in UTC. Raises `StockstreamError`."""
    try:
        found = datetime.fromisoformat(moment if isinstance(moment, str) else moment.isoformat())
    except ValueError:
        raise StockstreamError(f"{moment} is not a date", hint="it is as 2026-03-02, or 2026-03-02T14:30") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _day(moment: str | date | datetime) -> date:
    return _instant(moment).date()


def _refuse_nothing(database: Database, name: str, wanted: dict[str, str | None]) -> None:
    """Raise SeriesError if a key was chosen that is not in the table at all."""
    told = " ".join(value for value in wanted.values() if value is not None)
    if not told:
        return
    if name == "bars":
        chosen = Wanted(**wanted)
        if (instead := there_is(database.snapshots["bars"], chosen)) is not None:
            raise SeriesError(f"the table bars holds nothing of {chosen}", hint=instead)
        return
    rows = database.connection.execute("SELECT DISTINCT airline FROM stored_flights ORDER BY 1").fetchall()
    airlines = [airline for (airline,) in rows]
    if told not in airlines:
        raise SeriesError(
            f"the table flights holds nothing of {told}", hint=f"it holds {', '.join(airlines) or 'none'}"
        )
