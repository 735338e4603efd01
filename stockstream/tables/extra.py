"""The packages of the extra ``lake``: checked before a module that needs them is imported."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from stockstream.errors import StockstreamError

PACKAGES: Final = ("deltalake", "duckdb", "prompt_toolkit", "pyarrow")


def require_lake() -> None:
    """Raise `StockstreamError` with what to install, unless the packages of the extra ``lake`` are there."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        what = f"package {missing[0]}" if len(missing) == 1 else f"packages {', '.join(missing)}"
        raise StockstreamError(f"tables need the {what}", hint="pip install 'stockstream[lake]'")
