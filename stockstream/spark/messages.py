"""Messages of a topic as a stream of Spark, read with our settings of the connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from stockstream.connection import Connection
from stockstream.errors import ConfigError
from stockstream.tables.schema import OFFSET, PARTITION, SENT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Offsets = Mapping[str, int]
"""Offsets by partition, as JSON of Spark has them."""

_PLAIN: Final = ("client.id", "security.protocol")
"""Properties that have the same name and meaning in Java."""

_LOGINS: Final = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}

_EARLIEST: Final = -2
"""The connector's number for the first offset that a partition holds."""

_GROUPS: Final = "stockstream-spark"
"""Beginning of the names of Spark's groups: those of a consumer's rights."""


def java_options(connection: Connection) -> dict[str, str]:
    """Properties of librdkafka as those of Kafka's client for Java, under the names of Spark's connector.

    >>> java_options({"bootstrap.servers": "127.0.0.1:9092", "linger.ms": 5})
    {'kafka.bootstrap.servers': '127.0.0.1:9092'}

    Raises
    ------
    ConfigError
        A way to log in that is not translated.
    """
    options = {"bootstrap.servers": str(connection["bootstrap.servers"])}
    options |= {name: str(connection[name]) for name in _PLAIN if name in connection}
    for name, ours in (("location", "ssl.ca.location"), ("certificates", "ssl.ca.pem")):
        if ours in connection:
            options |= {"ssl.truststore.type": "PEM", f"ssl.truststore.{name}": str(connection[ours])}
    if str(connection.get("ssl.endpoint.identification.algorithm", "")) == "none":
        options["ssl.endpoint.identification.algorithm"] = ""
    mechanism = str(connection.get("sasl.mechanism", connection.get("sasl.mechanisms", "")))
    if mechanism:
        if mechanism not in _LOGINS:
            raise ConfigError(f"Spark jobs cannot log in by {mechanism}", hint=f"use {', '.join(_LOGINS)}")
        login = f"username={_quoted(connection, 'sasl.username')} password={_quoted(connection, 'sasl.password')}"
        options |= {"sasl.mechanism": mechanism, "sasl.jaas.config": f"{_LOGINS[mechanism]} required {login};"}
    return {f"kafka.{name}": value for name, value in options.items()}


def _quoted(connection: Connection, name: str) -> str:
    return json.dumps(str(connection.get(name, "")))


def messages(
    spark: SparkSession,
    topic: str,
    connection: Connection,
    *,
    most: int | None,
) -> DataFrame:
    """The messages of a topic from its start, with the columns `schema.MESSAGES`.

    Parameters
    ----------
    spark
        The session.
    topic
        Its name; it exists.
    connection
        librdkafka's properties.
    most
        Messages of one batch at the most; None for all that are there.
    """
    options = java_options(connection) | {"subscribe": topic, "startingOffsets": "earliest", "failOnDataLoss": "true"}
    options["groupIdPrefix"] = _GROUPS
    if most is not None:
        options["maxOffsetsPerTrigger"] = str(most)
    return columns_of_messages(spark.readStream.format("kafka").options(**options).load())


def messages_between(
    spark: SparkSession, topic: str, connection: Connection, begins: Offsets, ends: Offsets
) -> DataFrame:
    """The messages of a topic between offsets, with the columns `schema.MESSAGES`.

    Parameters
    ----------
    spark
        The session.
    topic
        Its name; it exists.
    connection
        librdkafka's properties.
    begins
        The first offset of each partition; of one that lacks, the first one that it holds.
    ends
        The offset after the last one of each partition.
    """
    starts = {partition: begins.get(partition, _EARLIEST) for partition in ends}
    options = java_options(connection) | {
        "assign": json.dumps({topic: sorted(map(int, ends))}),
        "startingOffsets": json.dumps({topic: starts}),
        "endingOffsets": json.dumps({topic: ends}),
        "failOnDataLoss": "true",
        "groupIdPrefix": _GROUPS,
    }
    return columns_of_messages(spark.read.format("kafka").options(**options).load())


def columns_of_messages(found: DataFrame) -> DataFrame:
    """The columns `schema.MESSAGES` of what the connector has read."""
    return found.selectExpr("value", f"`partition` AS {PARTITION}", f"`offset` AS {OFFSET}", f"`timestamp` AS {SENT}")
