"""Publisher: sends records to a topic; each is acknowledged or reported."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Generic, Self, TypeAlias, TypeVar

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stockstream.connection import Connection
from stockstream.errors import AuthError, BrokerError, DeliveryError, TooLarge
from stockstream.kafka.admin import Admin
from stockstream.kafka.client import LOG, address, made, refuse_others, refused, settings, translate
from stockstream.kafka.letters import CLIENT_BYTES, SHORTENED, Letter, letter
from stockstream.kafka.refusals import on_topic
from stockstream.topics import Topic

if TYPE_CHECKING:
    from stockstream.kafka.known_letters import KnownLetters

R = TypeVar("R")

_Headers: TypeAlias = list[tuple[str, str | bytes | None]]

LARGEST: Final = 1_000_000
"""Bytes of the largest record, its key included, unless the user's ``message.max.bytes`` says otherwise."""

_SERVE_EVERY: Final = 1_000
_FLUSH_AFTER_ERROR: Final = 10.0
_LIVE_LINGER_MS: Final = 5
_REPLAY_IN_FLIGHT: Final = 5
_NO_REPORT: Final = "no report of them came"


class Publisher(Generic[R]):
    """Sends records to a topic in order, a key to one partition, each exactly once per run.

    Entering the block creates the topic if it is missing, waits until each partition has a leader, and raises
    `Unreachable` or `AuthError`. Leaving it waits until every record is acknowledged, which means that the broker gave
    it an offset. The first failed record stops the publisher: `send`, `poll`, `flush` and leaving then raise
    `DeliveryError`, or `AuthError` if the broker refuses.

    Parameters
    ----------
    topic
        The topic to send to.
    connection
        librdkafka's properties, ``bootstrap.servers`` at least.
    linger_ms
        Milliseconds a record may wait for others in the same request: 5 for live data, 50 for replays. Live data is
        sent with one request at a time, so that no request can overtake a refused one.
    """

    def __init__(self, topic: Topic[R], connection: Connection, *, linger_ms: int = 5) -> None:
        refuse_others(topic, connection)
        self.topic = topic
        self.sent = 0
        self.refused = 0
        self._connection = connection
        self._largest = int(connection.get("message.max.bytes", LARGEST))
        self._shorten: list[Letter] = []
        self._known: KnownLetters | None = None
        self._knowable = True
        self._acknowledged = 0
        self._only_overtaken = False
        self._reason: BrokerError | str | None = None
        self._producer = made(
            Producer,
            settings(
                connection,
                enable_idempotence=True,
                acks="all",
                compression_type="lz4",
                linger_ms=linger_ms,
                max_in_flight=1 if linger_ms <= _LIVE_LINGER_MS else _REPLAY_IN_FLIGHT,
                queue_buffering_max_messages=200_000,
                error_cb=self._on_error,
                on_delivery=self._on_delivery,
            )
            | {
                # A report without an error is not enough: librdkafka reports refused, overtaken records as delivered.
                "delivery.report.only.error": False,
                # A dead letter may be larger than a record.
                "message.max.bytes": max(self._largest, CLIENT_BYTES),
            },
        )

    @property
    def delivered(self) -> int:
        """Records (refused rows included) to which the broker gave an offset."""
        return self._acknowledged

    def send(self, record: R) -> None:
        """Queue a record; waits while the queue is full.

        Raises `TooLarge` for one that no topic takes, and TypeError for what is no record of the topic.
        """
        try:
            key, value = self.topic.key(record), self.topic.encode(record)
        except (AttributeError, TypeError) as error:
            kind = type(record).__name__
            raise TypeError(f"a record for {self.topic.name} is a {self.topic.record.__name__}, not {kind}") from error
        if len(value) + len(key) > self._largest:
            raise TooLarge(
                f"{len(value) + len(key):,} bytes, and a record for {self.topic.name} has at most {self._largest:,}",
                key=key,
                raw=value,
            )
        self._produce(self.topic.name, key, value, None)
        self.sent += 1

    def refuse(self, key: str, raw: bytes, reason: str) -> None:
        """Queue an unreadable value for the dead letters: unchanged, or shortened as described in `letters`.

        What the dead-letter topic held before the first of them counts as delivered and is not written again.
        """
        self._post(letter(key, raw, reason))
        self.refused += 1

    def _post(self, letter: Letter) -> None:
        if self._is_kept(letter):
            self._acknowledged += 1
        else:
            self._produce(self.topic.dead_letters, letter.key, letter.value, letter.headers)

    def _is_kept(self, letter: Letter) -> bool:
        if not self._knowable:
            return False
        if self._known is None:
            # Imported late: NumPy takes a tenth of a second, and refused rows are rare.
            from stockstream.kafka.known_letters import KnownLetters

            self._known = KnownLetters(self.topic.dead_letters, self._connection)
        try:
            return self._known.missing([letter]) == [False]
        except BrokerError as error:
            # Rather twice than never, such as without the right to read.
            LOG.info("what %s holds cannot be read: %s", self.topic.dead_letters, error)
            self._knowable = False
            return False

    def _produce(self, topic: str, key: str, value: bytes, headers: _Headers | None) -> None:
        if self._reason or self.sent % _SERVE_EVERY == 0:
            self.poll()
        while True:
            try:
                if headers is None:
                    self._producer.produce(topic, value, key)
                else:
                    self._producer.produce(topic, value, key, headers=headers)
            except BufferError:
                self.poll(0.1)
            except KafkaException as error:
                raise DeliveryError(
                    f"a record for {topic} cannot be sent: {error.args[0].str()}, key {key}, {len(value):,} bytes"
                ) from error
            else:
                return

    def poll(self, timeout: float = 0.0) -> None:
        """Process the answers of the broker; raises if a record failed, or if what is waited for cannot come."""
        self._serve(self._producer.poll, timeout)
        if self._reason:
            raise self._failure(self._reason)
        if timeout and self._missing > 0 and not self._shorten and not len(self._producer):
            raise self._failure(_NO_REPORT)
        shorten, self._shorten = self._shorten, []
        for each in shorten:
            self._post(each)

    def _serve(self, serve: Callable[[float], object], timeout: float) -> None:
        """Let librdkafka call back; fatal errors of the producer are raised there, and reported like others."""
        try:
            serve(timeout)
        except KafkaException as error:
            self._on_error(error.args[0])
            self._reason = self._reason or translate(error, self._connection)

    def flush(self, timeout: float | None = None) -> None:
        """Wait until everything sent so far is acknowledged, at most ``timeout`` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while len(self._producer) or self._shorten:
            self._serve(self._producer.flush, 0.2)
            if until is not None and time.monotonic() >= until:
                self._reason = self._reason or "the broker did not answer in time"
            self.poll()
        self.poll()
        if self._missing > 0:
            raise self._failure(_NO_REPORT)

    @property
    def _missing(self) -> int:
        return self.sent + self.refused - self._acknowledged

    def __enter__(self) -> Self:
        admin = Admin(self._connection)
        admin.ensure(self.topic)
        admin.await_leaders(self.topic)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.flush()
        elif not self._reason:
            self.flush(_FLUSH_AFTER_ERROR)

    def _on_error(self, error: KafkaError) -> None:
        if refused(error) and not isinstance(self._reason, AuthError):
            # It is the cause of earlier errors: waiting records are given up at once.
            self._reason = translate(error, self._connection, on_topic("Write", self.topic.name))

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is None and message.offset() is not None:
            self._acknowledged += 1
        elif error is not None and (shorter := self._shorter(error, message)):
            self._shorten.append(shorter)
        elif self._reason is None:
            self._only_overtaken = error is None
            what = error.str() if error is not None else "it gave no offset"
            first = f"{what}, first at key {_text(message.key())}"
            denied = on_topic("Write", str(message.topic()))
            is_refusal = error is not None and refused(error)
            self._reason = translate(error, self._connection, denied) if error and is_refusal else first

    def _shorter(self, error: KafkaError, message: Message) -> Letter | None:
        """The dead letter, shortened, if its topic has a smaller limit than the dead-letter topics that we create."""
        key, value, reason = message.key(), message.value(), dict(message.headers() or ()).get("reason")
        if error.code() != KafkaError.MSG_SIZE_TOO_LARGE or message.topic() != self.topic.dead_letters:
            return None
        if value is None or len(value) <= SHORTENED:
            return None
        return letter(_text(key), value, _text(reason), most=SHORTENED)

    def _failure(self, reason: BrokerError | str) -> BrokerError:
        """Give up queued records, so that the number of missing records is exact; returns the error."""
        if self._only_overtaken:
            self._serve(self._producer.flush, _FLUSH_AFTER_ERROR)  # nothing is wrong with the others
        self._producer.purge()
        self._serve(self._producer.flush, _FLUSH_AFTER_ERROR)
        # A refusal may be reported after the records that were given up because of it.
        known = self._reason if isinstance(self._reason, AuthError) else reason
        if isinstance(known, BrokerError):
            return known
        return DeliveryError(
            f"{self._missing:,} of {self.sent + self.refused:,} records for {self.topic.name} were not acknowledged by"
            f" {address(self._connection)}: {reason}",
            hint="run the same command again: what was acknowledged is not sent twice",
        )


def _text(key: bytes | str | None) -> str:
    return key.decode(errors="replace") if isinstance(key, bytes) else str(key)
