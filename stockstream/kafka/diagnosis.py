"""Diagnosis of an unreachable broker: checks its address where librdkafka gives no reason."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

START_BROKER: Final = "is it running? `stockstream broker` starts one here"

_CHECK: Final = "check bootstrap_servers"
_ADVERTISED: Final = "have its advertised.listeners name an address that clients can reach"
_PATIENCE: Final = 2.0
_FRESH: Final = 5.0
_LARGEST: Final = 1 << 20
_HELLO: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""A request of 10 bytes: ApiVersions (18) of version 0, which every broker answers before it knows who asks."""


class Cause(NamedTuple):
    """What is said behind the address, and what to do about it."""

    said: str
    hint: str


def cause(connection: Mapping[str, Any]) -> Cause:
    """Why nothing was heard from the brokers at ``bootstrap.servers``; what was found is good for some seconds.

    It takes a few seconds at most: a server that says nothing is waited for, and a name's server may be slow.
    """
    told = tuple(sorted((key, value) for key, value in connection.items() if isinstance(value, str | int)))
    return _cause(told, int(time.monotonic() / _FRESH))


@lru_cache(maxsize=16)
def _cause(connection: tuple[tuple[str, Any], ...], _: int) -> Cause:
    properties = dict(connection)
    servers = [_split(each) for each in str(properties.get("bootstrap.servers", "")).split(",") if each.strip()]
    plain = "SSL" not in str(properties.get("security.protocol", "plaintext")).upper()
    found = [trouble(host, port, plain=plain) for host, port in servers]
    if None in found:
        return _misnamed(properties) or Cause("it did not answer in time", START_BROKER)
    several = len(servers) > 1
    said = dict.fromkeys(
        f"{host}:{port} {each.said}" if several else each.said
        for (host, port), each in zip(servers, found, strict=True)
        if each
    )
    return Cause("; ".join(said), next((each.hint for each in found if each), START_BROKER))


def trouble(host: str, port: int, *, plain: bool = True) -> Cause | None:
    """What keeps us from a server; None where Kafka answers, or something takes connections and talks TLS with us."""
    try:
        with socket.create_connection((host, port), _PATIENCE) as server:
            return _greet(server) if plain else None
    except (socket.gaierror, UnicodeError):
        return Cause("no such host is known", _CHECK)
    except ConnectionRefusedError:
        return Cause("connection refused", START_BROKER)
    except TimeoutError:
        return Cause("connecting takes too long", START_BROKER)
    except OSError as error:
        return Cause(f"cannot be connected to ({error.strerror or error})", _CHECK)


def _greet(server: socket.socket) -> Cause | None:
    try:
        server.sendall(_HELLO)
        answer = b""
        while len(answer) < 8:
            piece = server.recv(8 - len(answer))
            if not piece:
                break
            answer += piece
    except TimeoutError:
        return None  # Kafka may be that slow, too
    except OSError:
        answer = b""
    if len(answer) == 8 and 4 <= struct.unpack(">i", answer[:4])[0] <= _LARGEST and answer[4:] == b"\0\0\0\1":
        return None
    if not answer:
        return Cause("it closes the connection without a word", START_BROKER)
    if answer[:2] == b"\x15\x03":
        return Cause("it speaks TLS", "set security.protocol in the kafka section")
    return Cause("what listens there is not Kafka", _CHECK)


def _misnamed(properties: dict[str, Any]) -> Cause | None:
    """Whether a broker that answers sends its clients to an address at which it cannot be found."""
    try:
        brokers = AdminClient(properties | {"log_level": 0}).list_topics(timeout=_PATIENCE).brokers.values()
    except KafkaException:
        return None
    for broker in brokers:
        found = trouble(str(broker.host), broker.port, plain=False)
        if found is not None:
            return Cause(f"it answers, but calls itself {broker.host}:{broker.port} ({found.said})", _ADVERTISED)
    return None


def _split(server: str) -> tuple[str, int]:
    """Host and port of one of librdkafka's bootstrap servers."""
    host, colon, port = server.strip().rpartition("://")[2].rpartition(":")
    return (host.strip("[]"), int(port)) if colon and port.isdigit() else (server.strip().strip("[]"), 9092)
