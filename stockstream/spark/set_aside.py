"""Table of the records that a job sets aside: bars too late or refused, and messages that are no records."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from stockstream.records import NUMBERS
from stockstream.spark.job import Output
from stockstream.spark.schema import REASON
from stockstream.tables.batches import Layout
from stockstream.tables.schema import BARS, OFFSET, PARTITION, SENT, TOPIC_ID, AnyTable

TOO_LATE: Final = "too late: "
"""Beginning of the reason of a record that came too late."""

_PLACE: Final = (PARTITION, OFFSET, SENT)
_KEY: Final = (TOPIC_ID, PARTITION, OFFSET, REASON)


def set_aside(name: str, table: AnyTable = BARS) -> Layout:
    """The table of what a job sets aside beside a table: its identity and numbers, where it stood, and the reason.

    A message is there once with a reason, also where a job has read its topic again.
    """
    wanted = [field for field in table.schema if field.name in (*table.identity, *NUMBERS, *_PLACE)]
    added = [pa.field(TOPIC_ID, pa.string()), pa.field(REASON, pa.string())]
    return Layout(f"{name}_set_aside", pa.schema([*wanted, *added]), key=_KEY)


def divided(
    rows: pa.Table, layout: Layout, aside: Layout, topic_id: str, *, adds: bool = True
) -> tuple[Output, Output]:
    """The rows of a table, and those that have a reason to be set aside."""
    aside_rows = rows.filter(pc.is_valid(rows[REASON]))
    used = rows if not len(aside_rows) else rows.filter(pc.is_null(rows[REASON]))
    return Output(layout.name, used.select(layout.schema.names), adds), those_of(aside_rows, aside, topic_id)


def those_of(rows: pa.Table, aside: Layout, topic_id: str) -> Output:
    """Rows with a reason, as their table has them."""
    of_topic = pa.array([topic_id] * len(rows), pa.string())
    columns = {name: of_topic if name == TOPIC_ID else rows[name] for name in aside.schema.names}
    return Output(aside.name, pa.table(columns))


def late_rows(rows: pa.Table) -> int:
    """How many rows of a table came too late; 0 for a table of other rows."""
    if REASON not in rows.schema.names:
        return 0
    return int(pc.sum(pc.starts_with(rows[REASON], TOO_LATE)).as_py() or 0)
