"""Dead-letter queue: messages that cannot be decoded, kept byte for byte on ``<topic>.dlq``."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stockstream.connection import Connection
from stockstream.errors import BrokerError, Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.bounds import UNSETTLED
from stockstream.kafka.client import LOG, away, made, settings, translate
from stockstream.kafka.letters import CLIENT_BYTES, SHORTENED, WHOLE, AnyMessage, Letter, letter
from stockstream.kafka.refusals import on_topic
from stockstream.topics import AnyTopic

if TYPE_CHECKING:
    from stockstream.kafka.known_letters import KnownLetters

_PAUSES: Final = 0.1, 5.0
"""Seconds between the first two attempts, and the maximum: each pause is twice the one before."""

_RESPITE: Final = 60.0
"""Seconds without attempts after the broker accepted no dead letters at all."""

_PASSING: Final = UNSETTLED | {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError.NOT_ENOUGH_REPLICAS,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    KafkaError.KAFKA_STORAGE_ERROR,
    KafkaError._PURGE_QUEUE,
    KafkaError._PURGE_INFLIGHT,
}
"""Temporary errors; all others would recur."""

_TOO_LARGE: Final = KafkaError.MSG_SIZE_TOO_LARGE


class Refused(NamedTuple):
    """A message that cannot be decoded, the reason, and the size up to which it is kept whole."""

    message: AnyMessage
    reason: str
    most: int = WHOLE

    @property
    def place(self) -> str:
        """Position of the message: topic/partition/offset."""
        return f"{self.message.topic()}/{self.message.partition()}/{self.message.offset()}"


class DeadLetters:
    """Writes to a topic's dead-letter topic under the key topic/partition/offset.

    What that topic holds already is not written again. Several consumers that meet an unreadable message at the same
    time may each write it; compaction leaves one.

    Parameters
    ----------
    topic
        The topic of the messages.
    connection
        librdkafka's properties.
    stop
        Set when the caller ends: dead letters not written by then are given up.
    """

    def __init__(self, topic: AnyTopic, connection: Connection, stop: threading.Event) -> None:
        self._topic = topic
        self._connection = connection
        self._stop = stop
        self._producer: Producer | None = None
        self._known: KnownLetters | None = None
        self._readable = True
        self._rest_until = 0.0

    def forget(self) -> None:
        """Look again at what the dead-letter topic holds: the messages are read again, or those of a new topic."""
        self._known = None

    def put(self, refused: Sequence[Refused]) -> bool:
        """Write dead letters and wait until each is acknowledged, without limit; returns False if ``stop`` was set
        first.

        After temporary errors a dead letter is tried again, after a pause. One that is too large for the topic is
        shortened. One that the broker will never accept, such as without the right to write, is logged and skipped: the
        message stays in its topic.
        """
        LOG.warning("dead letter %s: %s%s", refused[0].place, refused[0].reason, _others(len(refused)))
        pause, longest = _PAUSES
        left: Sequence[Refused] = refused
        while left and time.monotonic() >= self._rest_until and not self._stop.is_set():
            try:
                left = self._send(left)
            except BrokerError as error:
                self._producer = None  # a new client may succeed
                if not isinstance(error, Unreachable):
                    self._give_up(left, error)
                    break
                LOG.info("dead letters of %s cannot be written yet: %s", self._topic.name, error)
            if left:
                self._stop.wait(pause)
                pause = min(2 * pause, longest)
        return not self._stop.is_set()

    def _send(self, refused: Sequence[Refused]) -> Sequence[Refused]:
        """Write dead letters once; returns those to try again. Raises `BrokerError` without a dead-letter topic."""
        producer = self._ready()
        refused, letters = self._unknown(refused)
        outcomes: dict[int, KafkaError | None] = {}
        for number, ready in enumerate(letters):
            self._produce(producer, number, ready, outcomes)
        while len(outcomes) < len(refused) and not self._stop.is_set():
            producer.flush(0.1)  # without the wait for more to come (linger.ms)
        again: list[Refused] = []
        for number, error in outcomes.items():
            if error is None:
                continue
            each = refused[number]
            if error.code() == _TOO_LARGE and each.most > SHORTENED:
                again.append(each._replace(most=SHORTENED))
            elif error.fatal() or away(error) or error.code() in _PASSING:
                self._producer = None
                again.append(each)
            else:
                self._give_up([each], translate(error, self._connection, on_topic("Write", self._topic.dead_letters)))
        return again

    def _unknown(self, refused: Sequence[Refused]) -> tuple[Sequence[Refused], list[Letter]]:
        """The messages whose dead letters the topic does not hold yet, and these letters. Raises `Unreachable`."""
        letters = [letter(each.place, each.message.value(), each.reason, most=each.most) for each in refused]
        if not self._readable:
            return refused, letters
        # Imported late: NumPy takes a tenth of a second, and unreadable messages are rare.
        from stockstream.kafka.known_letters import KnownLetters, earliest

        if self._known is None:
            self._known = KnownLetters(self._topic.dead_letters, self._connection, self._stop)
        try:
            missing = self._known.missing(letters, earliest([each.message for each in refused]))
        except Unreachable:
            raise
        except BrokerError as error:
            # Rather twice than never, such as without the right to read.
            LOG.info("what %s holds cannot be read: %s", self._topic.dead_letters, error)
            self._readable = False
            return refused, letters
        return list(compress(refused, missing)), list(compress(letters, missing))

    def _produce(self, producer: Producer, number: int, ready: Letter, outcomes: dict[int, KafkaError | None]) -> None:
        key, value, headers = ready
        while not self._stop.is_set():
            try:
                producer.produce(
                    self._topic.dead_letters, value, key, headers=headers, on_delivery=partial(_note, outcomes, number)
                )
            except BufferError:
                producer.poll(0.1)
            except KafkaException as error:
                outcomes[number] = error.args[0]
                return
            else:
                return

    def _ready(self) -> Producer:
        if self._producer is None:
            Admin(self._connection, timeout=2).ensure_dead_letters(self._topic)
            own = settings(self._connection, enable_idempotence=True, max_in_flight=1, linger_ms=5)
            # The user's limit may be meant for records.
            own["message.max.bytes"] = max(CLIENT_BYTES, int(own.get("message.max.bytes", 0)))
            self._producer = made(Producer, own)
        return self._producer

    def _give_up(self, refused: Sequence[Refused], error: BrokerError) -> None:
        """Log occasionally that unreadable messages are not kept."""
        if time.monotonic() >= self._rest_until:
            LOG.error(
                "%s cannot be kept on %s and is passed%s: %s",
                refused[0].place,
                self._topic.dead_letters,
                _others(len(refused)),
                error,
            )
        self._rest_until = time.monotonic() + _RESPITE


def _others(count: int) -> str:
    return f", and {count - 1:,} more" if count > 1 else ""


def _note(outcomes: dict[int, KafkaError | None], number: int, error: KafkaError | None, message: Message) -> None:
    taken = error is not None or message.offset() is not None
    outcomes[number] = error if taken else KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION)
