"""Identity of a client: from the section kafka, otherwise from the secure broker of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockstream.config import load
from stockstream.credentials import file_of, folder_of, nodes_file
from stockstream.errors import ConfigError

FILE = """\
bootstrap.servers: 127.0.0.1:9092
security.protocol: SASL_SSL
sasl.mechanism: SCRAM-SHA-512
sasl.username: consumer
sasl.password: canary-2718
ssl.ca.pem: |
  -----BEGIN CERTIFICATE-----
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = folder_of(tmp_path / "data" / "kafka")
    folder.mkdir(parents=True)
    file = file_of(folder, "consumer")
    file.touch(0o600)
    file.write_text(FILE)
    return tmp_path / "data"


def environ(data: Path, **more: str) -> dict[str, str]:
    return {"STOCKSTREAM_DATA_DIR": str(data), **{f"STOCKSTREAM_{name}": value for name, value in more.items()}}


def test_the_secure_broker_of_this_machine_says_who_we_are(data: Path) -> None:
    for servers in ("127.0.0.1:9092", "localhost:9092"):
        settings = load(environ=environ(data, BOOTSTRAP_SERVERS=servers), own=data / "none")
        connection = settings.connection("consumer")
        assert connection["sasl.username"] == "consumer"
        assert connection["bootstrap.servers"] == servers
        assert "security.protocol" not in settings.connection("producer")
        assert settings.secrets() == ("canary-2718",)


def test_another_broker_is_reported_nothing_of_it(data: Path) -> None:
    for servers in ("broker.lan:9092", "127.0.0.1:9093"):
        settings = load(environ=environ(data, BOOTSTRAP_SERVERS=servers), own=data / "none")
        assert "sasl.password" not in settings.connection("consumer")


def test_the_section_kafka_goes_before(data: Path) -> None:
    settings = load(environ=environ(data, KAFKA__SECURITY_PROTOCOL="PLAINTEXT"), own=data / "none")
    assert settings.connection("consumer")["security.protocol"] == "PLAINTEXT"
    assert "sasl.password" not in settings.connection("consumer")


def test_a_folder_that_is_named_goes_before_all(data: Path) -> None:
    named = environ(
        data,
        CREDENTIALS_DIR=str(folder_of(data / "kafka")),
        BOOTSTRAP_SERVERS="broker.lan:9092",
        KAFKA__SSL_CA_LOCATION="/another/ca.pem",
        KAFKA__SECURITY_PROTOCOL="SSL",
        KAFKA__CLIENT_ID="mine",
    )
    connection = load(environ=named, own=data / "none").connection("consumer")
    assert connection["security.protocol"] == "SASL_SSL"
    assert connection["client.id"] == "mine"
    assert "ssl.ca.location" not in connection


def test_a_file_that_others_can_read_is_refused(data: Path) -> None:
    file = file_of(folder_of(data / "kafka"), "consumer")
    file.chmod(0o644)
    settings = load(environ=environ(data), own=data / "none")
    with pytest.raises(ConfigError, match="can be read by others") as caught:
        settings.connection("consumer")
    assert caught.value.hint == f"chmod 600 {file}"


def test_on_another_machine_the_file_serves_as_secrets_file(data: Path) -> None:
    file = file_of(folder_of(data / "kafka"), "consumer")
    file.write_text(FILE.replace("127.0.0.1", "broker.lan"))
    settings = load(environ={"STOCKSTREAM_SECRETS_FILE": str(file)}, own=data / "none")
    assert settings.bootstrap_servers == "broker.lan:9092"
    assert settings.connection("consumer")["sasl.password"] == "canary-2718"
    assert not [entry for entry in settings.entries() if "canary-2718" in str(entry.value)]


def test_one_node_of_a_cluster_stands_for_all_of_them(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "data" / "cluster")
    folder.mkdir(parents=True)
    nodes = "127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094"
    nodes_file(folder).write_text(nodes)

    def servers(given: str) -> list[str]:
        settings = load(None, {"bootstrap_servers": given}, {"STOCKSTREAM_DATA_DIR": str(tmp_path / "data")})
        return sorted(str(settings.connection("consumer")["bootstrap.servers"]).split(","))

    assert servers("127.0.0.1:9093") == nodes.split(",")
    assert servers("localhost:9092") == [*nodes.split(","), "localhost:9092"]
    assert servers("127.0.0.1:19092") == ["127.0.0.1:19092"]
    nodes_file(folder).unlink()
    assert servers("127.0.0.1:9093") == ["127.0.0.1:9093"]
