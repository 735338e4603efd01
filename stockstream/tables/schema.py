"""Columns of the tables ``bars``, ``flights`` and ``alerts``, made from the types of the records.

A table has the fields of its record under their own names, then its partition and where the record stood in Kafka:

=====================  ==============================================================================================
``date``               the partition: the UTC date of a bar shorter than a day, 1 January of the year of a longer one
                       (a file a day would hold one row of each); the date of a flight, NULL if there is no such day;
                       the UTC date at which an alert came into its state
``kafka_topic_id``     id of the topic: a topic that is made anew has another one
``kafka_partition``    partition of the record
``kafka_offset``       offset in it
``kafka_time``         time at which the record was sent, in UTC
=====================  ==============================================================================================

Every column may be NULL in the schema, as files that were written before a column existed hold nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stockstream.periods import intraday
from stockstream.topics import ALERTS, FLIGHTS, STOCKS, Topic

R = TypeVar("R")

DATE: Final = "date"
"""The column by which tables are partitioned."""

TOPIC_ID: Final = "kafka_topic_id"
PARTITION: Final = "kafka_partition"
OFFSET: Final = "kafka_offset"
SENT: Final = "kafka_time"

INSTANT: Final = pa.timestamp("us", "UTC")

_ADDED: Final = (
    pa.field(DATE, pa.date32()),
    pa.field(TOPIC_ID, pa.string()),
    pa.field(PARTITION, pa.int32()),
    pa.field(OFFSET, pa.int64()),
    pa.field(SENT, INSTANT),
)

_TYPES: Final[Mapping[object, pa.DataType]] = {
    str: pa.string(),
    float: pa.float64(),
    int: pa.int64(),
    bool: pa.bool_(),
    datetime: INSTANT,
    tuple[str, ...]: pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Table(Generic[R]):
    """A table of the records of a topic.

    Attributes
    ----------
    name
        Name of the table, and of its folder.
    topic
        Topic of its records.
    identity
        Columns that say which bar or flight a row is: rows with equal ones are revisions or repeats.
    dates
        The partition of each row of a table of the fields of records.
    """

    name: str
    topic: Topic[R]
    identity: tuple[str, ...]
    dates: Callable[[pa.Table], pa.Array]

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The columns that are fields of the record, in its order."""
        return self.topic.record.__struct_fields__  # type: ignore[attr-defined, no-any-return]

    @cached_property
    def schema(self) -> pa.Schema:
        """All columns: the fields of the record, then those of this module."""
        hints = get_type_hints(self.topic.record, include_extras=True)
        return pa.schema([*(pa.field(name, arrow_type(hints[name])) for name in self.fields), *_ADDED])


AnyTable: TypeAlias = Table[Any]
"""One of some record, as `stockstream.topics.AnyTopic`."""


def arrow_type(hint: object) -> pa.DataType:
    """The Arrow type of a field's type. Raises TypeError for a type that no column can hold.

    >>> arrow_type(float | None), arrow_type(tuple[str, ...])
    (DataType(double), ListType(list<item: string>))
    """
    if get_origin(hint) is Annotated:
        return arrow_type(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return pa.string()
    if get_origin(hint) is dict:
        return pa.map_(*map(arrow_type, get_args(hint)))
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
        return arrow_type(hint)
    if hint not in _TYPES:
        raise TypeError(f"no column holds {hint}")
    return _TYPES[hint]


def _dates_of_bars(columns: pa.Table) -> pa.Array:
    days = columns["time"].cast(pa.timestamp("us")).to_numpy().astype("M8[D]")
    longer = [interval for interval in columns["interval"].unique().to_pylist() if not intraday(interval)]
    if longer:
        in_years = pc.is_in(columns["interval"], pa.array(longer, pa.string())).to_numpy()
        days[in_years] = days[in_years].astype("M8[Y]").astype("M8[D]")
    return pa.array(days, pa.date32())


def _dates_of_flights(columns: pa.Table) -> pa.Array:
    year, month, day = (columns[name].to_numpy() for name in ("year", "month", "day"))
    months = ((year - 1970) * 12 + month - 1).astype("M8[M]")
    days = months.astype("M8[D]") + (day - 1)
    days[days.astype("M8[M]") != months] = np.datetime64("NaT")  # 30 February: readers take it, and no calendar has it
    return pa.array(days, pa.date32())


def _dates_of_alerts(columns: pa.Table) -> pa.Array:
    return pa.array(columns["at"].cast(pa.timestamp("us")).to_numpy().astype("M8[D]"), pa.date32())


BARS: Final = Table("bars", STOCKS, ("symbol", "interval", "feed", "time"), _dates_of_bars)
FLIGHT_ROWS: Final = Table("flights", FLIGHTS, ("file", "row"), _dates_of_flights)
ALERT_STATES: Final = Table("alerts", ALERTS, ("id",), _dates_of_alerts)

TABLES: Final[Mapping[str, AnyTable]] = {table.name: table for table in (BARS, FLIGHT_ROWS, ALERT_STATES)}
"""The tables by name."""

OF_TOPICS: Final[Mapping[str, AnyTable]] = {table.topic.name: table for table in TABLES.values()}
"""The table of each topic."""
