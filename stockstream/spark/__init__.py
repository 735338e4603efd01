"""The topics on Apache Spark: Structured Streaming jobs over the same records and indicators. Needs the extra
``spark``. Begin with `run`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the packages of the extra are imported when they are needed
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["read", "start"]


def start(master: str = "local[*]", *, name: str = "stockstream", config: str | Path | None = None) -> SparkSession:
    """Start Spark with our Java and jars, for a notebook or a script; the one that runs here already is returned.

    Parameters
    ----------
    master
        ``local[2]``: with two cores of this machine; ``local[*]``: with all; or the address of a cluster.
    name
        The application, as Spark's logs and pages name it.
    config
        A settings file; by default those of the command line.

    Raises
    ------
    SparkError
        The extra ``spark`` is not installed, no master answers, or Spark does not start.
    StockstreamError
        The settings cannot be used, or Spark's jars cannot be fetched.
    """
    from stockstream.config import load
    from stockstream.spark.extra import require_spark

    require_spark()
    from stockstream.spark.session import SessionOptions, session

    return session(name, load(None if config is None else Path(config), {}), SessionOptions(master))


def read(
    spark: SparkSession,
    topic: Literal["stocks", "flights"] = "stocks",
    *,
    config: str | Path | None = None,
    bootstrap_servers: str | None = None,
) -> DataFrame:
    """The records that a topic holds now as a DataFrame of Spark, as `stockstream.read` gives one of pandas.

    Parameters
    ----------
    spark
        The session, see `start`.
    topic
        ``stocks`` or ``flights``.
    config
        A settings file; by default those of the command line.
    bootstrap_servers
        The broker; by default that of the settings.

    Returns
    -------
    pyspark.sql.DataFrame
        The fields of the record, with their place in Kafka. Of a repeated bar the last that was sent, of a repeated
        flight the first. What is no record is left out, and kept on the topic's dead letters.

    Raises
    ------
    Unreachable
        No broker answers within 10 s.
    BrokerError
        The topic does not exist.
    StockstreamError
        The topic is unknown, or the settings cannot be used.
    """
    from stockstream.config import load
    from stockstream.spark.extra import require_spark

    require_spark()
    from stockstream.spark.reading import topic_frame

    overrides = {} if bootstrap_servers is None else {"bootstrap_servers": bootstrap_servers}
    settings = load(None if config is None else Path(config), overrides)
    return topic_frame(spark, topic, settings.connection("consumer"))
