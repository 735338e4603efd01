"""Runs that are refused before Spark reads anything: their rows would take the place of right ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from stockstream.errors import TableError
from stockstream.kafka.admin import Admin
from stockstream.spark.flights_per_day import FlightsPerDayJob
from stockstream.spark.run import RunOptions, run
from stockstream.tables.batches import DeltaBatches
from stockstream.tables.claim import Claim
from stockstream.tables.location import Location
from stockstream.topics import FLIGHTS
from tests.kafka.streams import put
from tests.site import Site
from tests.spark.tables import Quiet

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_a_topic_that_lost_its_first_messages_is_not_read_into_a_table_with_rows(site: Site, tmp_path: Path) -> None:
    admin, job, location = Admin(site.connection), FlightsPerDayJob(), Location.of(str(tmp_path))
    admin.ensure(FLIGHTS)
    put(site.bootstrap_servers, FLIGHTS.name, "AA", [b"a message"] * 10)
    topic_id = admin.topic_id(FLIGHTS.name)
    assert topic_id is not None
    made_of = {"job": job.name, "topic": FLIGHTS.name, "topic id": topic_id}
    [layout] = job.layouts
    row = {"airline": "AA", "date": None, "flights": 10}
    rows = layout.schema.empty_table().from_pylist([row], schema=layout.schema)
    DeltaBatches(layout, location, Claim("before", made_of)).write(0, rows, adds=True)
    ends = dict.fromkeys(admin.first_offsets(FLIGHTS.name), 0)
    assert admin.first_offsets(FLIGHTS.name) == ends
    filled = next(number for number in ends if admin.requested_ends(FLIGHTS.name, ends)[number].result().offset)
    client = AdminClient(dict(site.connection))
    for future in client.delete_records([TopicPartition(FLIGHTS.name, filled, 7)]).values():
        future.result()
    assert admin.first_offsets(FLIGHTS.name) == ends | {filled: 7}
    spark = cast("SparkSession", None)  # not reached
    options = RunOptions(str(tmp_path / "checkpoint"))
    with pytest.raises(TableError, match=r"the topic holds its first 7 messages no longer: .* --table"):
        run(job, topic_id, spark, location, site.connection, options, Quiet(), lambda: False)
