"""Diagnosis of a missing broker: each cause has its own message."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from stockstream.errors import Unreachable
from stockstream.kafka import broker as broker_module
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.client import lasting, unreachable
from stockstream.kafka.diagnosis import FULL, misnamed, trouble
from stockstream.kafka.server_properties import plain_listeners
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from stockstream.topics import STOCKS
from tests.kafka.streams import connection, own_topic, until


def diagnosis_of(where: str) -> str:
    with pytest.raises(Unreachable) as caught:
        Admin(connection(where), timeout=1).names()
    return str(caught.value)


@pytest.fixture
def answers() -> Iterator[dict[str, bytes]]:
    """What a server says to whoever connects, by its address: none of them is Kafka."""
    servers: dict[str, bytes] = {}
    sockets = []
    for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x50", b""):
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)
        servers[f"127.0.0.1:{listening.getsockname()[1]}"] = answer
        threading.Thread(target=serve, args=(listening, answer), daemon=True).start()
    yield servers
    for listening in sockets:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def serve(listening: socket.socket, answer: bytes) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        with client:
            client.recv(1_000)
            client.sendall(answer)


def test_a_host_that_is_not_known() -> None:
    where = "no-such-host.invalid:9092"
    assert diagnosis_of(where) == f"no broker answers at {where}: no such host is known - check bootstrap_servers"
    assert lasting(connection(where)) == " (no such host is known)"


def test_a_port_at_which_nothing_listens() -> None:
    where = f"127.0.0.1:{free_port()}"
    assert diagnosis_of(where).startswith(
        f"no broker answers at {where}: connection refused - is it running? `stockstream br"
    )
    assert lasting(connection(where)) == ""


def test_a_port_at_which_something_else_listens(answers: dict[str, bytes]) -> None:
    http, tls, mute = (diagnosis_of(where).partition(": ")[2] for where in answers)
    assert http == "what listens there is not Kafka - check bootstrap_servers"
    assert tls == (
        "it requires TLS, which is not configured here - set security.protocol in the kafka section, or credentials_dir"
    )
    assert mute.startswith("it closes the connection without an answer")


def test_several_servers_are_reported_one_by_one(answers: dict[str, bytes]) -> None:
    http, gone = next(iter(answers)), f"127.0.0.1:{free_port()}"
    assert f"{http} what listens there is not Kafka; {gone} connection refused" in diagnosis_of(f"{http},{gone}")


def test_a_broker_that_calls_itself_a_name_that_is_not_known(
    tmp_path: Path, kafka_jars: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one in a container does, whose advertised.listeners is the container's own name."""

    def misnamed(port: int, controller_port: int) -> str:
        own = f"advertised.listeners=BROKER://127.0.0.1:{port}"
        text = plain_listeners(port, controller_port)
        assert own in text
        return text.replace(own, f"advertised.listeners=BROKER://no-such-host.invalid:{port}")

    monkeypatch.setattr(broker_module, "plain_listeners", misnamed)
    running = Broker(tmp_path, kafka_jars, port=free_port())
    monkeypatch.setattr(running, "await_ready", lambda: None)  # which would wait for the name, too
    with running:
        where = running.bootstrap_servers
        host, port = where.split(":")
        until(lambda: trouble(host, int(port)) is None, 60)
        named = f"it answers, but calls itself no-such-host.invalid:{port} (no such host is known)"
        with Subscriber(STOCKS, Bar, connection(where)) as subscriber:
            until(lambda: str(subscriber.connection_status().waiting) == f"broker {where} ({named})", 60)
        with pytest.raises(Unreachable) as caught:
            Admin(connection(where), timeout=2).topic_id("stocks")
    assert caught.value.message == f"no broker answers at {where}: {named}"
    assert "advertised.listeners" in str(caught.value.hint)


@contextmanager
def between(server: str, lead: Callable[[socket.socket, socket.socket], None]) -> Iterator[str]:
    """An address whose connections ``lead`` joins, each with one to a server."""
    host, _, port = server.rpartition(":")

    def join(client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection((host, int(port))) as behind:
            lead(client, behind)

    def listen() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=join, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=listen, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)


def rename(source: socket.socket, sink: socket.socket) -> None:
    """Pass on whole responses: a name may be split between two pieces."""
    with suppress(OSError), source.makefile("rb") as responses:
        while size := responses.read(4):
            response = responses.read(int.from_bytes(size))
            sink.sendall(size + response.replace(b"127.0.0.1", b"a.invalid"))


def late(server: str, seconds: float) -> AbstractContextManager[str]:
    """An address that accepts connections at once, and leads to a server only some seconds later."""
    ends = time.monotonic() + seconds

    def lead(client: socket.socket, behind: socket.socket) -> None:
        time.sleep(max(0.0, ends - time.monotonic()))
        threading.Thread(target=pour, args=(behind, client), daemon=True).start()
        pour(client, behind)

    return between(server, lead)


def renamed(server: str) -> AbstractContextManager[str]:
    """An address that leads to a server, which calls itself by a name of as many bytes that nobody knows."""

    def lead(client: socket.socket, behind: socket.socket) -> None:
        threading.Thread(target=rename, args=(behind, client), daemon=True).start()
        pour(client, behind)

    return between(server, lead)


def test_a_name_that_is_not_known_is_reported_each_time_and_by_every_question(broker: str) -> None:
    topic, admin = own_topic(), Admin(connection(broker))
    admin.ensure(topic)
    admin.await_leaders(topic)  # without any partition there would be no question that needs a leader
    with renamed(broker) as where:
        said = f"it answers, but calls itself a.invalid:{broker.rpartition(':')[2]} (no such host is known)"
        for _ in range(8):
            found = misnamed(connection(where))
            assert found is not None
            assert found.said == said
        with pytest.raises(Unreachable, match=re.escape(said)):
            Admin(connection(where), timeout=2).summaries()
    assert misnamed(connection(broker)) is None


def test_a_command_waits_longer_for_a_broker_that_is_there(broker: str) -> None:
    with late(broker, 7.0) as where:
        assert Admin(connection(where), timeout=5).names() is not None


def test_a_broker_that_is_there_is_distinguished_from_none_and_how_long_it_was_waited_for(broker: str) -> None:
    with late(broker, 60.0) as where:
        assert diagnosis_of(where) == (
            f"the broker at {where} accepts connections but has not answered for 1 s"
            " - it may be stopped, or very busy: its log may say more"
        )
        assert lasting(connection(where)) == " (it accepts connections but has not answered)"
        nobody = f"127.0.0.1:{free_port()}"
        both = diagnosis_of(f"{nobody},{where}")
        assert both.startswith(f"no answer for 1 s from the brokers at {nobody},{where}: {nobody} connection refused; ")
        assert f"{where} accepts connections but has not answered - it may be stopped" in both


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue refuses connections")
def test_a_stopped_broker_whose_queue_of_connections_is_full_is_distinguished_from_none() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        port = server.getsockname()[1]
        for _ in range(4):
            one = waiting.enter_context(socket.socket())
            one.settimeout(0)
            one.connect_ex(("127.0.0.1", port))
        assert trouble("127.0.0.1", port) == FULL
        error = unreachable({"bootstrap.servers": f"127.0.0.1:{port}"}, 2)
    assert error.message == f"the broker at 127.0.0.1:{port} accepts no more connections for 2 s"
    assert error.hint is not None
    assert "it may be stopped" in error.hint
