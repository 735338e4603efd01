"""The present records of a topic as a DataFrame of Spark, decoded and checked as everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stockstream.connection import Connection
from stockstream.errors import StockstreamError
from stockstream.kafka.admin import Admin
from stockstream.kafka.waiting import no_topic
from stockstream.spark.decoding import Reading, decoder
from stockstream.spark.messages import columns_of_messages, java_options
from stockstream.spark.schema import REASON, rows, struct
from stockstream.tables.schema import DATE, OF_TOPICS, OFFSET, PARTITION, SENT, TOPIC_ID
from stockstream.topics import STOCKS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_GIVE_UP: Final = 10.0
_BAR: Final = ("symbol", "interval", "feed", "time")
_ROW: Final = ("file", "row")


def topic_frame(spark: SparkSession, topic: str, connection: Connection) -> DataFrame:
    """The records of a topic, each once; see `stockstream.spark.read`.

    Parameters
    ----------
    spark
        The session.
    topic
        Name of the topic.
    connection
        librdkafka's properties.

    Raises
    ------
    BrokerError
        No broker answers, or the topic does not exist.
    StockstreamError
        The topic is unknown.
    """
    from pyspark.sql import functions

    if topic not in OF_TOPICS:
        raise StockstreamError(f"topic is one of {', '.join(OF_TOPICS)}, not {topic!r}")
    topic_id = Admin(connection, timeout=_GIVE_UP).topic_id(topic)
    if topic_id is None:
        raise no_topic(topic, connection)
    table = OF_TOPICS[topic]
    options = java_options(connection) | {"subscribe": topic, "startingOffsets": "earliest", "endingOffsets": "latest"}
    messages = columns_of_messages(spark.read.format("kafka").options(**options).load())
    reading = Reading(topic, topic_id, tuple(sorted(connection.items())))
    decoded = messages.mapInArrow(decoder(reading), struct(rows(table))).where(f"{REASON} IS NULL")
    found = decoded.drop(REASON, DATE, TOPIC_ID)
    record = functions.struct(*found.columns).alias("record")
    if topic == STOCKS.name:
        # In a partition the later offset counts; of several partitions, where keys have moved, the later time.
        last = functions.max_by(record, OFFSET).alias("record")
        found = found.groupBy(*_BAR, PARTITION).agg(last).select("record.*")
        once = found.groupBy(*_BAR).agg(functions.max_by(record, SENT).alias("record"))
    else:
        once = found.groupBy(*_ROW).agg(functions.min_by(record, functions.struct(SENT, OFFSET)).alias("record"))
    return once.select("record.*")
