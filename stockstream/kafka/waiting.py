"""What a client waits for, its words, and the error if it does not come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.kafka.client import address, lasting, unreachable
from stockstream.topics import ALERTS


class Awaited(Enum):
    """What is waited for."""

    BROKER = auto()
    """A broker that answers."""

    TOPIC = auto()
    """A topic, which the broker does not have yet."""

    ANSWER = auto()
    """What a broker that answers has not told yet of the topic: whether it exists, or where it ends."""


@dataclass(frozen=True)
class Waiting:
    """What a client waits for. `str` gives its words, which follow "waiting for".

    ``where`` is the broker's address, ``topic`` the topic's name, and ``why`` the reason why the broker does not
    answer, if waiting alone does not help.
    """

    awaited: Awaited
    where: str
    topic: str = ""
    why: str = ""

    @classmethod
    def for_broker(cls, connection: Connection, topic: str = "") -> Waiting:
        """The broker at the address of a connection, and why it does not answer: that takes a few seconds."""
        return cls(Awaited.BROKER, address(connection), topic, lasting(connection))

    def __str__(self) -> str:
        if self.awaited is Awaited.BROKER:
            return f"broker {self.where}{self.why}"
        named = f"topic {self.topic} on {self.where}"
        return named if self.awaited is Awaited.TOPIC else f"an answer about {named}"

    def error(self, connection: Connection) -> BrokerError:
        """The error if it did not come in time."""
        if self.awaited is Awaited.BROKER:
            return unreachable(connection)
        if self.awaited is Awaited.TOPIC:
            return no_topic(self.topic, connection)
        return BrokerError(
            f"the broker at {self.where} has not told of the topic {self.topic}",
            hint="the machine may be busy: try again",
        )


def no_topic(name: str, connection: Connection) -> BrokerError:
    """The error that a topic of ours does not exist."""
    maker = "alerts" if name == ALERTS.name else "produce"
    hint = f"`stockstream {maker}` creates it"
    return BrokerError(f"there is no topic {name} on {address(connection)}", hint=hint)
