"""Stock bars and flights on a real Apache Kafka, and live windows on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stockstream.version import VERSION as __version__

if TYPE_CHECKING:
    from stockstream.consumers.read import read

__all__ = ["__version__", "read"]


def __getattr__(name: str) -> Any:
    # pandas and Kafka are heavy: they are imported when they are used, not with the package.
    if name == "read":
        from stockstream.consumers.read import read

        return read
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
