"""Replay: sends dead letters to their topic again, each once, and purges others."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stockstream.codec import Unreadable
from stockstream.connection import Connection
from stockstream.errors import DeliveryError
from stockstream.kafka.admin import Admin
from stockstream.kafka.client import address, made, settings, translate
from stockstream.kafka.letterbox import Kept, Letterbox, contents, put_back
from stockstream.kafka.letters import CLIENT_BYTES, IDENTITY, PLACE, REASON, REPLAYED, REPLAYING
from stockstream.kafka.refusals import on_topic
from stockstream.kafka.to_end import ToEnd

_AT_ONCE: Final = 1_000
"""Number of dead letters that are sent before they are marked."""

Report: TypeAlias = Callable[[KafkaError | None, Message], None]
"""Takes what became of a message."""

_PATIENCE: Final = 60.0


@dataclass
class Outcome:
    """Result of a replay, by the original positions of the dead letters.

    Attributes
    ----------
    replayed
        New positions of the records that were sent.
    before
        Positions of records that an earlier replay had sent; they were not sent again.
    unreadable
        Why dead letters still cannot be read; they were not sent.
    shortened
        Original lengths of dead letters that are not kept whole; they were not sent.
    """

    replayed: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    shortened: dict[str, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Number of dead letters that could not be replayed."""
        return len(self.unreadable) + len(self.shortened)


class Replay:
    """Sends dead letters to their topic again, each once.

    A replayed record has the bytes of the dead letter, or corrected ones, the key of its topic, and the headers `PLACE`
    and `IDENTITY`. After it is acknowledged, a mark with its identity is written to the dead-letter topic. Before the
    first record is sent, the end offsets of the topic are saved there. If a replay is killed, the next one reads the
    topic from these offsets, and marks what was sent but not marked.

    Only one replay may run at a time; the caller ensures that.

    Parameters
    ----------
    box
        The dead letters.
    connection
        librdkafka's properties.
    """

    def __init__(self, box: Letterbox, connection: Connection) -> None:
        self._box = box
        self._topic = box.topic
        self._connection = connection
        self._key = box.topic.key_decoder()
        self._producer = _producer(connection)

    def run(self, letters: Sequence[Kept], *, corrected: bytes | None = None, dry: bool = False) -> Outcome:
        """Replay those dead letters that can be read now.

        Parameters
        ----------
        letters
            The dead letters to replay.
        corrected
            Bytes to send instead of those of each dead letter.
        dry
            Send nothing. ``replayed`` then names those that would be sent, with the name of the topic.

        Raises
        ------
        BrokerError
            `DeliveryError` if a record was not acknowledged. The next replay continues from there.
        """
        outcome = Outcome()
        earlier = self._unmarked(dry=dry)
        wanted: list[Kept] = []
        for letter in letters:
            where = letter.replayed or earlier.get(letter.identity)
            if where is not None:
                outcome.before[letter.place] = where
            elif letter.shortened and corrected is None:
                outcome.shortened[letter.place] = letter.length
            else:
                wanted.append(letter)
        readable: list[tuple[Kept, str, bytes]] = []
        noted = False
        for letter, kept in contents(self._box, wanted, self._connection):
            value = kept if corrected is None else corrected
            try:
                key = self._key(value)
            except Unreadable as error:
                outcome.unreadable[letter.place] = str(error)
                continue
            readable.append((letter, key, value))
            if dry:
                outcome.replayed[letter.place] = self._topic.name
                readable.clear()
            elif len(readable) >= _AT_ONCE:
                noted = noted or self._begin()
                outcome.replayed |= self._send(readable)
                readable.clear()
        if readable:
            noted = noted or self._begin()
            outcome.replayed |= self._send(readable)
        if noted:
            self._end(len(outcome.replayed))
        return outcome

    def purge(self, letters: Sequence[Kept]) -> None:
        """Delete dead letters permanently. The marks of replayed ones stay. Raises `DeliveryError`."""
        self._deliver([(self._topic.dead_letters, letter.place, None, {REASON: "purged"}) for letter in letters])

    def _unmarked(self, *, dry: bool) -> dict[str, str]:
        """Mark the records that a killed replay had sent; returns their positions by identities."""
        if self._box.began is None:
            return {}
        sent = put_back(self._topic, self._connection, self._box.began)
        marked = {letter.identity for letter in self._box.letters.values() if letter.replayed}
        missing = {each: where for each, where in sent.items() if each not in marked}
        if not dry:
            self._mark(missing)
            self._end(len(missing))
        return sent

    def _begin(self) -> bool:
        Admin(self._connection).await_leaders(self._topic)
        with ToEnd(self._connection, self._topic.name) as reading:
            value = json.dumps({str(number): end for number, end in reading.ends().items()})
        headers = {REASON: "a replay began", REPLAYING: "yes"}
        self._deliver([(self._topic.dead_letters, REPLAYING, value.encode(), headers)])
        return True

    def _end(self, count: int) -> None:
        headers = {REASON: f"a replay ended: {count:,} replayed", REPLAYING: "no"}
        self._deliver([(self._topic.dead_letters, REPLAYING, b"", headers)])

    def _send(self, readable: Sequence[tuple[Kept, str, bytes]]) -> dict[str, str]:
        """Send and mark dead letters; returns the new positions by the original ones."""
        where = self._deliver(
            [
                (self._topic.name, key, value, {PLACE: letter.place, IDENTITY: letter.identity})
                for letter, key, value in readable
            ]
        )
        self._mark({letter.identity: place for (letter, _, _), place in zip(readable, where, strict=True)})
        return {letter.place: place for (letter, _, _), place in zip(readable, where, strict=True)}

    def _mark(self, placed: Mapping[str, str]) -> None:
        self._deliver(
            [
                (
                    self._topic.dead_letters,
                    f"{REPLAYED}/{identity}",
                    b"",
                    {REASON: f"replayed as {place}", REPLAYED: place, IDENTITY: identity},
                )
                for identity, place in placed.items()
            ]
        )

    def _deliver(self, messages: Sequence[tuple[str, str, bytes | None, Mapping[str, str]]]) -> list[str]:
        """Send messages and wait until each has an offset; returns their positions."""
        places: dict[int, str] = {}
        failures: list[tuple[KafkaError, str]] = []

        def report(number: int, error: KafkaError | None, message: Message) -> None:
            if error is None and message.offset() is not None:
                places[number] = f"{message.topic()}/{message.partition()}/{message.offset()}"
            elif error is not None:
                failures.append((error, str(message.topic())))

        for number, (topic, key, value, headers) in enumerate(messages):
            self._produce(topic, key, value, headers, partial(report, number))
        self._producer.flush(_PATIENCE)
        if failures:
            error, name = failures[0]
            raise translate(error, self._connection, on_topic("Write", name))
        if len(places) < len(messages):
            raise DeliveryError(
                f"{len(messages) - len(places):,} of {len(messages):,} messages for {messages[0][0]} were not"
                f" acknowledged by {address(self._connection)}",
                hint="run the same command again: what was acknowledged is not sent twice",
            )
        return [places[number] for number in range(len(messages))]

    def _produce(self, topic: str, key: str, value: bytes | None, headers: Mapping[str, str], report: Report) -> None:
        encoded: dict[str, str | bytes | None] = {name: text.encode(errors="replace") for name, text in headers.items()}
        while True:
            try:
                self._producer.produce(topic, value, key.encode(errors="replace"), headers=encoded, on_delivery=report)
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise translate(error, self._connection) from error
            else:
                return


def _producer(connection: Connection) -> Producer:
    own = settings(
        connection, enable_idempotence=True, acks="all", compression_type="lz4", max_in_flight=1, linger_ms=5
    )
    own["message.max.bytes"] = max(CLIENT_BYTES, int(own.get("message.max.bytes", 0)))
    return made(Producer, own)
