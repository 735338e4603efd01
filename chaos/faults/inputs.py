"""Faults of the input: repeated, out of order, unreadable, from a clock that jumps."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Final

from confluent_kafka import Message, Producer

from chaos.faults.fault import Control, Fault
from chaos.input_order import SHARE, WITHIN
from chaos.stage import Setup, Stage
from chaos.truth import Difference
from stockstream.kafka.client import settings
from stockstream.kafka.to_end import ToEnd
from stockstream.topics import FLIGHTS

_HOUR: Final = 3_600


class _Disordered(Fault):
    """One fault is a range of a thousand rows, a tenth of which is out of order."""

    recovers = False

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.stretches += 1
        stage.await_rows(WITHIN * stage.stretches)


class Repeated(_Disordered):
    """A tenth of the rows arrives twice."""

    name = "repeated"
    about = f"{SHARE:.0%} of the rows twice, the second time up to {WITHIN:,} rows later; each {WITHIN:,} rows are one"
    control = Control("no-identity", "rows have no identity")
    setup = Setup(rows=WITHIN, whole=True, producer=("repeats",))


class Shuffled(_Disordered):
    """A tenth of the rows arrives late."""

    name = "shuffled"
    about = f"{SHARE:.0%} of the rows up to {WITHIN:,} rows late; each {WITHIN:,} rows are one"
    control = Control("no-bitmap", "what was counted is known by a high-water mark")
    setup = Setup(rows=WITHIN, whole=True, producer=("shuffles",))


class ClockJumps(Fault):
    """The producer's clock, and thus the timestamps of its records, jumps by up to an hour, back and forth."""

    name = "clock-jumps"
    about = "the producer's clock and Kafka's timestamps up to an hour off, or an hour of sleep"
    control = Control("no-offset-order", "records are taken in the order of their timestamps", 3)
    setup = Setup(producer=("jumping-clock",))

    def __init__(self) -> None:
        self._asleep = 0

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        off = stage.random.choice((-_HOUR, _HOUR, 0, stage.random.uniform(-_HOUR, _HOUR)))
        self._asleep += stage.random.choice((0, 0, _HOUR))
        beside = stage.clock.with_suffix(".new")
        beside.write_text(f"{off} {self._asleep}", "ascii")
        beside.replace(stage.clock)


class Poison(Fault):
    """Unreadable messages arrive among good ones."""

    name = "poison"
    about = "20 to 200 messages among the others that are no flights; all must become dead letters"
    control = Control("no-letters", "what cannot be read is passed")

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        values = [_poison(stage.random) for _ in range(stage.random.randint(20, 200))]
        producer = Producer(settings(stage.connection, enable_idempotence=True, acks="all"))
        for value in values:
            producer.produce(FLIGHTS.name, value, stage.random.choice((None, b"AA", b"\xff\x00")))
        assert not producer.flush(60)
        stage.poison += values
        stage.extra += len(values)

    def beside(self, stage: Stage) -> tuple[int, Difference]:
        """As `Fault.beside`: how many are dead letters, byte for byte, and how many are so twice."""
        sent = Counter(value or b"" for value in stage.poison)
        ends = time.monotonic() + 10
        while (found := _letters(stage)) != sent and time.monotonic() < ends:
            time.sleep(0.2)
        return sent.total(), Difference((sent - found).total(), (found - sent).total())


def _letters(stage: Stage) -> Counter[bytes]:
    """The dead letters, each place once: the topic keeps the last letter of each."""
    letters: dict[bytes | None, bytes] = {}
    with ToEnd(stage.connection, FLIGHTS.dead_letters) as reader:
        messages: Sequence[Message]
        for messages in reader.messages(reader.ranges()):
            letters.update({message.key(): message.value() or b"" for message in messages})
    return Counter(letters.values())


def _poison(random: Random) -> bytes | None:
    return random.choice(
        (
            None,
            b"",
            b"\xff\xfe\x00",
            b"null",
            b"[" * 100_000,
            b'{"file":"x","row":1}',
            b'{"file":"x","row":-1,"year":2015,"month":1,"day":1,"airline":"AA"}',
            b'{"file":"x","row":1,"year":1e999,"month":1,"day":1,"airline":"AA"}',
            b'{"file":"x","row":1,"year":2015,"month":13,"day":1,"airline":"AA"}',
            random.randbytes(random.randint(1, 2_000)),
        )
    )
