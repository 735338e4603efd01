"""A notification service on the session bus, and a process that sends alerts to it, under dbus-run-session.

Writes a JSON list of what the service got: replaces_id, title, text.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from stockstream.alerts.sinks.desktop import Desktop
from stockstream.alerts.sinks.sink import Setup
from stockstream.errors import SinkError
from tests.alerts.numbered import alert

NAME = "org.freedesktop.Notifications"


async def main() -> None:
    """Send without a service, then with one: an alert, another, the first again, and its withdrawal."""
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

    got: list[Any] = []

    def notify(message: Message) -> Message | None:
        """As the specification says, the service answers with replaces_id."""
        if message.member != "Notify":
            return None
        _, replaces, _, title, text, *_ = message.body
        got.append([replaces, title, text])
        return Message.new_method_return(message, "u", [replaces])

    sink = Desktop(Setup("desktop"))
    try:
        await asyncio.to_thread(sink.send, alert(1))
    except SinkError as error:
        sys.stderr.write(str(error))
    bus = await MessageBus().connect()
    bus.add_message_handler(notify)
    await bus.request_name(NAME)
    for each in (alert(1), alert(2, text="close < 3 & more"), alert(1), alert(1, state="withdrawn")):
        await asyncio.to_thread(sink.send, each)
    bus.disconnect()
    sys.stdout.write(json.dumps(got))


if __name__ == "__main__":
    asyncio.run(main())
