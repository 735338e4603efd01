"""A process that puts alerts into an outbox and sends them to a web hook, to be killed at any moment.

Arguments: the database, the address, how many alerts. It ends when all are sent.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from stockstream.alerts.dispatcher import Dispatcher
from stockstream.alerts.outbox import Outbox
from stockstream.alerts.sinks.sink import Setup
from stockstream.alerts.sinks.webhook import Webhook
from tests.alerts.numbered import alert
from tests.alerts.receiver import SECRET
from tests.alerts.reports import Reports


def main(database: Path, url: str, count: int) -> None:
    """Put alerts in, a few at a time, while others are sent; those that are in already are not put in again."""
    hook = Webhook(Setup("webhook", {"url": url}, environ={"ALERTS_WEBHOOK_SECRET": SECRET}))
    dispatcher = Dispatcher(database, {"webhook": hook}, Reports())
    dispatcher.start()
    with closing(Outbox(database)) as outbox:
        for start in range(0, count, 10):
            outbox.add(alert(number) for number in range(start, start + 10))
            dispatcher.wake()
    if not dispatcher.drain(60.0):
        raise SystemExit("not all are sent")
    dispatcher.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
