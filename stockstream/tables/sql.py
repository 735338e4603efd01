"""SQL over the tables: a DuckDB connection that can read them, and nothing else."""

from __future__ import annotations

import logging
import shutil
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Event
from typing import Final, Self

import duckdb
from duckdb.func import FunctionNullHandling, PythonUDFType
from duckdb.sqltypes import VARCHAR, DuckDBPyType

from stockstream.errors import StockstreamError
from stockstream.tables.location import Location
from stockstream.tables.macros import Macro, macros
from stockstream.tables.schema import (
    ALERT_STATES,
    BARS,
    DATE,
    FLIGHT_ROWS,
    OFFSET,
    PARTITION,
    SENT,
    TOPIC_ID,
    AnyTable,
)
from stockstream.tables.snapshot import Snapshot
from stockstream.tables.statements import explained

_NAMES: Final = ("bars", "flights", "alerts")
_STORED: Final = "stored_"
"""Prefix of the tables as they were written, with every revision and repeat."""

_OCCURRENCES: Final = "'raised', 'withdrawn', 'acknowledged'"

_LOCKED: Final[Mapping[str, str]] = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "max_temp_directory_size": "4GB",
}

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Database:
    """An open connection with what it offers.

    Attributes
    ----------
    connection
        DuckDB's.
    location
        Where its tables are.
    views
        Names of its tables.
    macros
        The macros of the indicators.
    snapshots
        The tables by name, as they were written.
    stop
        Ends the functions of the macros between two series while it is set.
    """

    connection: duckdb.DuckDBPyConnection
    location: Location
    views: tuple[str, ...]
    macros: tuple[Macro, ...]
    snapshots: Mapping[str, Snapshot]

    stop: Event

    @contextmanager
    def cancelling(self) -> Iterator[None]:
        """Within the block the statement that is running ends, with an error."""
        self.stop.set()
        self.connection.interrupt()
        try:
            yield
        finally:
            self.stop.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def open_database(location: Location) -> Database:
    """Connect to the tables of a location, as they are now.

    The catalog, of views and macros, is a file of its own that is opened read-only: no statement can change or add to
    it. Rows come from Arrow datasets only, as DuckDB may not open files. Settings are locked.

    Raises
    ------
    StockstreamError
        There are no tables, or they cannot be read.
    """
    found = {name: snapshot for name in _NAMES if (snapshot := Snapshot.of(location, name)) is not None}
    if not found:
        raise StockstreamError(f"there are no tables in {location.text}", hint="`stockstream store stocks` makes them")
    stop = Event()
    ours = tuple(macros(found["bars"], stop)) if "bars" in found else ()
    views = _views(found)
    folder = Path(mkdtemp(prefix="stockstream-sql-"))
    file = folder / "stockstream.duckdb"
    try:
        with duckdb.connect(file) as connection:
            _offer_tables(connection, found)
            for statement in views.values():
                connection.execute(statement)
            ours = tuple(macro for macro in ours if _made(connection, macro))
        connection = duckdb.connect(file, read_only=True, config={**_LOCKED, "temp_directory": str(folder / "spill")})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(connection, shutil.rmtree, folder, ignore_errors=True)
    _offer_tables(connection, found)
    for macro in ours:
        _offer_function(connection, macro)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    return Database(connection, location, tuple(views), ours, found, stop)


def _offer_tables(connection: duckdb.DuckDBPyConnection, found: Mapping[str, Snapshot]) -> None:
    """Give a connection the datasets."""
    for name, snapshot in found.items():
        connection.register(f"{_STORED}{name}", snapshot.dataset)


def _offer_function(connection: duckdb.DuckDBPyConnection, macro: Macro) -> None:
    """Give a connection the function of a macro."""
    # Not without side effects: that would compute where a statement is only planned.
    connection.create_function(
        macro.function, macro, [VARCHAR] * macro.arguments, DuckDBPyType(macro.returns),
        type=PythonUDFType.ARROW, null_handling=FunctionNullHandling.SPECIAL, side_effects=True,
    )  # fmt: skip


def _made(connection: duckdb.DuckDBPyConnection, macro: Macro) -> bool:
    """Put a macro into the catalog. One of a plug-in that DuckDB refuses is left out, with a warning."""
    try:
        _offer_function(connection, macro)
        connection.execute(macro.sql)
    except duckdb.Error as error:
        LOG.warning("the indicator %s has no SQL: %s", macro.name, explained(str(error), macro.sql))
        return False
    return True


def _views(found: Mapping[str, Snapshot]) -> dict[str, str]:
    """The statement that makes each view."""
    views = {}
    if "bars" in found:
        views["bars"] = f"CREATE VIEW bars AS {_last_revisions(BARS, found['bars'])}"
    if "flights" in found:
        views["flights"] = f"CREATE VIEW flights AS {_first_of_each_row()}"
        views["flights_per_day"] = (
            f"CREATE VIEW flights_per_day AS SELECT {DATE} AS day, airline, count(*) AS flights FROM flights "
            f"WHERE {DATE} IS NOT NULL AND airline <> '' GROUP BY ALL ORDER BY ALL"
        )
    if "alerts" in found:
        views["alerts"] = f"CREATE VIEW alerts AS {_last_states(found['alerts'])}"
    return views


def _columns(table: AnyTable, *others: str) -> str:
    return ", ".join(f'"{name}"' for name in (*table.fields, *others))


def _last_revisions(table: AnyTable, snapshot: Snapshot) -> str:
    """The records as readers of the topic have them: within a partition the last by offset, of several the last sent.

    Without ``date``: it is 1 January for bars of a day and longer, so that a condition on it would lose them.
    """
    identity = ", ".join(table.identity)
    rows = f"{_STORED}{table.name}"
    if {TOPIC_ID, PARTITION} <= set(snapshot.constants):
        last = f"SELECT {_columns(table)} FROM {rows}"
        return f"{last} QUALIFY row_number() OVER (PARTITION BY {identity} ORDER BY {OFFSET} DESC) = 1"
    home = f"{TOPIC_ID}, {PARTITION}"
    inner = (
        f"SELECT * FROM {rows} QUALIFY row_number() OVER (PARTITION BY {identity}, {home} ORDER BY {OFFSET} DESC) = 1"
    )
    return (
        f"SELECT {_columns(table)} FROM ({inner}) "
        f"QUALIFY row_number() OVER (PARTITION BY {identity} ORDER BY {SENT} DESC, {PARTITION} DESC) = 1"
    )


def _last_states(snapshot: Snapshot) -> str:
    """The alerts, each in its last state. Other records of their topic, such as who is muted, are no alerts."""
    if OFFSET not in snapshot.dataset.schema.names:  # of another program
        return f"SELECT * FROM {_STORED}alerts"
    return f"SELECT * FROM ({_last_revisions(ALERT_STATES, snapshot)}) WHERE state IN ({_OCCURRENCES})"


def _first_of_each_row() -> str:
    """The flights, each row of a file once."""
    identity = ", ".join(f'"{name}"' for name in FLIGHT_ROWS.identity)
    return (
        f"SELECT {_columns(FLIGHT_ROWS, DATE)} FROM {_STORED}flights QUALIFY row_number() OVER "
        f"(PARTITION BY {identity} ORDER BY {SENT}, {PARTITION}, {OFFSET}) = 1"
    )
