"""Spark's types of a record are made from the record: a field is added in one place."""

from __future__ import annotations

from datetime import UTC, datetime
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pyarrow as pa
import pytest

from stockstream.codec import encode
from stockstream.records import Bar
from stockstream.spark import decoding, schema
from stockstream.tables.schema import BARS, OF_TOPICS, OFFSET, PARTITION, SENT
from stockstream.topics import TOPICS

NAMES = {
    tuple[str, ...]: "array<string>",
    dict[str, float | None]: "map<string,double>",
    str: "string",
    float: "double",
    int: "bigint",
    bool: "boolean",
    datetime: "timestamp",
}


def plain(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        return plain(get_args(hint)[0])
    several = [each for each in get_args(hint) if each is not NoneType]
    return plain(several[0]) if NoneType in get_args(hint) else hint


@pytest.mark.parametrize("topic", OF_TOPICS)
def test_fields_and_types_are_those_of_the_record(topic: str) -> None:
    record = TOPICS[topic].record
    pytest.importorskip("pyspark")
    hints = get_type_hints(record, include_extras=True)
    found = {field.name: field.dataType.simpleString() for field in schema.struct(schema.rows(OF_TOPICS[topic]))}
    for name in record.__struct_fields__:
        kind = plain(hints[name])
        assert found.pop(name) == ("string" if get_origin(kind) is Literal else NAMES[kind])
    assert set(found) == {"date", "kafka_topic_id", PARTITION, OFFSET, SENT, schema.REASON}


def messages(*values: bytes | None) -> pa.RecordBatch:
    count = len(values)
    columns = [list(values), [0] * count, list(range(count)), [datetime(2026, 3, 2, tzinfo=UTC)] * count]
    return pa.record_batch(
        [pa.array(each, kind.type) for each, kind in zip(columns, schema.MESSAGES, strict=True)], schema.MESSAGES
    )


def test_fields_that_the_wire_leaves_out_have_their_defaults() -> None:
    bar = Bar(
        symbol="A", interval="1m", time=datetime(2026, 3, 2, tzinfo=UTC), high=2.0, low=1.0, close=1.5, source="x"
    )
    assert b"feed" not in encode(bar)
    [rows] = decoding.decoder(decoding.Reading("stocks", "id", ()))(iter([messages(encode(bar))]))
    assert rows.schema == schema.rows(BARS)
    [row] = rows.to_pylist()
    assert {name: row[name] for name in BARS.fields} == {name: getattr(bar, name) for name in BARS.fields} | {
        "flags": []
    }
    assert (row[OFFSET], row[schema.REASON]) == (0, None)
