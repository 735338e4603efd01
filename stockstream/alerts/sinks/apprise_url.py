"""Any service that apprise knows: Telegram, Slack, Matrix, ntfy, Signal, SMS and a hundred more, by address.

An address of apprise contains passwords and tokens. It is read from the environment or from a file of mode 0600, and is
never part of an error or a log.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from stockstream.alerts.delivery import delivery_id, line, title
from stockstream.alerts.sinks.sink import Setup
from stockstream.errors import ConfigError, SinkError
from stockstream.records import Alert

_SILENT: Final = logging.CRITICAL + 1


class Options(msgspec.Struct, frozen=True):
    """``url_file`` has the addresses, one a line."""

    url_file: str | None = None


class Urls:
    """Sends alerts to addresses of apprise.

    Parameters
    ----------
    addresses
        The addresses.
    place
        What the user knows them as.

    Raises
    ------
    ConfigError
        apprise is missing, or cannot use one of the addresses.
    """

    def __init__(self, addresses: Sequence[str], place: str) -> None:
        try:
            import apprise
        except ImportError:
            raise ConfigError(f"{place} needs the package apprise", hint="pip install 'stockstream[notify]'") from None
        # It logs addresses, and what servers answer.
        logging.getLogger("apprise").setLevel(_SILENT)
        self._place = place
        self._taken: tuple[str, set[int]] = "", set()
        self._services = []
        for number, address in enumerate(addresses, 1):
            service = apprise.Apprise()
            if not service.add(address):
                what = "its address" if len(addresses) == 1 else f"its address {number}"
                raise ConfigError(f"{place}: apprise cannot use {what}", hint="https://appriseit.com has the forms")
            self._services.append(service)

    def send(self, alert: Alert) -> None:
        """As `Sink.send`. Of several addresses, those that have taken the alert do not get it again if one fails."""
        if self._taken[0] != delivery_id(alert):
            self._taken = delivery_id(alert), set()
        taken = self._taken[1]
        for number, service in enumerate(self._services, 1):
            if number not in taken and _sent(service, alert):
                taken.add(number)
        failed = [str(number) for number in range(1, len(self._services) + 1) if number not in taken]
        if failed:
            which = "" if len(self._services) == 1 else f" (address {', '.join(failed)})"
            raise SinkError(f"{self._place} did not take the alert{which}")


def _sent(service: object, alert: Alert) -> bool:
    try:
        return bool(service.notify(title=title(alert), body=line(alert)))  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - any of a hundred services, and the error may quote the address
        return False


class AppriseUrl:
    """Sends alerts to the addresses of the environment or of a file."""

    def __init__(self, setup: Setup) -> None:
        options = setup.read(Options)
        found = setup.required("url", options.url_file).split()
        self._urls = Urls(found, f"the alert sink {setup.name}")

    def send(self, alert: Alert) -> None:
        """As `Sink.send`."""
        self._urls.send(alert)
