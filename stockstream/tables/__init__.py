"""Durable tables of the topics (Delta Lake, written by delta-rs), and SQL over them. Needs the extra ``lake``.

Begin with `store`.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the packages of the extra are imported when they are needed
    import duckdb
    import pandas as pd

__all__ = ["connect", "read"]


def connect(dir: str | Path | None = None) -> duckdb.DuckDBPyConnection:  # noqa: A002 - as the setting
    """A DuckDB connection to the tables as they are now, which can read them and nothing else.

    It has the views ``bars`` (each bar at its last revision), ``flights`` (each row of a file once),
    ``flights_per_day`` and ``alerts``, as far as there are such tables; ``stored_bars`` and ``stored_flights`` with
    every revision and repeat; and a table macro for each indicator of bars, with the values of its window:
    ``SELECT * FROM bollinger('AAPL', period := 20)``.

    Parameters
    ----------
    dir
        A folder or ``s3://BUCKET/PREFIX``; by default ``tables.dir`` of the settings.

    Raises
    ------
    ConfigError
        The settings cannot be used, or ``dir`` is no place for tables.
    StockstreamError
        There are no tables, they cannot be read, or the extra ``lake`` is not installed.
    """
    from stockstream.config import load
    from stockstream.tables.extra import require_lake

    require_lake()
    from stockstream.tables.location import Location
    from stockstream.tables.sql import open_database

    return open_database(Location.chosen(None if dir is None else str(dir), load(None, {}))).connection


def read(
    table: Literal["bars", "flights"] = "bars",
    *,
    symbol: str | None = None,
    interval: str | None = None,
    feed: str | None = None,
    airline: str | None = None,
    start: str | date | datetime | None = None,
    end: str | date | datetime | None = None,
    dir: str | Path | None = None,  # noqa: A002 - as the setting
) -> pd.DataFrame:
    """Rows of a table as a DataFrame, as `stockstream.read` gives those of a topic.

    Parameters
    ----------
    table
        ``bars`` or ``flights``.
    symbol, interval, feed
        For bars: only these.
    airline
        For flights: only those of this airline.
    start, end
        The rows from ``start`` up to, and not including, ``end``: a date, or a time of bars, in UTC if it has no zone.
    dir
        A folder or ``s3://BUCKET/PREFIX``; by default ``tables.dir`` of the settings.

    Returns
    -------
    pandas.DataFrame
        The fields of the record. Bars are sorted by symbol, interval, feed and time (UTC), each at its last revision;
        flights by file and row, each once.

    Raises
    ------
    SeriesError
        There are no such rows; the message names what there is.
    StockstreamError
        As `connect`; or the table is unknown, or the parameters are those of another table.
    """
    from stockstream.tables.extra import require_lake

    require_lake()
    from stockstream.tables.reading import Choice, read_table

    choice = Choice(symbol=symbol, interval=interval, feed=feed, airline=airline, start=start, end=end)
    return read_table(table, choice, dir)
