"""Readings of MQTT: messages of sensors and plants, by topic."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from stockstream.errors import BadRow, ConfigError, SourceError
from stockstream.names import cut
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.producers.readings.fields import Document, Extractor
from stockstream.producers.readings.reading import Place, Reading
from stockstream.producers.reporter import Reporter

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

PORT: Final = 1883
TLS_PORT: Final = 8883

_BEAT: Final = 0.2
_WAITING: Final = 100_000
"""Maximum number of queued messages; then the broker waits, as it does for any slow client."""

_KEEP_ALIVE: Final = 30
_REFUSED: Final = 128
"""Lowest code with which a broker refuses a subscription."""


@dataclass(frozen=True)
class MqttBroker:
    """Address of a broker, and the credentials of the client.

    With ``client_id`` the broker keeps messages of QoS 1 or 2 while the client is not connected. ``tls`` uses the
    certificates of the system.
    """

    host: str
    port: int
    tls: bool = False
    client_id: str | None = None
    username: str | None = None
    password: str | None = None
    qos: int = 1

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"


def broker_at(address: str, *, tls: bool = False) -> tuple[str, int]:
    """Host and port of an address. Raises ValueError.

    >>> broker_at("localhost:1884"), broker_at("plant.example", tls=True), broker_at("[::1]:1883")
    (('localhost', 1884), ('plant.example', 8883), ('::1', 1883))
    """
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/\[\]]+))(?::(\d{1,5}))?", address)
    port = int(found[3] or (TLS_PORT if tls else PORT)) if found else 0
    if found is None or not 0 < port < 65_536:
        raise ValueError(f"{cut(address)!r} is not a broker such as localhost:1883")
    return found[1] or found[2], port


class _Message(NamedTuple):
    topic: str
    payload: bytes
    arrived: datetime


class MqttReadings:
    """The readings of some topics.

    Iterating yields a `Reading`, a `BadRow` for a message that is not a reading, and a None five times a second while
    there are no messages. A series is named after its topic, with dots in place of slashes, unless the message names
    it. If the broker is down, this is reported and waited for.

    Parameters
    ----------
    broker
        The broker.
    topics
        Topics to subscribe to; ``+`` and ``#`` are wildcards.
    extractor
        Extracts the readings from a message: JSON, or a bare number.
    reporter
        Receives messages for the user.
    clock
        The clock.

    Raises
    ------
    ConfigError
        At once, if paho-mqtt is not installed.
    SourceError
        While iterating: if the broker refuses the credentials or the topics.
    """

    def __init__(
        self,
        broker: MqttBroker,
        topics: Sequence[str],
        extractor: Extractor,
        *,
        reporter: Reporter,
        clock: Clock = SYSTEM,
    ) -> None:
        self.doing = f"connecting to {broker.address}"
        self._broker = broker
        self._topics = topics
        self._extractor = extractor
        self._reporter = reporter
        self._clock = clock
        self._messages: Queue[_Message] = Queue(_WAITING)
        self._failure: SourceError | None = None
        self._reported = ""
        self._trouble = ""
        self._ended = False
        self._client = self._made()

    def __iter__(self) -> Iterator[Reading | BadRow | None]:
        client = self._client
        client.connect_async(self._broker.host, self._broker.port, keepalive=_KEEP_ALIVE)
        client.loop_start()
        try:
            while self._failure is None:
                self._tell()
                try:
                    message = self._messages.get(timeout=_BEAT)
                except Empty:
                    yield None
                else:
                    yield from self._read(message)
            raise self._failure
        finally:
            self._ended = True
            client.disconnect()
            client.loop_stop()

    def _read(self, message: _Message) -> list[Reading | BadRow]:
        """The readings of a message; also of a retained message."""
        place = Place(f"{self._broker.address}/{message.topic}", None, message.payload)
        try:
            text = message.payload.decode()
            document: Document
            try:
                document = msgspec.json.decode(text)
            except msgspec.DecodeError:
                document = text.strip()  # 21.5 as some write it: +21.5, nan, 1e3
            return list(self._extractor.readings(document, message.arrived, place, message.topic.replace("/", ".")))
        except UnicodeDecodeError:
            reason = "not in UTF-8"
        except ValueError as error:
            reason = str(error)
        key = f"{message.topic}/{message.arrived:%Y-%m-%dT%H:%M:%S.%fZ}"
        return [BadRow(place.name, None, None, reason, raw=place.raw, key=key)]

    def _made(self) -> Client:
        try:
            from paho.mqtt.client import Client, MQTTv311
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError:
            raise ConfigError("MQTT needs the package paho-mqtt", hint="pip install 'stockstream[mqtt]'") from None
        broker = self._broker
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id or "",
            clean_session=broker.client_id is None,
            protocol=MQTTv311,
        )
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            client.tls_set_context(ssl.create_default_context())
        client.reconnect_delay_set(1, 60)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    # Called on the client's thread; messages for the user are reported on ours.

    def _on_connect(
        self, client: Client, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            self._failure = SourceError(
                f"the MQTT broker at {self._broker.address} refuses us: {str(reason).lower()}",
                hint="set MQTT_USERNAME and MQTT_PASSWORD in the environment",
            )
            return
        client.subscribe([(topic, self._broker.qos) for topic in self._topics])

    def _on_connect_fail(self, _client: Client, _data: object) -> None:
        self._trouble = f"no MQTT broker answers at {self._broker.address}"

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: object, _reason: object, _properties: object
    ) -> None:
        if not self._ended:
            self._trouble = f"the connection to the MQTT broker at {self._broker.address} is lost"

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, reasons: Sequence[ReasonCode], _properties: object
    ) -> None:
        refused = [topic for topic, reason in zip(self._topics, reasons, strict=False) if reason.value >= _REFUSED]
        if refused:
            self._failure = SourceError(f"the MQTT broker at {self._broker.address} refuses {', '.join(refused)}")
        self.doing = self._trouble = ""

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        one = _Message(message.topic, bytes(message.payload), self._clock.now())
        while not self._ended:
            try:
                self._messages.put(one, timeout=_BEAT)
            except Full:
                continue
            return

    def _tell(self) -> None:
        """Report an error once, and its end."""
        trouble = self._trouble
        if trouble == self._reported:
            return
        if trouble:
            self.doing = trouble
            self._reporter.warn(f"{trouble}; waiting for it")
        else:
            self._reporter.note(f"the MQTT broker at {self._broker.address} answers")
        self._reported = trouble
