"""Readings of MQTT, with mosquitto as the broker."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from stockstream.errors import BadRow, ConfigError, SourceError
from stockstream.kafka.broker import free_port
from stockstream.producers.readings.fields import Extractor, Fields, Value
from stockstream.producers.readings.mqtt import MqttBroker, MqttReadings
from stockstream.producers.readings.reading import Reading
from tests.patience import until
from tests.producers.readings.test_files import Messages

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin:/usr/bin") or shutil.which(
    "mosquitto"
)

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed (apt-get install mosquitto)"),
    pytest.mark.timeout(120),
]


@dataclass
class Mosquitto:
    """A broker that can be stopped and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    users: bool = False
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO is not None
        settings = [f"listener {self.port} 127.0.0.1", "persistence true", f"persistence_location {self.folder}/"]
        settings.append(f"allow_anonymous {'false' if self.users else 'true'}")
        (self.folder / "mosquitto.conf").write_text("\n".join(settings) + "\n")
        command = [MOSQUITTO, "-c", str(self.folder / "mosquitto.conf")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.answers)

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(120)

    def publish(self, *messages: tuple[str, str | bytes]) -> None:
        """Send messages, each acknowledged."""
        client = Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        for topic, payload in messages:
            client.publish(topic, payload, qos=1).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


class Listening:
    """Reads the messages of a broker."""

    def __init__(self, broker: Mosquitto, *topics: str, client_id: str | None = None) -> None:
        self.reported = Messages()
        extractor = Extractor(Fields((Value("value", "°C"),)))
        address = MqttBroker("127.0.0.1", broker.port, client_id=client_id)
        self.readings = MqttReadings(address, topics, extractor, reporter=self.reported)
        self.items = iter(self.readings)

    def connected(self) -> None:
        """Read on until it is subscribed."""
        until(lambda: next(self.items) is None and not self.readings.doing)

    def until(self, count: int) -> list[Reading | BadRow]:
        """The next items, Nones apart."""
        found: list[Reading | BadRow] = []
        while len(found) < count:
            item = next(self.items)
            if item is not None:
                found.append(item)
        return found

    def close(self) -> None:
        self.items.close()  # type: ignore[attr-defined]


def test_messages_of_all_kinds(broker: Mosquitto) -> None:
    listening = Listening(broker, "plant/+/temperature", "weather")
    listening.connected()
    broker.publish(
        ("plant/1/temperature", "21.5"),
        ("plant/2/temperature", '{"value": 22, "time": "2026-03-19T12:00:00Z"}'),
        ("plant/2/pressure", "1000"),
        ("weather", '{"value": 5, "symbol": "BERLIN"}'),
        ("weather", b"\xff"),
        ("weather", '{"t": 5}'),
        ("weather", ""),
        ("plant/1/temperature", " 1e1 "),
    )
    one, two, three, *bad, last = listening.until(7)
    listening.close()
    assert isinstance(two, Reading)
    assert two[:3:2] == ("plant.2.temperature", 22.0)
    assert two.time.isoformat() == "2026-03-19T12:00:00+00:00"
    assert [each[:3:2] for each in (one, three, last) if isinstance(each, Reading)] == [
        ("plant.1.temperature", 21.5),
        ("BERLIN", 5.0),
        ("plant.1.temperature", 10.0),
    ]
    refused = [(row.raw, row.reason) for row in bad if isinstance(row, BadRow)]
    assert refused == [
        (b"\xff", "not in UTF-8"),
        (b'{"t": 5}', "no value (there is t)"),
        (b"", "nothing is not a number"),
    ]
    assert len({row.key for row in bad if isinstance(row, BadRow)}) == 3


def test_a_broker_that_goes_away_is_reported_and_waited_for(broker: Mosquitto) -> None:
    listening = Listening(broker, "t", client_id="plant-1")
    listening.connected()
    broker.stop()
    until(lambda: next(listening.items) is None and bool(listening.reported.lines))
    broker.start()
    until(lambda: next(listening.items) is None and listening.reported.lines[-1].endswith("answers"))
    broker.publish(("t", "1"))
    assert [each.value for each in listening.until(1) if isinstance(each, Reading)] == [1.0]
    listening.close()
    assert listening.reported.lines[0].startswith("the connection to the MQTT broker")


def test_what_comes_while_we_are_away_is_kept_for_a_client_with_a_name(broker: Mosquitto) -> None:
    first = Listening(broker, "t", client_id="plant-2")
    first.connected()
    first.close()
    broker.publish(("t", "1"), ("t", "2"))
    second = Listening(broker, "t", client_id="plant-2")
    assert [each.value for each in second.until(2) if isinstance(each, Reading)] == [1.0, 2.0]
    second.close()


def test_a_broker_that_refuses_us_is_an_error(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, users=True)
    broker.start()
    try:
        listening = Listening(broker, "t")
        with pytest.raises(SourceError, match="refuses us: not authorized") as raised:
            listening.until(1)
        assert "MQTT_USERNAME" in str(raised.value)
    finally:
        broker.stop()


def test_without_the_package_one_line_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    with pytest.raises(ConfigError, match=r"pip install 'stockstream\[mqtt\]'"):
        Listening(Mosquitto(tmp_path), "t")
