"""The proxy forwards bytes, and resets, stalls and slows down connections."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from chaos.proxy import Proxy
from stockstream.kafka.broker import free_port


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that gives back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while data := connection.recv(1 << 16):
                connection.sendall(data)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    with Proxy(free_port(), echo) as running:
        yield running


def connected(proxy: Proxy) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", proxy.port), 10)
    assert ask(connection, b"hello") == b"hello"
    return connection


def ask(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    return answered(connection, len(data))


def answered(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += connection.recv(size - len(got))
    return got


def test_bytes_come_through_both_ways(proxy: Proxy) -> None:
    data = bytes(range(256)) * 2_000
    with connected(proxy) as one, connected(proxy) as other:
        threading.Thread(target=one.sendall, args=(data,)).start()
        assert ask(other, b"x") == b"x"
        assert answered(one, len(data)) == data


def test_a_reset_is_one_and_later_connections_work(proxy: Proxy) -> None:
    with connected(proxy) as connection:
        assert proxy.reset() == 2
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    connected(proxy).close()


def test_nothing_comes_through_while_it_hangs_and_all_afterwards(proxy: Proxy) -> None:
    with connected(proxy) as connection:
        with proxy.hanging():
            connection.sendall(b"later")
            connection.settimeout(0.3)
            with pytest.raises(TimeoutError):
                connection.recv(1)
        connection.settimeout(10)
        assert answered(connection, 5) == b"later"


def test_a_slow_link_keeps_to_its_speed(proxy: Proxy) -> None:
    with connected(proxy) as connection, proxy.slow(2_000):
        began = time.monotonic()
        ask(connection, bytes(1_000))
        assert time.monotonic() - began > 0.4


def test_nobody_behind_it_is_a_reset() -> None:
    with Proxy(free_port(), free_port()) as proxy, pytest.raises(ConnectionResetError):
        read_from(proxy.port)


def read_from(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.recv(1)
