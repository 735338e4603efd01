"""Outbox: the messages that wait for one page. One that does not keep up gets a new snapshot instead of all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

MOST: Final = 64
"""Messages that wait for a page at most; beyond that they are dropped, and it needs a snapshot."""


MOST_BYTES: Final = 16_000_000
"""Their bytes at most: one larger than that is a snapshot's."""


class Outbox:
    """Messages for one page, in order. It is used on the server's event loop only.

    Attributes
    ----------
    overrun
        Whether messages were dropped since the last `take`.
    """

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self.overrun = False
        self._size = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: bytes) -> None:
        """Add a message. While the outbox is overrun nothing is kept."""
        if self.overrun:
            return
        if len(self._waiting) >= MOST or self._size + len(message) > MOST_BYTES:
            self.overflow()
            return
        self._waiting.append(message)
        self._size += len(message)
        self._arrived.set()

    def overflow(self) -> None:
        """Drop what waits: the page needs a snapshot."""
        self._waiting.clear()
        self._size = 0
        self.overrun = True
        self._arrived.set()

    async def take(self) -> bytes | None:
        """The next message, as soon as there is one; None if messages were dropped, so that a snapshot is due."""
        while True:
            if self.overrun:
                self.overrun = False
                return None
            if self._waiting:
                message = self._waiting.popleft()
                self._size -= len(message)
                return message
            self._arrived.clear()
            await self._arrived.wait()
