"""The environment in which programs of Spark are started: our Java, and the Python and packages of this process."""

from __future__ import annotations

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from stockstream.spark.java import java_home

LOOPBACK: Final = "127.0.0.1"

# What PySpark 4.2 says of pandas 3, and what pandas 3 says of it: the beginnings of warnings. That all values are right
# with the pandas of the locks is tested.
WARNINGS: Final = ("PySpark does not yet fully support pandas", "The copy keyword is deprecated")


def environment(cache: Path, host: str = LOOPBACK) -> dict[str, str]:
    """The variables under which programs of Spark are started.

    Parameters
    ----------
    cache
        Directory of the cache.
    host
        The address on which they listen.

    Raises
    ------
    StockstreamError
        As `java_home`.
    """
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    return {
        "JAVA_HOME": str(java_home(cache)),
        "SPARK_HOME": str(Path(spec.origin).parent),
        "SPARK_LOCAL_IP": host,
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONWARNINGS": python_warnings(),
    }


def python_warnings() -> str:
    """The variable PYTHONWARNINGS of Python's workers."""
    known = os.environ.get("PYTHONWARNINGS")
    return ",".join([*filter(None, (known,)), *(f"ignore:{beginning}" for beginning in WARNINGS)])


def is_memory(text: str) -> bool:
    """Whether this is a size of a heap, as Spark writes it.

    >>> is_memory("700m"), is_memory("700 MB")
    (True, False)
    """
    return re.fullmatch(r"[1-9]\d{0,6}[kmgt]", text) is not None
