"""Alert records: acknowledgements and watched levels of people on the page, sent to the topic of alerts."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

from fastapi.concurrency import run_in_threadpool

from stockstream.alerts.record_post import send_record
from stockstream.connection import Connection
from stockstream.records import Alert


class AlertRecords:
    """Sends them, those of one person in the order in which they were asked for.

    Otherwise the end of a level could come to the topic before the level, which would then be watched for ever.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send_in_turn(self, person: str, make: Callable[[], Awaitable[Alert]]) -> Alert:
        """Make a record when the broker has those before it, and send it; returns it.

        Raises what making it raises, and `stockstream.errors.BrokerError`.
        """
        async with self._turns[person]:
            record = await make()
            await run_in_threadpool(self.send, record)
            return record

    def send(self, record: Alert) -> None:
        """Send a record, and wait until the broker has it. Raises `stockstream.errors.BrokerError`."""
        send_record(self._connection, record)
