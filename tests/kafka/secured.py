"""A secure broker for tests, and its clients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stockstream.credentials import Role, credentials, folder_of
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.certificates import Certificates
from stockstream.kafka.guard import Guard


def secure_broker(data: Path, jars: list[Path], certificates: Certificates | None = None) -> Broker:
    """A secure broker, not yet started."""
    return Broker(data, jars, port=free_port(), guard=Guard(data, certificates=certificates))


def who(running: Broker, role: Role) -> dict[str, Any]:
    """The properties of a client in a role."""
    found = credentials(folder_of(running.data), role)
    assert found is not None
    return dict(found)
