"""Copy of a topic from another cluster: each record once, also after a kill."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, KafkaException, Message, Producer

from stockstream.connection import Connection
from stockstream.errors import BrokerError, DeliveryError
from stockstream.kafka.admin import Admin
from stockstream.kafka.client import address, made, refused, settings, translate
from stockstream.kafka.letters import CLIENT_BYTES
from stockstream.kafka.refusals import on_topic
from stockstream.kafka.to_end import ToEnd
from stockstream.kafka.topic_settings import TopicSettings

_TAIL: Final = 20
"""Records at the end of a target's partition that are searched for in the source: enough for a unique match."""

_SETTLED: Final = 2
_LOOK_EVERY: Final = 0.5
"""Equal samples, half a second apart, after which no request of a killed copy can still arrive."""

_SERVE_EVERY: Final = 1_000

_Record = tuple[bytes | None, bytes | None, int, tuple[object, ...]]


@dataclass(frozen=True)
class Copied:
    """Result of a copy: records copied now, records copied before, and records in the topic."""

    copied: int
    before: int
    holds: int


class TopicCopy:
    """Copies one topic from a source cluster to a target, partition by partition, in order.

    The copy keeps the key, value, headers and Kafka timestamp of each record, the settings of the topic and the number
    of its partitions. The target determines the position to resume from: its last records are searched for in the
    source. The copy therefore needs no state of its own, and the next copy completes one that was killed. No other
    producer may write to the target's topic meanwhile.

    Parameters
    ----------
    name
        The topic.
    source, target
        librdkafka's properties.
    """

    def __init__(self, name: str, source: Connection, target: Connection) -> None:
        self.name = name
        self._source = source
        self._target = target
        self._failure: BrokerError | None = None
        self._acknowledged: dict[int, int] = {}
        self._producer = _producer(target)

    def run(self, progress: Callable[[int, int], None] = lambda *_: None) -> Copied:
        """Copy the missing records, up to the source's present end.

        Parameters
        ----------
        progress
            Called with the copied and the total number of records, some times a second.

        Raises
        ------
        BrokerError
            The target's topic has other partitions or other records. `DeliveryError` if a record was not acknowledged.
        """
        with ToEnd(self._source, self.name) as source, ToEnd(self._target, self.name) as target:
            here = source.bounds()
            self._make(len(here))
            there = self._settled(target)
            begin = {number: self._resumed(number, here[number], there[number], source, target) for number in here}
            before = sum(begin[number] - low for number, (low, _) in here.items())
            total = sum(end - low for low, end in here.values())
            ranges = {number: (begin[number], end) for number, (_, end) in here.items() if begin[number] < end}
            sent = dict.fromkeys(here, 0)
            for messages in source.messages(ranges):
                for message in messages:
                    self._send(message)
                    sent[message.partition() or 0] += 1
                progress(before + sum(sent.values()), total)
            self._flush()
            after = target.bounds()
        self._check(sent, there, after)
        return Copied(sum(sent.values()), before, sum(end - low for low, end in after.values()))

    def _make(self, partitions: int) -> None:
        """Ensure that the target's topic has the same number of partitions. Raises `BrokerError` if it has another."""
        admin = Admin(self._target)
        if self.name not in admin.names():
            admin.make(self.name, partitions, TopicSettings(self.name, self._source).own())
        admin.await_leaders_of([self.name])
        there = admin.partitions(self.name)
        if there != partitions:
            message = f"{self.name} has {there} partitions at {address(self._target)}, and {partitions} at the source"
            more = f"`stockstream topics --add-partitions {self.name}={partitions}` adds some"
            raise BrokerError(
                message, hint=more if there < partitions else "delete it there, or copy it to another one"
            )

    def _settled(self, target: ToEnd) -> dict[int, tuple[int, int]]:
        """The target's bounds, once no more records of a recently killed copy arrive."""
        bounds, same = target.bounds(), 0
        while same < _SETTLED and any(end for _, end in bounds.values()):
            time.sleep(_LOOK_EVERY)
            now = target.bounds()
            same = same + 1 if now == bounds else 0
            bounds = now
        return bounds

    def _resumed(self, number: int, here: tuple[int, int], there: tuple[int, int], source: ToEnd, target: ToEnd) -> int:
        """The offset to resume from in a partition of the source."""
        (low, end), (first, last) = here, there
        if last == 0:
            return low
        tail = list(map(_record, _read(target, number, max(first, last - _TAIL), last)))
        if not tail:
            raise BrokerError(
                f"{self.name} at {address(self._target)}, partition {number}, has lost its records, by its retention",
                hint="where to go on is not known: delete it there to begin anew",
            )
        # Without gaps, the source has as many records up to here as the target holds.
        for guess in dict.fromkeys((low + last - first, last)):
            start = guess - len(tail)
            if low <= start and guess <= end and list(map(_record, _read(source, number, start, guess))) == tail:
                return guess
        lately: deque[_Record] = deque(maxlen=len(tail))
        for message in _read(source, number, low, end):
            lately.append(_record(message))
            if list(lately) == tail:
                return int(message.offset() or 0) + 1
        raise BrokerError(
            f"{self.name} at {address(self._target)}, partition {number}, ends with records that are not of"
            f" {address(self._source)}",
            hint="it is copied into a topic that nobody else writes to: delete it there to begin anew",
        )

    def _send(self, message: Message) -> None:
        number = message.partition() or 0
        kind, sent = message.timestamp()
        if self._failure is not None or (message.offset() or 0) % _SERVE_EVERY == 0:
            self._serve(0.0)
        while True:
            try:
                self._producer.produce(
                    self.name,
                    message.value(),
                    message.key(),
                    partition=number,
                    headers=message.headers() or None,
                    on_delivery=partial(self._on_delivery, number),
                    timestamp=0 if kind == TIMESTAMP_NOT_AVAILABLE else sent,
                )
            except BufferError:
                self._serve(0.1)
            except KafkaException as error:
                raise translate(error, self._target, on_topic("Write", self.name)) from error
            else:
                return

    def _serve(self, timeout: float) -> None:
        self._producer.poll(timeout)
        if self._failure is not None:
            self._producer.purge()
            raise self._failure

    def _flush(self) -> None:
        while len(self._producer):
            self._producer.flush(0.2)
            self._serve(0.0)
        self._serve(0.0)

    def _on_delivery(self, number: int, error: KafkaError | None, message: Message) -> None:
        if error is None and message.offset() is not None:
            self._acknowledged[number] = self._acknowledged.get(number, 0) + 1
        elif self._failure is None and error is not None and refused(error):
            self._failure = translate(error, self._target, on_topic("Write", self.name))
        elif self._failure is None:
            why = error.str() if error is not None else "it gave no offset"
            self._failure = self._unfinished(f"{address(self._target)} did not acknowledge a record: {why}")

    def _check(
        self, sent: Mapping[int, int], there: Mapping[int, tuple[int, int]], after: Mapping[int, tuple[int, int]]
    ) -> None:
        """Compare the sent records with the target's offsets. Raises `DeliveryError`."""
        for number, count in sent.items():
            if self._acknowledged.get(number, 0) != count:
                raise self._unfinished(f"{address(self._target)} did not acknowledge every record")
            if after[number][1] - there[number][1] != count:
                raise DeliveryError(
                    f"{self.name} at {address(self._target)}, partition {number}: somebody else wrote to it meanwhile",
                    hint="end whoever does; what was copied is there once",
                )

    def _unfinished(self, what: str) -> DeliveryError:
        return DeliveryError(f"{self.name}: {what}", hint="run the same command again: what is there is not sent twice")


def _read(reader: ToEnd, number: int, start: int, end: int) -> Iterator[Message]:
    if start < end:
        for messages in reader.messages({number: (start, end)}):
            yield from messages


def _record(message: Message) -> _Record:
    """The parts of a message that are kept."""
    return message.key(), message.value(), message.timestamp()[1], tuple(message.headers() or ())


def _producer(connection: Connection) -> Producer:
    # One request at a time: a refused one cannot be overtaken, so that the copied records have no gaps.
    own = settings(
        connection,
        enable_idempotence=True,
        acks="all",
        compression_type="lz4",
        max_in_flight=1,
        linger_ms=50,
        batch_size=1_000_000,
        queue_buffering_max_messages=200_000,
    )
    own["message.max.bytes"] = max(CLIENT_BYTES, int(own.get("message.max.bytes", 0)))
    return made(Producer, own)
