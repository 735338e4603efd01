"""Refusals by a broker, in one line: the user, the missing right, and the topic or group."""

from __future__ import annotations

from typing import Final, NamedTuple

from confluent_kafka import KafkaError

from stockstream.connection import Connection
from stockstream.errors import AuthError
from stockstream.kafka.diagnosis import cause

DENIED: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
"""Codes: the broker knows the user, who lacks a right."""

STRANGER: Final = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
    }
)
"""Codes: the broker does not know the user."""

_GRANT: Final = "use a user that has it, or have it granted (docs/security.md)"
_PASSWORD: Final = "check sasl.username and sasl.password, or credentials_dir"  # noqa: S105 - a hint


class Deed(NamedTuple):
    """An attempted operation, in the terms of Kafka's access control lists."""

    right: str
    thing: str


def on_topic(right: str, name: str) -> Deed:
    """An operation on a topic: Read, Write, Create, Delete, Describe."""
    return Deed(right, f"topic {name}")


def refusal(error: KafkaError, connection: Connection, where: str, deed: Deed | None) -> AuthError:
    """The error for a refusal by the broker, or for a broker that is not trusted."""
    code, user = error.code(), connection.get("sasl.username")
    if code in DENIED:
        right, thing = _missing(code, deed)
        who = f"the user {user}" if user else "us"
        return AuthError(f"the broker at {where} denies {who} the right {right} on the {thing}", hint=_GRANT)
    if code == KafkaError._SSL:
        found = cause(connection)
        return AuthError(f"the broker at {where} is not trusted: {found.said}", hint=found.hint)
    if "invalid credentials" in error.str():
        return AuthError(f"the broker at {where} refuses us: user {user} with this password", hint=_PASSWORD)
    return AuthError(
        f"the broker at {where} refuses us: {error.str()}", hint="check the kafka section's user, password and TLS"
    )


def _missing(code: int, deed: Deed | None) -> Deed:
    """The missing right: the code names a group or the cluster; for a topic it is the attempted operation."""
    if code == KafkaError.GROUP_AUTHORIZATION_FAILED:
        return Deed("Read", "consumer group")
    if deed is not None:
        return deed
    return Deed("Describe", "cluster" if code == KafkaError.CLUSTER_AUTHORIZATION_FAILED else "topic")
