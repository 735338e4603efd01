"""Beginning: what a view starts from instead of the first record that its topic holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from stockstream.views.bar_batch import BarBatch


@dataclass(frozen=True)
class Beginning:
    """Bars that a durable table holds of a topic, and the offset of each partition after them."""

    batches: Sequence[BarBatch]
    positions: Mapping[int, int]


class Begin(Protocol):
    """Reads a beginning."""

    def __call__(self, topic_id: str, /) -> Beginning:
        """What there is now of the topic with this id. Raises `stockstream.errors.StockstreamError`."""
