"""The jars by which Spark reads Kafka: those of the lock beside this file, in our cache; Spark itself fetches nothing.

The lock is made anew, after a change of :data:`SPARK_VERSION`, by::

    python -m stockstream.spark.jars lock
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from stockstream.kafka.jars import Library, make_lock

SPARK_VERSION: Final = "4.2.0"

# The versions are those that the connector's pom names. PySpark has the other jars of the connector: spark-tags, the
# codecs of kafka-clients, slf4j.
CONNECTOR: Final = Library(
    "Spark",
    SPARK_VERSION,
    "stockstream.spark.jars",
    Path(__file__).with_name("jars.lock"),
    (
        f"org.apache.spark:spark-sql-kafka-0-10_2.13:{SPARK_VERSION}",
        f"org.apache.spark:spark-token-provider-kafka-0-10_2.13:{SPARK_VERSION}",
        "org.apache.kafka:kafka-clients:3.9.2",
        "org.apache.commons:commons-pool2:2.13.1",
    ),
    complete=True,
)


if __name__ == "__main__":
    if sys.argv[1:] != ["lock"]:
        sys.exit("usage: python -m stockstream.spark.jars lock")
    make_lock(CONNECTOR)
