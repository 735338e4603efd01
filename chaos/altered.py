"""Altered commands: without one of the protections, or with other input.

``python -m chaos.altered no-identity,no-checksum watch flights ...``; `ALTERATIONS` lists them. Those whose
name begins with "no" remove a protection: they show that the counting of `make chaos` detects losses.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable
from itertools import chain
from time import sleep
from typing import Any, Final
from unittest.mock import patch

from confluent_kafka import Consumer, KafkaException, TopicPartition

from chaos import input_order, jumping_clock, plain_group
from stockstream.cli import main as command_line
from stockstream.cli.produce.outlet import KafkaOutlet
from stockstream.consumers.live import Live
from stockstream.consumers.state_keeper import StateKeeper
from stockstream.indicators.flights_per_day import Cell
from stockstream.kafka import publisher
from stockstream.kafka.admin import Admin
from stockstream.kafka.client import settings
from stockstream.kafka.deadletters import DeadLetters
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.views import checkpoint
from stockstream.views.checkpoint import Checkpoint, Saved
from stockstream.views.flight_batch import FlightBatch
from stockstream.views.flights import FlightsFold

_GIVES_UP_MS: Final = 1_000
_LINGER_MS: Final = 100
"""Long enough that something is queued at any moment."""


def _replace(owner: type[Any], name: str, new: Callable[..., Any]) -> None:
    """Replace a method by another. Raises TypeError if their parameters differ."""
    wanted, taken = (list(inspect.signature(each).parameters.values()) for each in (getattr(owner, name), new))
    if len(wanted) != len(taken) and not any(each.kind is each.VAR_POSITIONAL for each in taken):
        raise TypeError(f"{owner.__name__}.{name} takes other arguments than it did when it was altered")
    patch.object(owner, name, new).start()


def no_acks() -> None:
    """A producer that requests no acknowledgement, gives up after a second, and counts queued records as sent."""

    def careless(connection: Any, **own: Any) -> dict[str, Any]:
        own |= {"enable_idempotence": False, "acks": 0, "message_timeout_ms": _GIVES_UP_MS, "linger_ms": _LINGER_MS}
        return settings(connection, **own, socket_send_buffer_bytes=8_192)

    patch.object(publisher, "settings", careless).start()
    patch.object(Publisher, "_on_delivery", lambda *_: None).start()
    patch.object(Publisher, "delivered", property(lambda self: self.sent + self.refused)).start()
    patch.object(Publisher, "_missing", property(lambda _: 0)).start()


def no_idempotence() -> None:
    """A producer whose repeated requests the broker does not recognise."""

    def repeating(connection: Any, **own: Any) -> dict[str, Any]:
        return settings(connection, **(own | {"enable_idempotence": False}))

    patch.object(publisher, "settings", repeating).start()


def no_held() -> None:
    """A producer that does not read the topic, and begins with the first row."""
    patch.object(KafkaOutlet, "sent_rows", lambda *_: {}).start()


def no_identity() -> None:
    """A window that counts every record, also of a row that was counted."""

    def apply(fold: FlightsFold, batches: list[FlightBatch]) -> bool:
        cells = Counter[Cell]()
        for batch in batches:
            cells.update(batch.counts())
        fold._refused.update(fold._per_day.add(cells))
        fold._unsaved.update(airline for airline, *_ in cells)
        fold._frames = None
        return bool(batches)

    _replace(FlightsFold, "apply", apply)


def no_bitmap() -> None:
    """A window that regards a row as counted if a later one of its airline has arrived: a high-water mark."""
    marks: dict[str, int] = {}
    real = FlightsFold.apply

    def apply(fold: FlightsFold, batches: list[FlightBatch]) -> bool:
        taken = []
        for record in chain.from_iterable(batches):
            if record.row > marks.get(record.airline, -1):
                marks[record.airline] = record.row
                taken.append(record)
        return real(fold, taken)

    _replace(FlightsFold, "apply", apply)


def no_own_offsets() -> None:
    """A window that continues from the offsets of its group, which are committed apart from its state."""
    real = Live._restore

    def restore(live: Live[Any], keeper: StateKeeper) -> bytes:
        reading = real(live, keeper)
        group = f"stockstream-{live.view.name}-{live._name}"
        consumer = Consumer(settings(live._connection, group_id=group))
        try:
            found = consumer.committed([TopicPartition(live.view.topic.name, number) for number in range(3)], 5)
            live._positions.update({each.partition: each.offset for each in found if each.offset >= 0})
        except KafkaException:
            pass
        finally:
            consumer.close()
        return reading

    _replace(Live, "_restore", restore)


def no_transaction() -> None:
    """A window that saves its offsets first, and its state a moment later."""
    real = Checkpoint.save

    def save(kept: Checkpoint, topic_id: str, saved: Saved) -> None:
        former = kept.load(topic_id)
        if former is not None:
            real(kept, topic_id, former._replace(positions=saved.positions))
            sleep(1)
        real(kept, topic_id, saved)

    _replace(Checkpoint, "save", save)


def no_checksum() -> None:
    """A window that does not verify its saved state."""
    for name in ("_checksum", "_page_sum"):
        patch.object(checkpoint, name, lambda *_: b"").start()


def no_topic_id() -> None:
    """A window that knows its topic by name alone."""
    real = Admin.topic_id

    def topic_id(admin: Admin, name: str, *others: Any) -> str | None:
        return None if real(admin, name, *others) is None else name

    _replace(Admin, "topic_id", topic_id)


def no_new_partitions() -> None:
    """A window that reads only the partitions that existed at its start."""
    real = Subscriber._correct_position

    def correct(subscriber: Subscriber[Any], partition: TopicPartition, *, new: bool) -> None:
        if not new:
            real(subscriber, partition, new=False)

    _replace(Subscriber, "_correct_position", correct)


def no_letters() -> None:
    """A window that skips unreadable messages."""
    patch.object(DeadLetters, "put", lambda *_: True).start()


def no_offset_order() -> None:
    """A window that skips records whose time of sending is before that of the records read."""
    newest: dict[int | None, int] = {}
    real = Subscriber._take

    def take(subscriber: Subscriber[Any], messages: list[Any]) -> None:
        taken = []
        for message in messages:
            number, (_, sent) = message.partition(), message.timestamp()
            if message.error() is not None or sent >= newest.get(number, 0):
                taken.append(message)
                newest[number] = max(sent, newest.get(number, 0))
        real(subscriber, taken)

    _replace(Subscriber, "_take", take)


ALTERATIONS: Final[dict[str, Callable[[], None]]] = {
    "no-acks": no_acks,
    "no-idempotence": no_idempotence,
    "no-held": no_held,
    "no-identity": no_identity,
    "no-bitmap": no_bitmap,
    "no-own-offsets": no_own_offsets,
    "no-transaction": no_transaction,
    "no-checksum": no_checksum,
    "no-topic-id": no_topic_id,
    "no-new-partitions": no_new_partitions,
    "no-letters": no_letters,
    "no-offset-order": no_offset_order,
    "plain-group": plain_group.use,
    "jumping-clock": jumping_clock.use,
    "repeats": input_order.repeat,
    "shuffles": input_order.shuffle,
}


def main() -> None:
    """Apply the named alterations, and run the command."""
    names, *arguments = sys.argv[1:]
    for name in names.split(","):
        ALTERATIONS[name]()
    sys.argv = ["stockstream", *arguments]
    command_line.run()


if __name__ == "__main__":
    main()
