"""Credentials of a secure local broker: a file for each role, with user, password and authority.

Each is a YAML file of librdkafka's properties, made by ``stockstream broker --secure`` (`stockstream.kafka.users`) and
read by every command in its own role. Copied to another machine, it serves there as ``secrets_file``.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, cast, get_args

from stockstream.config_sources import read
from stockstream.connection import Connection, Property
from stockstream.errors import ConfigError

Role = Literal["producer", "consumer", "monitor", "admin"]
"""Role of a client: it sends, it shows, it monitors the broker, or it deletes and repairs."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)

BROKER_FOLDER: Final = "kafka"
CLUSTER_FOLDER: Final = "cluster"
"""Where in ``data_dir`` a broker by itself keeps its data, and where a cluster of several does."""

SERVERS: Final = "bootstrap.servers"
PASSWORD: Final = "sasl.password"  # noqa: S105 - the name of a property

_HERE: Final = ("127.0.0.1", "localhost", "[::1]", "::1")


def folder_of(broker: Path) -> Path:
    """Where a broker with this data directory puts its clients' files."""
    return broker / "clients"


def folders_of(data: Path) -> list[Path]:
    """The same folders of this machine's brokers: of one by itself, and of a cluster of several."""
    return [folder_of(data / name) for name in (BROKER_FOLDER, CLUSTER_FOLDER)]


def file_of(folder: Path, role: Role) -> Path:
    """A role's file."""
    return folder / f"{role}.yaml"


def credentials(folder: Path, role: Role) -> Connection | None:
    """A role's properties; None where no secure broker made any. Raises `ConfigError` for a file that others read."""
    file = file_of(folder, role)
    if not file.is_file():
        return None
    values, _ = read(file)
    refuse_open_to_others(file)
    return cast("Connection", values)  # written by `stockstream broker`; librdkafka refuses other values


def nodes_file(folder: Path) -> Path:
    """Where a cluster of several brokers says, while it runs, where its nodes are: see `all_nodes`."""
    return folder / "nodes"


def all_nodes(servers: str, folders: Iterable[Path]) -> str:
    """The addresses, and those of the other nodes of a cluster on this machine that one of them belongs to.

    So a client that starts while one node is away finds the others.
    """
    for folder in folders:
        try:
            addresses = nodes_file(folder).read_text("ascii").strip()
        except OSError:
            continue
        if serve({SERVERS: addresses}, servers):
            return ",".join(dict.fromkeys([*servers.split(","), *addresses.split(",")]))
    return servers


def serve(properties: Connection, servers: str) -> bool:
    """Whether these properties are of the broker at one of these addresses.

    >>> serve({"bootstrap.servers": "127.0.0.1:9092"}, "localhost:9092"), serve({}, "localhost:9092")
    (True, False)
    >>> serve({"bootstrap.servers": "broker.lan:9092"}, "other.lan:9092")
    False
    """
    known = set()
    for each in str(properties.get(SERVERS, "")).split(","):
        host, _, port = each.rpartition(":")
        known |= {f"{name}:{port}" for name in (host, *_HERE)} if port else set()
    return any(server.rpartition("://")[2].lower() in known for server in servers.split(","))


def without_security(properties: Connection) -> dict[str, Property]:
    """Properties without those that say who we are and whom we trust."""
    return {
        name: value for name, value in properties.items() if not name.startswith(("sasl.", "ssl.", "security.protocol"))
    }


def refuse_open_to_others(file: Path) -> None:
    """Raise `ConfigError` for a file of secrets that others can read."""
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        raise ConfigError(f"{file} holds secrets and can be read by others (mode {mode:04o})", hint=f"chmod 600 {file}")
