"""Topics: the record type and the key of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Generic, Protocol, Self, TypeVar

from stockstream import codec
from stockstream.records import Alert, Bar, Flight, News

R = TypeVar("R")

RETENTION: Final = "retention.ms"
"""Setting of a topic: milliseconds for which records are kept; -1 for unlimited."""

CLEANUP: Final = "cleanup.policy"
"""Setting of a topic: compact, where Kafka keeps the last record of each key."""


@dataclass(frozen=True)
class Topic(Generic[R]):
    """One kind of record and where it travels.

    Records of one key stay in one partition and so in order. Topics are made by their producers with
    ``partitions`` partitions and ``config``, never by reading. Where they are ``corrected``, a later record may take
    the place of a former one.
    """

    name: str
    record: type[R]
    key: Callable[[R], str]
    partitions: int = 3
    config: Mapping[str, str] = field(default_factory=lambda: {RETENTION: "-1"})
    corrected: bool = False

    @property
    def dead_letters(self) -> str:
        """The name of the topic that takes what cannot be read."""
        return f"{self.name}.dlq"

    def divided(self, partitions: int) -> Self:
        """The same topic with another number of partitions."""
        return replace(self, partitions=partitions)

    def encode(self, record: R) -> bytes:
        """The record's bytes on the wire.

        >>> from datetime import datetime, UTC
        >>> bar = Bar(symbol="AAPL", interval="1d", time=datetime(2026, 1, 2, tzinfo=UTC), open=1.0, high=2.0,
        ...           low=1.0, close=2.0, volume=None, source="csv")
        >>> STOCKS.decoder()(STOCKS.encode(bar)) == bar
        True
        """
        return codec.encode(record)

    def decoder(self) -> codec.Decoder[R]:
        """From bytes to records."""
        return codec.Decoder(self.record)

    def key_decoder(self) -> Callable[[bytes], str]:
        """From bytes to the key of the record, which raises as `decoder` does."""
        decode = self.decoder()
        return lambda value: self.key(decode(value))


class AnyTopic(Protocol):
    """A topic whatever its records are: what its administration and its readers need to know."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def record(self) -> type[object]:
        """The type of its records."""

    @property
    def partitions(self) -> int:
        """Number of partitions, if it is created."""

    @property
    def config(self) -> Mapping[str, str]:
        """Kafka's settings of it, if it is created."""

    @property
    def corrected(self) -> bool:
        """Whether a later record may take the place of a former one."""

    @property
    def dead_letters(self) -> str:
        """The name of the topic that takes what cannot be read."""

    def divided(self, partitions: int) -> Self:
        """The same topic with another number of partitions."""

    def decoder(self) -> Callable[[bytes], object]:
        """From bytes to records."""

    def key_decoder(self) -> Callable[[bytes], str]:
        """From bytes to the key of the record."""


STOCKS: Final = Topic("stocks", Bar, lambda bar: bar.symbol, corrected=True)
FLIGHTS: Final = Topic("flights", Flight, lambda flight: flight.airline)
ALERTS: Final = Topic(
    "alerts", Alert, lambda alert: alert.id, partitions=1, config={RETENTION: "-1", CLEANUP: "compact"}, corrected=True
)
"""Compacted: of each alert Kafka keeps the last state. Its records are few, and one partition keeps them in order."""

NEWS: Final = Topic("news", News, lambda news: news.symbol)

TOPICS: Final[Mapping[str, Topic[Bar] | Topic[Flight] | Topic[Alert] | Topic[News]]] = {
    topic.name: topic for topic in (STOCKS, FLIGHTS, ALERTS, NEWS)
}
