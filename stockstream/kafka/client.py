"""Shared parts of Kafka clients: settings, log, and translation of librdkafka's errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar

from confluent_kafka import KafkaError, KafkaException

from stockstream.connection import Connection, Property
from stockstream.errors import BrokerError, ConfigError, Unreachable
from stockstream.kafka.diagnosis import SILENT
from stockstream.kafka.diagnosis import START_BROKER as START_BROKER
from stockstream.kafka.diagnosis import cause as why
from stockstream.kafka.refusals import DENIED, STRANGER, Deed, refusal
from stockstream.topics import Topic

C = TypeVar("C")
T = TypeVar("T")

Setting: TypeAlias = Property | logging.Logger | Callable[..., object]
"""A property of a client of librdkafka: a value, its logger, or a callback."""

LOG: Final = logging.getLogger("stockstream.kafka")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_LAST: Final = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)

_GRACE: Final = 1.0
"""Seconds that a result may be later than the time after which librdkafka gives up."""

_REFUSED: Final = DENIED | STRANGER | {KafkaError._SSL}
_AWAY: Final = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError._MSG_TIMED_OUT,
    }
)


def refuse_others(topic: object, connection: object) -> None:
    """Raise TypeError unless these are a topic and properties by name. It names no value, which may be secret."""
    if not isinstance(topic, Topic):
        raise TypeError(f"a topic is needed, such as stockstream.STOCKS, not {topic!r}")
    if not isinstance(connection, Mapping):
        kind = type(connection).__name__
        raise TypeError(f"a connection is needed, such as {{'bootstrap.servers': 'localhost:9092'}}, not {kind}")


def settings(connection: Connection, **own: Setting) -> dict[str, Any]:
    """Properties of a client: ours (dots as underscores), overridden by the user's ``connection``.

    The types of confluent_kafka's clients differ in what they take: a `Setting`, or none of the callbacks; so any.
    """
    shared: dict[str, Setting] = {
        "socket.timeout.ms": 6_000,
        "reconnect.backoff.max.ms": 1_000,
        # A broker that shuts down may report that there are no brokers. Clients then look for none, by default for five
        # minutes, before they try the configured address again.
        "metadata.recovery.rebootstrap.trigger.ms": 3_000,
        "logger": LOG,
    }
    named = {key if callable(value) else key.replace("_", "."): value for key, value in own.items()}
    return shared | named | dict(connection)


def made(kind: Callable[[dict[str, Any]], C], properties: dict[str, Any]) -> C:
    """A client with these properties. Raises `ConfigError` for one that librdkafka does not accept."""
    try:
        return kind(properties)
    except KafkaException as error:
        if error.args[0].code() != KafkaError._INVALID_ARG:
            raise
        raise ConfigError(
            f"the kafka section: {error.args[0].str()}", hint="librdkafka's properties may stand there, by their names"
        ) from error


def instant(milliseconds: int) -> datetime:
    """A Kafka timestamp (milliseconds since 1970 UTC) as a datetime, limited to valid ones.

    >>> instant(0).isoformat(), instant(-(1 << 62)).isoformat(), instant(1 << 62).year
    ('1970-01-01T00:00:00+00:00', '0001-01-01T00:00:00+00:00', 9999)
    """
    return _EPOCH + timedelta(milliseconds=min(max(milliseconds, _FIRST), _LAST))


def address(connection: Connection) -> str:
    """Configured address of the broker."""
    return str(connection.get("bootstrap.servers", "nowhere: bootstrap_servers is not set"))


def refused(error: KafkaError) -> bool:
    """Whether the broker refused us: a retry would not help."""
    return error.code() in _REFUSED


def away(error: KafkaError) -> bool:
    """Whether no broker answers, which may be temporary."""
    return error.code() in _AWAY


def unreachable(connection: Connection, waited: float | None = None) -> Unreachable:
    """Message that no broker answers, why, and what to do: unknown host, nothing listens, not Kafka, ...

    A broker that accepts connections but did not answer for ``waited`` seconds is distinguished from a missing one.
    """
    found, where = why(connection), address(connection)
    seconds = f" for {waited:.0f} s" if waited is not None else ""
    if found in SILENT:
        return Unreachable(f"the broker at {where} {found.said}{seconds}", hint=found.hint)
    what = f"no answer{seconds} from the brokers at" if found.there else "no broker answers at"
    return Unreachable(f"{what} {where}: {found.said}", hint=found.hint)


def present(connection: Connection) -> bool:
    """Whether a server accepts connections there that has not answered yet, so that waiting longer may help."""
    return why(connection).there


def settled(future: Future[T], within: float) -> T:
    """The result of a request that librdkafka itself gives up after ``within`` seconds.

    Raises KafkaException, also if librdkafka tells no result: when this process was suspended, or the machine is very
    busy.
    """
    try:
        return future.result(within + _GRACE)
    except TimeoutError:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"no answer for {within + _GRACE:.0f} s")) from None


def answer(future: Future[T], within: float, connection: Connection) -> T:
    """As `settled`; raises `Unreachable` if there is no result in time."""
    try:
        return future.result(within + _GRACE)
    except TimeoutError:
        raise unreachable(connection) from None


def lasting(connection: Connection) -> str:
    """Suffix after the address of an awaited broker: why it does not answer, if waiting alone does not help."""
    found = why(connection)
    said = f"it {found.said}" if found in SILENT else found.said
    return "" if found.hint == START_BROKER else f" ({said})"


def translate(error: KafkaError | KafkaException, connection: Connection, deed: Deed | None = None) -> BrokerError:
    """Translate an error of librdkafka; ``deed`` is the attempted operation, named if the right to it is missing."""
    cause = error.args[0] if isinstance(error, KafkaException) else error
    where = address(connection)
    if refused(cause):
        return refusal(cause, connection, where, deed)
    if away(cause):
        return unreachable(connection)
    return BrokerError(f"the broker at {where}: {cause.str()}")
