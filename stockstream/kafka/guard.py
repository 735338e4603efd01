"""Security of a local broker: certificates, users, and their rights.

The broker's own parts authenticate each other by its certificate (mutual TLS), so that no password has to exist before
its first start, and none is ever an argument of a process. Once the broker runs, its users and their rights are created
over mutual TLS, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from stockstream.credentials import folder_of
from stockstream.errors import BrokerError
from stockstream.kafka.acls import bindings
from stockstream.kafka.certificates import BROKER, Certificates
from stockstream.kafka.client import refused, settled
from stockstream.kafka.server_properties import HOST, NODE, Doors
from stockstream.kafka.users import Users

_WITHIN: Final = 10.0
_RELOADED: Final = ("broker", "internal")
"""The listeners whose certificate can be reloaded while the broker runs."""


def is_guarded(data: Path) -> bool:
    """Whether the broker with this data directory was a secure one when it last started."""
    return any(folder_of(data).glob("*.yaml"))


class Guard:
    """The security of a broker with this data directory, and with these names beside ``localhost``.

    Certificates and keys are in its folder ``secure``, the files for clients in ``clients``, both for its owner alone.
    """

    def __init__(self, data: Path, hosts: Sequence[str] = (), *, certificates: Certificates | None = None) -> None:
        self.certificates = certificates or Certificates(data / "secure", hosts)
        self.users = Users(folder_of(data))
        self._data = data
        self._host = next(iter(hosts), None)

    def prepare(self, ports: Iterable[int]) -> None:
        """Create missing files before the broker starts; clients reach its nodes by these ports.

        Raises OSError and `StockstreamError` if a file cannot be written.
        """
        self._data.chmod(0o700)
        self.certificates.ensure()
        servers = ",".join(f"{self._host or HOST}:{port}" for port in ports)
        self.users.ensure(servers, self.certificates.authority.read_text("ascii"))

    def doors(self, port: int, internal: int, controller: int | None, node: Path) -> Doors:
        """The listeners of the node with this data directory."""
        return Doors(
            port=port,
            internal=internal,
            controller=controller,
            certificate=_seen(self.certificates.broker, node),
            authority=_seen(self.certificates.authority, node),
            broker=BROKER,
            host=self._host,
        )

    def connection(self, internal: int) -> dict[str, str]:
        """The properties of a client with the broker's own identity."""
        mine = str(self.certificates.broker)
        return {
            "bootstrap.servers": f"{HOST}:{internal}",
            "security.protocol": "SSL",
            "ssl.ca.location": str(self.certificates.authority),
            "ssl.certificate.location": mine,
            "ssl.key.location": mine,
        }

    def admit(self, admin: AdminClient) -> None:
        """Create the users and their rights in a running broker. Raises `BrokerError`."""
        try:
            self.users.register(admin)
            for done in admin.create_acls(bindings(), request_timeout=_WITHIN).values():
                settled(done, _WITHIN)
        except KafkaException as error:
            cause = error.args[0]
            # What the broker then says is the text of its request, cut off before the reason.
            said = f"not authorized ({cause.name()})" if refused(cause) else cause.str()
            raise BrokerError(f"the broker does not take its users: {said}", hint="start it again") from error

    def renew(
        self, admin: AdminClient, now: datetime | None = None, *, nodes: Mapping[int, Path] | None = None
    ) -> bool:
        """Replace the certificate of a running broker if the present one expires soon; True if so.

        Several ``nodes`` are given by their numbers and data directories. The authority stays the same: clients need
        no new files. Raises `BrokerError`.
        """
        if not self.certificates.ensure(now):
            return False
        for number, folder in (nodes or {NODE: self._data}).items():
            self._show(admin, number, folder)
        return True

    def _show(self, admin: AdminClient, number: int, folder: Path) -> None:
        """Let a node reload the certificate."""
        entries = [
            ConfigEntry(
                f"listener.name.{name}.ssl.keystore.location",
                _seen(self.certificates.broker, folder),
                incremental_operation=AlterConfigOpType.SET,
            )
            for name in _RELOADED
        ]
        broker = ConfigResource(ResourceType.BROKER, str(number), incremental_configs=entries)
        try:
            settled(admin.incremental_alter_configs([broker], request_timeout=_WITHIN)[broker], _WITHIN)
        except KafkaException as error:
            raise BrokerError(
                f"the broker does not take its new certificate: {error.args[0].str()}", hint="start it again"
            ) from error


def _seen(file: Path, folder: Path) -> str:
    """A path as Kafka sees it from the data directory of a node."""
    return Path(os.path.relpath(file, folder)).as_posix()
