"""Access to a cluster of this machine: its secret, in a file that its user alone can read."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stockstream.files import write_private
from stockstream.spark.environment import LOOPBACK

if TYPE_CHECKING:
    from stockstream.config import Settings

FILE: Final = "access.properties"


def cluster_folder(settings: Settings, port: int) -> Path:
    """The folder of the cluster whose master has this port."""
    return settings.state_dir.absolute() / "spark" / f"cluster-{port}"


def write_access(folder: Path) -> Path:
    """Write a new secret, by which programs of Spark know each other. Raises StockstreamError."""
    path = folder / FILE
    content = {"spark.authenticate": "true", "spark.authenticate.secret": secrets.token_hex(32)}
    write_private(path, "".join(f"{name} {value}\n" for name, value in content.items()).encode("ascii"))
    return path


def access_file(settings: Settings, master: str) -> Path | None:
    """The properties by which a session can use a cluster of this machine; None for any other master."""
    address = master.removeprefix("spark://")
    host, _, port = address.rpartition(":")
    if address == master or host != LOOPBACK or not port.isdecimal():
        return None
    path = cluster_folder(settings, int(port)) / FILE
    return path if path.exists() else None
