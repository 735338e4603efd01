"""Quotes: the newest bar of each series as JSON, written at most once a second, however many pages ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import numpy as np

from stockstream.codec import Json
from stockstream.names import harmless
from stockstream.web.bar_store import Quote

_FRESH_FOR: Final = 1.0

_encode: Final = msgspec.json.Encoder().encode


class Quotes:
    """The watch list of all pages.

    Parameters
    ----------
    read
        Reads the newest bars; it may raise `stockstream.errors.StockstreamError`, which is not kept.
    """

    def __init__(self, read: Callable[[], Awaitable[list[Quote]]], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kept: tuple[float, bytes] | None = None

    async def encoded(self) -> bytes:
        """The quotes of at most a second ago, in JSON."""
        async with self._lock:  # who asks while it is written takes the same
            if self._kept is None or self._clock() - self._kept[0] >= _FRESH_FOR:
                quotes = await self._read()
                self._kept = self._clock(), _encode([_quoted(quote) for quote in quotes])
            return self._kept[1]


def _quoted(quote: Quote) -> dict[str, Json]:
    symbol, interval, feed = quote.series
    return {
        "symbol": harmless(symbol),
        "key": symbol,
        "interval": interval,
        "feed": feed,
        "close": quote.close,
        "change": quote.change,
        "time": int(quote.time.astype(np.int64)),
        "bars": quote.bars,
        "simulated": quote.simulated,
        "zone": quote.zone,
        "currency": quote.currency,
    }
