"""Stock bars and flights on a real Apache Kafka, and live windows on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stockstream.version import VERSION as __version__

if TYPE_CHECKING:
    from stockstream import indicators
    from stockstream.consumers.read import read

__all__ = ["__version__", "indicators", "read"]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    # pandas and Kafka are heavy: they are imported when they are used, not with the package.
    if name == "read":
        from stockstream.consumers.read import read

        return read
    if name == "indicators":
        import stockstream.indicators

        return stockstream.indicators
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
