"""A secure broker accepts only clients with a password, and gives each only the rights of its role."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType
from cryptography import x509

from stockstream.credentials import ROLES, Role, file_of, folder_of
from stockstream.errors import AuthError, BrokerError, Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import Broker
from stockstream.kafka.certificates import Certificates
from stockstream.kafka.guard import Guard, is_guarded
from stockstream.kafka.latest_bars import latest_bars
from stockstream.kafka.monitor import Monitor
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.sent_rows import sent_rows
from stockstream.kafka.subscriber import Subscriber
from stockstream.kafka.tail import Tail
from stockstream.kafka.topic_settings import TopicSettings
from stockstream.records import Bar
from stockstream.topics import FLIGHTS, STOCKS, Topic
from tests.kafka.secured import secure_broker, who
from tests.kafka.streams import BARS, read_to_end, send_all, until

DENIED = r"AUTHORIZATION_FAILED|[Aa]uthoriz"
OTHER = Topic("others", Bar, lambda bar: bar.symbol)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Iterator[Broker]:
    with secure_broker(tmp_path_factory.mktemp("secure") / "kafka", kafka_jars) as running:
        with Publisher(STOCKS, who(running, "producer")) as publisher:
            send_all(publisher, BARS[:5])
        with Publisher(FLIGHTS, who(running, "producer")):
            pass
        with Publisher(OTHER, who(running, "admin")) as publisher:
            send_all(publisher, BARS[:2])
        yield running


def read(topic: Topic[Bar], connection: dict[str, Any]) -> set[Bar]:
    with Subscriber(topic, Bar, connection, group="stockstream-test") as subscriber:
        subscriber.begin({})
        found = read_to_end(subscriber)
        subscriber.commit(found.positions)
        return set(found.records)


def test_each_role_does_its_work(secure: Broker, tmp_path: Path) -> None:
    assert read(STOCKS, who(secure, "consumer")) == set(BARS[:5])
    producer = who(secure, "producer")
    assert set(latest_bars(producer, STOCKS, {BARS[0].series}).values()) <= set(BARS[:5])
    assert not any(sent_rows(producer, FLIGHTS, ["none"], lambda *_: None).values())
    monitor = Monitor(who(secure, "monitor"), tmp_path)
    try:
        seen = until(lambda: monitor.overview().topics)
        assert {topic.name for topic in seen} >= {"stocks", "stocks.dlq", "others"}
        assert until(lambda: any(group.name == "stockstream-test" for group in monitor.overview().groups))
    finally:
        monitor.close()
    for _ in range(2):  # the second time it sees that it is there
        with Publisher(STOCKS, producer) as publisher:
            publisher.refuse("a key", b"no bar", "a reason")
    assert [each.value for each in _letters(secure)].count(b"no bar") == 1
    for role in ("monitor", "consumer"):
        with Tail("stocks.dlq", who(secure, role)) as tail:
            assert tail.newest(1)[0].reason == "a reason"


def test_a_window_keeps_what_it_cannot_read(secure: Broker) -> None:
    before = len(_letters(secure))
    with Publisher(STOCKS, who(secure, "producer")) as publisher:
        publisher._produce("stocks", "A", b"no bar at all", None)
        publisher.sent += 1
    read(STOCKS, who(secure, "consumer"))
    assert until(lambda: len(_letters(secure)) > before)


def _letters(secure: Broker) -> list[Any]:
    with Tail("stocks.dlq", who(secure, "admin")) as tail:
        return tail.newest(100)


def test_an_admin_changes_and_deletes(secure: Broker) -> None:
    gone = Topic("gone", Bar, lambda bar: bar.symbol)
    admin = Admin(who(secure, "admin"))
    admin.ensure(gone)
    settings = TopicSettings("gone", who(secure, "admin"))
    settings.keep(3_600_000)
    settings.add_partitions(5)
    assert settings.get()["retention.ms"] == "3600000"
    assert TopicSettings("stocks", who(secure, "producer")).get()["retention.ms"] == "-1"
    admin.delete([gone.name, gone.dead_letters])
    assert until(lambda: gone.name not in admin.names())


def publish(role_of: dict[str, Any], topic: Topic[Bar] = STOCKS) -> None:
    with Publisher(topic, role_of) as publisher:
        send_all(publisher, BARS[:1])


FORBIDDEN: list[tuple[Role, str, Callable[[dict[str, Any]], object]]] = [
    ("consumer", "Write on the topic stocks", publish),
    ("monitor", "Write on the topic stocks", publish),
    ("monitor", "Read on the topic stocks", lambda client: read(STOCKS, client)),
    ("monitor", "Read on the topic stocks", lambda client: latest_bars(client, STOCKS, {BARS[0].series})),
    ("consumer", "Describe on the topic others", lambda client: read(OTHER, client)),
    ("monitor", "Read on the topic others", lambda client: tail("others", client)),
    ("producer", "Create on the topic others", lambda client: publish(client, OTHER)),
    ("producer", "AlterConfigs on the topic stocks", lambda client: TopicSettings("stocks", client).keep(1)),
    ("producer", "Alter on the topic stocks", lambda client: TopicSettings("stocks", client).add_partitions(9)),
    ("monitor", "DescribeConfigs on the topic stocks", lambda client: TopicSettings("stocks", client).get()),
    ("producer", "Delete on the topic stocks", lambda client: Admin(client).delete(["stocks"])),
    ("consumer", "Delete on the topic stocks", lambda client: Admin(client).delete(["stocks"])),
    ("monitor", "Delete on the topic stocks", lambda client: Admin(client).delete(["stocks"])),
]


def tail(topic: str, client: dict[str, Any]) -> list[Any]:
    with Tail(topic, client) as reading:
        return reading.newest(1)


@pytest.mark.parametrize(("role", "right", "deed"), FORBIDDEN)
def test_what_is_not_its_work_is_refused_and_the_right_is_named(
    secure: Broker, role: Role, right: str, deed: Callable[[dict[str, Any]], object]
) -> None:
    with pytest.raises(AuthError) as caught:
        deed(who(secure, role))
    assert caught.value.message == f"the broker at {secure.bootstrap_servers} denies the user {role} the right {right}"
    assert read(STOCKS, who(secure, "consumer")) == set(BARS[:5])


def test_a_wrong_password_is_reported_by_the_users_name(secure: Broker) -> None:
    with pytest.raises(AuthError, match="refuses us: user monitor with this password"):
        Admin(who(secure, "monitor") | {"sasl.password": "battery-staple"}, timeout=5).names()


@pytest.mark.parametrize("role", ROLES)
def test_nobody_but_the_broker_gives_rights_or_makes_users(secure: Broker, role: Role) -> None:
    admin = AdminClient(who(secure, role) | {"log_level": 0})
    with pytest.raises(KafkaException, match=DENIED):
        Guard(secure.data).users.register(admin)
    with pytest.raises(BrokerError, match=DENIED):
        Guard(secure.data).admit(admin)
    broker = ConfigResource(ResourceType.BROKER, "1")
    with pytest.raises(KafkaException, match=DENIED):
        admin.describe_configs([broker])[broker].result(120)


def test_nobody_comes_in_without_tls_or_password(secure: Broker) -> None:
    plain = {"bootstrap.servers": secure.bootstrap_servers}
    for security in ({}, {"security.protocol": "SASL_PLAINTEXT"}):
        with pytest.raises(BrokerError):
            Admin({**who(secure, "admin"), **security} if security else plain, timeout=2).names()
    anonymous = plain | {"security.protocol": "SSL", "ssl.ca.pem": who(secure, "admin")["ssl.ca.pem"]}
    with pytest.raises(BrokerError):
        Admin(anonymous, timeout=2).names()


def test_the_inner_doors_want_the_brokers_certificate(secure: Broker) -> None:
    internal = int(str(secure._guard.connection(secure._internal)["bootstrap.servers"]).rpartition(":")[2])  # type: ignore[union-attr]
    client = {
        "bootstrap.servers": f"127.0.0.1:{internal}",
        "security.protocol": "SSL",
        "ssl.ca.pem": who(secure, "admin")["ssl.ca.pem"],
    }
    with pytest.raises(BrokerError):
        Admin(client, timeout=2).names()


def test_another_authority_or_name_is_refused_and_distinguished(secure: Broker, tmp_path: Path) -> None:
    foreign = Certificates(tmp_path)
    foreign.ensure()
    with pytest.raises(AuthError, match="is not trusted: its certificate is signed by an unknown authority"):
        Admin(who(secure, "admin") | {"ssl.ca.pem": foreign.authority.read_text()}, timeout=2).names()
    relay = _Relay(secure.port)
    try:
        with pytest.raises(AuthError, match=r"its certificate is not for the name 127\.0\.0\.2"):
            Admin(who(secure, "admin") | {"bootstrap.servers": f"127.0.0.2:{relay.port}"}, timeout=2).names()
    finally:
        relay.close()


def test_plaintext_and_tls_that_meet_are_named(secure: Broker, broker: str) -> None:
    with pytest.raises(Unreachable, match="it requires TLS, which is not configured here"):
        Admin({"bootstrap.servers": secure.bootstrap_servers}, timeout=2).names()
    with pytest.raises(Unreachable, match="it is a Kafka without TLS"):
        Admin(who(secure, "admin") | {"bootstrap.servers": broker}, timeout=2).names()


def test_no_password_is_an_argument_of_a_process_or_in_a_log(secure: Broker) -> None:
    passwords = [str(who(secure, role)["sasl.password"]) for role in ROLES]
    assert all(len(password) >= 32 for password in passwords)
    assert len(set(passwords)) == len(ROLES)
    me = psutil.Process()
    running = [each for each in (me, *me.children(recursive=True)) if each.status() != psutil.STATUS_ZOMBIE]
    arguments = [" ".join(each.cmdline()) for each in running]
    assert any("kafka.Kafka" in each for each in arguments)
    kept = [file.read_bytes() for file in secure.data.rglob("*") if file.is_file() and file.parent.name != "clients"]
    for password in passwords:
        assert not any(password in each for each in arguments)
        assert not any(password.encode() in each for each in kept)


def test_only_its_owner_reads_what_it_keeps(secure: Broker) -> None:
    kept = [secure.data, *secure.data.rglob("*")]
    open_to_others = [path for path in kept if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert open_to_others == []


def test_passwords_stay_until_a_file_is_deleted_and_plain_forgets_them(tmp_path: Path, kafka_jars: list[Path]) -> None:
    data = tmp_path / "kafka"
    with Broker(
        data, kafka_jars, port=secure_broker(data, kafka_jars).port
    ) as plain:  # topics from before it was secure
        publish({"bootstrap.servers": plain.bootstrap_servers})
    assert not is_guarded(data)
    with secure_broker(data, kafka_jars) as running:
        first = {role: who(running, role)["sasl.password"] for role in ROLES}
        assert read(STOCKS, who(running, "consumer")) == set(BARS[:1])
        old = who(running, "producer")
    assert is_guarded(data)
    file_of(folder_of(data), "producer").unlink()
    with secure_broker(data, kafka_jars) as running:
        second = {role: who(running, role)["sasl.password"] for role in ROLES}
        assert {role for role in ROLES if first[role] != second[role]} == {"producer"}
        with pytest.raises(AuthError):
            Admin(old | {"bootstrap.servers": running.bootstrap_servers}, timeout=5).names()
    Guard(data).users.forget()
    assert not is_guarded(data)


def test_its_certificate_is_renewed_while_it_runs(tmp_path: Path, kafka_jars: list[Path]) -> None:
    data = tmp_path / "kafka"
    with secure_broker(data, kafka_jars) as running:
        first = shown(running.port)
        assert not running.renew()
        assert shown(running.port) == first
        guard = running._guard
        assert guard is not None
        guard.certificates = Certificates(guard.certificates.folder, ["quotes.lan"])  # as good as one that ends soon
        assert running.renew()
        assert until(lambda: all(shown(running.port) != first for _ in range(6)))
        assert Admin(who(running, "monitor")).names() is not None


def shown(port: int) -> x509.Certificate:
    return x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())


class _Relay:
    """Another address at which the same broker is found."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.2", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def _pump(one: socket.socket, other: socket.socket) -> None:
    try:
        while piece := one.recv(65_536):
            other.sendall(piece)
    except OSError:
        pass
    finally:
        other.close()
