"""The packages of the extra ``spark``: checked before a module that needs them is imported."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from stockstream.errors import SparkError

PACKAGES: Final = ("pyspark", "deltalake", "pyarrow")


def require_spark() -> None:
    """Raise `SparkError` with what to install, unless the packages of the extra ``spark`` are there."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        what = f"package {missing[0]}" if len(missing) == 1 else f"packages {', '.join(missing)}"
        raise SparkError(f"Spark jobs need the {what}", hint="pip install 'stockstream[spark]' (800 MB)")
