"""Access control lists of a secure broker: what each user may do; everything else is denied."""

from __future__ import annotations

from typing import Final, NamedTuple

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from stockstream.control import TOPIC as CONTROL
from stockstream.credentials import ROLES, Role
from stockstream.topics import ALERTS, FLIGHTS, NEWS, STOCKS, TOPICS

_ANY: Final = "*"
_RECORDS: Final = tuple(TOPICS)
_PRODUCED: Final = (STOCKS.name, FLIGHTS.name, NEWS.name)
_LETTERS: Final = tuple(topic.dead_letters for topic in TOPICS.values())
_OURS: Final = "stockstream"
"""Prefix of the names of our consumer groups."""

READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, SEE_SETTINGS, CHANGE_SETTINGS = (
    AclOperation.READ,
    AclOperation.WRITE,
    AclOperation.CREATE,
    AclOperation.DELETE,
    AclOperation.ALTER,
    AclOperation.DESCRIBE,
    AclOperation.DESCRIBE_CONFIGS,
    AclOperation.ALTER_CONFIGS,
)


class Right(NamedTuple):
    """Permission for operations on resources. To read, write or delete includes to describe."""

    operations: tuple[AclOperation, ...]
    kind: ResourceType
    names: tuple[str, ...]
    pattern: ResourcePatternType = ResourcePatternType.LITERAL


def _topics(names: tuple[str, ...], *operations: AclOperation) -> Right:
    return Right(operations, ResourceType.TOPIC, names)


_POSITIONS: Final = Right((READ,), ResourceType.GROUP, (_OURS,), ResourcePatternType.PREFIXED)
"""Consumers commit positions, and ask for the coordinator, under our group names."""

RIGHTS: Final[dict[Role, tuple[Right, ...]]] = {
    # It creates its topics, refuses compacted ones, and reads what they hold, so that nothing is sent twice.
    # It obeys the orders of the control topic, and reports itself there.
    "producer": (
        _topics(_PRODUCED, CREATE, WRITE, READ, SEE_SETTINGS),
        _topics(_LETTERS, CREATE, WRITE, READ),
        _topics((CONTROL,), CREATE, WRITE, READ),
        _POSITIONS,
    ),
    # It reads records, and writes dead letters and alerts.
    "consumer": (
        _topics(_RECORDS, READ),
        _topics((ALERTS.name,), CREATE, WRITE),
        _topics(_LETTERS, CREATE, WRITE, READ),
        _POSITIONS,
    ),
    # It sees sizes, positions and lags of all topics and groups, and reads the reasons of dead letters.
    "monitor": (
        _topics((_ANY,), DESCRIBE),
        _topics(_LETTERS, READ),
        Right((DESCRIBE,), ResourceType.GROUP, (_ANY,)),
        Right((DESCRIBE,), ResourceType.BROKER, ("kafka-cluster",)),
        _POSITIONS,
    ),
    # It creates and deletes topics, adds partitions, sets the retention, and replays dead letters.
    "admin": (
        _topics((_ANY,), CREATE, READ, WRITE, DELETE, ALTER, DESCRIBE, SEE_SETTINGS, CHANGE_SETTINGS),
        Right((READ, DELETE), ResourceType.GROUP, (_ANY,)),
        Right((DESCRIBE,), ResourceType.BROKER, ("kafka-cluster",)),
    ),
}


def bindings() -> list[AclBinding]:
    """The rights of all roles as Kafka's ACL bindings."""
    return [
        AclBinding(right.kind, name, right.pattern, f"User:{role}", _ANY, operation, AclPermissionType.ALLOW)
        for role in ROLES
        for right in RIGHTS[role]
        for name in right.names
        for operation in right.operations
    ]
