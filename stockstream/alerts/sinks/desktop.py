"""Desktop notices, by the notification service of the session bus; on macOS and Windows by apprise.

``replaces_id`` is made from the alert's id, so that a notice that is sent again takes the place of the first.
"""

from __future__ import annotations

import asyncio
import os
import sys
import zlib
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Final

import msgspec

from stockstream.alerts.delivery import line, title
from stockstream.alerts.sinks.apprise_url import Urls
from stockstream.alerts.sinks.sink import Setup
from stockstream.errors import ConfigError, SinkError
from stockstream.records import Alert

if TYPE_CHECKING:
    from dbus_fast import Message

_SERVICE: Final = "org.freedesktop.Notifications"
_PATH: Final = "/org/freedesktop/Notifications"
_NATIVE: Final[Mapping[str, str]] = {"darwin": "macosx://", "win32": "windows://"}


class Options(msgspec.Struct, frozen=True):
    """``seconds`` for which a notice stands (None: as the desktop does), and whether it is ``urgent``, so that it stays
    and is shown over full screens."""

    seconds: float | None = None
    urgent: bool = False
    timeout: float = 10.0


class Desktop:
    """Shows a notice on the desktop for each alert.

    Raises
    ------
    ConfigError
        A package is missing.
    """

    def __init__(self, setup: Setup) -> None:
        self._options = setup.read(Options)
        self._native = Urls([_NATIVE[sys.platform]], "the desktop") if sys.platform in _NATIVE else None
        if self._native is None:
            try:
                import dbus_fast  # noqa: F401 - only whether it is there
            except ImportError:
                raise ConfigError(
                    "desktop notices need the package dbus-fast", hint="pip install 'stockstream[notify]'"
                ) from None

    def send(self, alert: Alert) -> None:
        """As `Sink.send`."""
        if self._native is not None:
            self._native.send(alert)
            return
        if not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and not os.environ.get("XDG_RUNTIME_DIR"):
            raise SinkError("there is no session bus, so no desktop notice", hint="run it in a desktop session")
        try:
            asyncio.run(asyncio.wait_for(self._notify(alert), self._options.timeout))
        except TimeoutError:
            raise SinkError(f"the desktop does not answer within {self._options.timeout:g} s") from None
        except (OSError, EOFError) as error:
            raise SinkError(f"the session bus cannot be reached ({type(error).__name__})") from None

    async def _notify(self, alert: Alert) -> None:
        from dbus_fast import BusType, MessageType
        from dbus_fast.aio import MessageBus
        from dbus_fast.errors import DBusError, InvalidAddressError

        try:
            bus = await MessageBus(bus_type=BusType.SESSION).connect()
        except (DBusError, InvalidAddressError) as error:
            raise SinkError(f"the session bus cannot be reached ({type(error).__name__})") from None
        try:
            answer = await bus.call(self._message(alert))
        finally:
            bus.disconnect()
        if answer.message_type is MessageType.ERROR:
            raise SinkError(f"no notification service shows notices on this desktop ({answer.error_name})")

    def _message(self, alert: Alert) -> Message:
        from dbus_fast import Message, Variant

        seconds = self._options.seconds
        return Message(
            destination=_SERVICE,
            path=_PATH,
            interface=_SERVICE,
            member="Notify",
            signature="susssasa{sv}i",
            body=[
                "stockstream",
                replaces_id(alert.id),
                "",
                title(alert),
                escape(line(alert), quote=False),  # many desktops read markup in the body
                [],
                {"urgency": Variant("y", 2 if self._options.urgent else 1)},
                -1 if seconds is None else round(seconds * 1000),
            ],
        )


def replaces_id(identity: str) -> int:
    """The number of an alert's notice: never 0, which asks for a new notice. A withdrawal takes its alert's place.

    >>> replaces_id("a") == replaces_id("a") != replaces_id("b")
    True
    """
    return zlib.crc32(identity.encode()) or 1
