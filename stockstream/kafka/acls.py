"""Access control lists of a secure broker: what each user may do; everything else is denied."""

from __future__ import annotations

from typing import Final, NamedTuple

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from stockstream.credentials import ROLES, Role
from stockstream.topics import TOPICS

_ANY: Final = "*"
_RECORDS: Final = tuple(TOPICS)
_LETTERS: Final = tuple(topic.dead_letters for topic in TOPICS.values())
_OURS: Final = "stockstream"
"""What the names of our consumer groups begin with."""

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
    """That something may be done with each of these; reading, writing, deleting include that it may be seen."""

    operations: tuple[AclOperation, ...]
    kind: ResourceType
    names: tuple[str, ...]
    pattern: ResourcePatternType = ResourcePatternType.LITERAL


def _topics(names: tuple[str, ...], *operations: AclOperation) -> Right:
    return Right(operations, ResourceType.TOPIC, names)


_POSITIONS: Final = Right((READ,), ResourceType.GROUP, (_OURS,), ResourcePatternType.PREFIXED)
"""Positions are told, and the coordinator is asked, under our names."""

RIGHTS: Final[dict[Role, tuple[Right, ...]]] = {
    # It makes its topics, refuses those that are compacted, and reads what is there, so that nothing is sent twice.
    "producer": (_topics(_RECORDS, CREATE, WRITE, READ, SEE_SETTINGS), _topics(_LETTERS, CREATE, WRITE), _POSITIONS),
    # What cannot be read goes to the dead letters.
    "consumer": (_topics(_RECORDS, READ), _topics(_LETTERS, CREATE, WRITE, READ), _POSITIONS),
    # It sees sizes, positions and lags of everything, and reads why dead letters are some.
    "monitor": (
        _topics((_ANY,), DESCRIBE),
        _topics(_LETTERS, READ),
        Right((DESCRIBE,), ResourceType.GROUP, (_ANY,)),
        Right((DESCRIBE,), ResourceType.BROKER, ("kafka-cluster",)),
        _POSITIONS,
    ),
    # It deletes and makes topics, adds partitions, says how long records are kept, and puts dead letters back.
    "admin": (
        _topics((_ANY,), CREATE, READ, WRITE, DELETE, ALTER, DESCRIBE, SEE_SETTINGS, CHANGE_SETTINGS),
        Right((READ, DELETE), ResourceType.GROUP, (_ANY,)),
        Right((DESCRIBE,), ResourceType.BROKER, ("kafka-cluster",)),
    ),
}


def bindings() -> list[AclBinding]:
    """The rights of all roles as Kafka takes them."""
    return [
        AclBinding(right.kind, name, right.pattern, f"User:{role}", _ANY, operation, AclPermissionType.ALLOW)
        for role in ROLES
        for right in RIGHTS[role]
        for name in right.names
        for operation in right.operations
    ]
