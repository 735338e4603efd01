"""Stock bars and flights on a real Apache Kafka, and live windows on them."""

from stockstream.version import VERSION as __version__

__all__ = ["__version__"]
