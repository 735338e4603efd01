"""Access to a cluster: the secret of one of this machine, and what may go to executors on others."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stockstream.connection import Connection
from stockstream.errors import SparkError
from stockstream.files import write_private
from stockstream.spark.environment import LOOPBACK

if TYPE_CHECKING:
    from stockstream.config import Settings

FILE: Final = "access.properties"

_KAFKA_SECRETS: Final = ("sasl.password", "sasl.oauthbearer.client.secret", "ssl.key.pem", "ssl.key.password")
_PROPERTY: Final = re.compile(r"^[ \t]*([^#!\s=:][^\s=:]*)(?:[ \t]*[=:][ \t]*|[ \t]+)(\S.*?)\s*$", re.M)


def cluster_folder(settings: Settings, port: int) -> Path:
    """The folder of the cluster whose master has this port."""
    return settings.state_dir.absolute() / "spark" / f"cluster-{port}"


def write_access(folder: Path) -> Path:
    """Write a new secret, by which programs of Spark know each other and encrypt. Raises StockstreamError."""
    path = folder / FILE
    content = {
        "spark.authenticate": "true",
        "spark.authenticate.secret": secrets.token_hex(32),
        "spark.network.crypto.enabled": "true",
    }
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


def is_loopback(host: str) -> bool:
    """Whether an address is one of this machine that others do not reach; names are not looked up.

    >>> is_loopback("127.0.0.1"), is_loopback("[::1]"), is_loopback("localhost"), is_loopback("10.0.0.1")
    (True, True, True, False)
    """
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def require_encryption(
    connection: Connection, host: str, properties: Mapping[str, str], properties_file: Path | None
) -> None:
    """Refuse to send a secret of Kafka to executors on other machines in clear text.

    Parameters
    ----------
    connection
        librdkafka's properties, which executors get.
    host
        The address of this machine by which executors reach it.
    properties, properties_file
        Those of Spark; the latter are weaker.

    Raises
    ------
    SparkError
        It would be sent so, or the file cannot be read.
    """
    if is_loopback(host) or not any(name in connection for name in _KAFKA_SECRETS):
        return
    known = {**_read(properties_file), **properties}
    authenticated = _is_true(known, "spark.authenticate") and _is_true(known, "spark.network.crypto.enabled")
    if not authenticated and not _is_true(known, "spark.ssl.rpc.enabled"):
        raise SparkError(
            "Kafka's password would go to executors on other machines in clear text",
            hint="set spark.authenticate and spark.network.crypto.enabled, or spark.ssl.rpc.enabled, to true in the"
            " cluster and in --properties",
        )


def _is_true(properties: Mapping[str, str], name: str) -> bool:
    return properties.get(name, "").lower() == "true"


def _read(path: Path | None) -> dict[str, str]:
    """The properties of a file, as Java writes them."""
    if path is None:
        return {}
    try:
        return dict(_PROPERTY.findall(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise SparkError(f"{path} cannot be read: {error}", hint="it is a file of Spark's properties") from error
