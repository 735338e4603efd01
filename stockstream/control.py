"""Control of running producers: orders to them, and what they report of themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

TOPIC: Final = "__stockstream-control"
"""The compacted topic of orders and reports; Kafka's own way of naming topics that are no data."""

ALL: Final = "all"
"""The name that addresses every producer."""

REPORT_EVERY: Final = 2.0
"""Seconds between two reports of a producer."""

GONE_AFTER: Final = 15.0
"""Seconds after its last report from which on a producer counts as gone."""


class Order(msgspec.Struct, frozen=True, tag="order", omit_defaults=True):
    """How the producers of a name are to run, until the next order to them.

    ``name`` is that of the command, such as yahoo, or `ALL`; ``rate`` is in records a second, None for the rate that
    the producer was started with.
    """

    name: str
    paused: bool = False
    rate: float | None = None

    @property
    def key(self) -> str:
        """The key of its message: compaction keeps the newest order to each name."""
        return f"order/{self.name}"


class Report(msgspec.Struct, frozen=True, tag="report", omit_defaults=True):
    """What a running producer reports; a message without a value under its key says that it has ended."""

    name: str
    host: str
    pid: int
    topic: str
    sent: int
    started: datetime
    at: datetime
    paused: bool = False
    rate: float | None = None

    @property
    def key(self) -> str:
        """The key of its messages."""
        return f"report/{self.name}/{self.host}/{self.pid}"


Message = Order | Report

decode: Final = msgspec.json.Decoder(Message).decode
encode: Final = msgspec.json.Encoder().encode
