"""Diagnosis of an unreachable broker: checks its address where librdkafka gives no reason."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final, NamedTuple

from confluent_kafka.admin import AdminClient

from stockstream.connection import Connection, Property
from stockstream.kafka.health import read_statistics


class Cause(NamedTuple):
    """Reason, as the text after the address, what to do about it, and whether a server is there that may answer yet."""

    said: str
    hint: str
    there: bool = False


START_BROKER: Final = "is it running? `stockstream broker` starts one here"

SLOW: Final = Cause("runs, but has not answered", "the machine may be busy: try again", there=True)
MUTE: Final = Cause(
    "accepts connections but has not answered", "it may be stopped, or very busy: its log may say more", there=True
)
"""Reasons why a server that accepts connections does not answer."""

FULL: Final = Cause("accepts no more connections", MUTE.hint, there=True)
"""Reason of a server on this machine whose queue of connections is full: where nothing listens, they are refused."""

SILENT: Final = (SLOW, MUTE, FULL)
"""Reasons of a server that runs, which are told with the time for which it was waited."""

_CHECK: Final = "check bootstrap_servers"
_ADVERTISED: Final = "have its advertised.listeners name an address that clients can reach"
_NO_TLS: Final = Cause(
    "it is a Kafka without TLS", "start it with --secure, or leave security.protocol out of the settings"
)
_ANOTHER_NAME: Final = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_OUT_OF_TIME: Final = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_PATIENCE: Final = 2.0
_FRESH: Final = 5.0
_LOOK: Final = 0.05
_LARGEST: Final = 1 << 20
_HELLO: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""A request of 10 bytes: ApiVersions (18), version 0, which every broker answers before authentication."""


def cause(connection: Connection) -> Cause:
    """Reason why the brokers at ``bootstrap.servers`` do not answer; cached for some seconds.

    It takes a few seconds at most, because a silent server or a slow name server has to be awaited.
    """
    items = tuple(sorted((key, value) for key, value in connection.items() if isinstance(value, str | int)))
    return _cause(items, int(time.monotonic() / _FRESH))


@lru_cache(maxsize=16)
def _cause(connection: tuple[tuple[str, Property], ...], _: int) -> Cause:
    properties = dict(connection)
    servers = [_split(each) for each in str(properties.get("bootstrap.servers", "")).split(",") if each.strip()]
    tls = _tls(properties) if "SSL" in str(properties.get("security.protocol", "plaintext")).upper() else None
    found = [trouble(host, port, tls) for host, port in servers]
    if None in found:
        return misnamed(properties) or SLOW
    several = len(servers) > 1
    said = dict.fromkeys(
        f"{host}:{port} {each.said}" if several else each.said
        for (host, port), each in zip(servers, found, strict=True)
        if each
    )
    # One running broker is enough, whatever is wrong with the others.
    first = next((each for each in sorted(filter(None, found), key=lambda each: not each.there)), None)
    hint, there = (first.hint, first.there) if first else (START_BROKER, False)
    return Cause("; ".join(said), hint, there)


def trouble(host: str, port: int, tls: ssl.SSLContext | None = None) -> Cause | None:
    """Reason why a server cannot be used; None if Kafka answers, or shows a certificate that ``tls`` trusts."""
    return _connected(host, port, lambda server: _greet(server) if tls is None else _shake(server, host, port, tls))


def _connected(host: str, port: int, then: Callable[[socket.socket], Cause | None]) -> Cause | None:
    """Reason why a server cannot be connected to; otherwise the result of ``then``."""
    try:
        with socket.create_connection((host, port), _PATIENCE) as server:
            return then(server)
    except (socket.gaierror, UnicodeError):
        return Cause("no such host is known", _CHECK)
    except ConnectionRefusedError:
        return Cause("connection refused", START_BROKER)
    except TimeoutError:
        return FULL if _is_here(host) else Cause(f"no connection within {_PATIENCE:g} s", START_BROKER)
    except OSError as error:
        return Cause(f"cannot be connected to ({error.strerror or error})", _CHECK)


def _is_here(host: str) -> bool:
    return all(ip_address(each[4][0]).is_loopback for each in socket.getaddrinfo(host, None))


def _tls(properties: Connection) -> ssl.SSLContext:
    """TLS context with the certificates that a client with these properties trusts."""
    pem, file = (str(properties.get(name, "")) for name in ("ssl.ca.pem", "ssl.ca.location"))
    try:
        tls = ssl.create_default_context(cadata=pem or None, cafile=None if pem else file or None)
    except (OSError, ValueError):
        tls = ssl.create_default_context()
    if str(properties.get("ssl.endpoint.identification.algorithm", "https")).lower() == "none":
        tls.check_hostname = False
    if str(properties.get("enable.ssl.certificate.verification", "true")).lower() == "false":
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    return tls


def _shake(server: socket.socket, host: str, port: int, tls: ssl.SSLContext) -> Cause | None:
    """Reason why the server's certificate is not accepted; None if it is."""
    try:
        with tls.wrap_socket(server, server_hostname=host):
            return None
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in _ANOTHER_NAME:
            return Cause(
                f"its certificate is not for the name {host}",
                "use a name that it is for, or start the broker with --host and this one",
            )
        if error.verify_code in _OUT_OF_TIME:
            return Cause(f"its {error.verify_message}", "restart the broker, which renews it, or set the clock")
        return Cause(
            f"its certificate is signed by an unknown authority ({error.verify_message})",
            "check ssl.ca.location, or take the role's file from that broker again",
        )
    except TimeoutError:
        return MUTE
    except OSError:
        # Not TLS: another connection finds out what it is.
        return _connected(host, port, _greet) or _NO_TLS


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
        return MUTE
    except OSError:
        answer = b""
    if len(answer) == 8 and 4 <= struct.unpack(">i", answer[:4])[0] <= _LARGEST and answer[4:] == b"\0\0\0\1":
        return None
    if not answer:
        return Cause("it closes the connection without an answer", START_BROKER)
    if answer[:2] == b"\x15\x03":
        return Cause(
            "it requires TLS, which is not configured here",
            "set security.protocol in the kafka section, or credentials_dir",
        )
    return Cause("what listens there is not Kafka", _CHECK)


def misnamed(connection: Connection) -> Cause | None:
    """Reason why clients cannot use the address that a broker advertises; None if they can, or if none answers."""
    for server in sorted(_advertised(connection)):
        found = _connected(*_split(server), lambda _: None)
        if found is not None:
            return Cause(f"it answers, but calls itself {server} ({found.said})", _ADVERTISED)
    return None


def _advertised(connection: Connection) -> set[str]:
    """Addresses by which the brokers call themselves; empty if none answers in time.

    They come from the statistics: a client that has learned an unusable address sends all requests there, even one
    for the brokers, and waits in vain.
    """
    found: set[str] = set()

    def take(statistics: str) -> None:
        found.update(read_statistics(statistics).advertised)

    ends = time.monotonic() + _PATIENCE
    own: dict[str, Any] = {"log_level": 0, "statistics.interval.ms": 50, "stats_cb": take}
    client = AdminClient(dict(connection) | own)
    while not found and time.monotonic() < ends:
        client.poll(_LOOK)
    return found


def _split(server: str) -> tuple[str, int]:
    """Host and port of a bootstrap server of librdkafka."""
    host, colon, port = server.strip().rpartition("://")[2].rpartition(":")
    return (host.strip("[]"), int(port)) if colon and port.isdigit() else (server.strip().strip("[]"), 9092)
