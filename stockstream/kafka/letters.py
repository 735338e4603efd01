"""Format of a dead letter: the unreadable bytes, the reason, and the size of a shortened message."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

TOPIC_CONFIG: Final[Mapping[str, str]] = {
    "cleanup.policy": "compact",
    "retention.ms": "-1",
    "max.message.bytes": str(2 * 1024 * 1024),
}
"""Settings of a dead-letter topic. Its limit is above that of its topic (1 MiB by default), for the added headers."""

CLIENT_BYTES: Final = int(TOPIC_CONFIG["max.message.bytes"])
"""``message.max.bytes`` of a producer that sends dead letters."""

WHOLE: Final = 2_000_000
"""Largest number of bytes that are sent unshortened. The rest of the topic's limit is for key and headers."""

SHORTENED: Final = 65_536
"""Number of bytes that are kept of a larger message."""

REASON: Final = "reason"
"""Header with the reason."""

PLACE: Final = "dead-letter"
"""Header of a replayed record: the original position of the dead letter."""

IDENTITY: Final = "dead-letter-id"
"""Header of a replayed record: `identity` of the dead letter."""

REPLAYED: Final = "replayed"
"""Header of a message that marks a dead letter as replayed: the new position of the record."""

REPLAYING: Final = "replaying"
"""Header and key of the message that a replay has begun. Its value holds the end offsets of the topic at that time, as
JSON; it is empty once the replay has ended."""

_LONGEST_REASON: Final = 1_000


class AnyMessage(Protocol):
    """A message of a topic, as confluent_kafka's has it: what a dead letter is made of."""

    def topic(self) -> str | None: ...  # noqa: D102
    def partition(self) -> int | None: ...  # noqa: D102
    def offset(self) -> int | None: ...  # noqa: D102
    def value(self) -> bytes | None: ...  # noqa: D102
    def timestamp(self) -> tuple[int, int]:
        """The kind of its time, and the time in milliseconds since 1970 UTC."""


class Letter(NamedTuple):
    """A dead letter, ready to be sent."""

    key: str
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


def letter(key: str, value: bytes | None, reason: str, *, most: int = WHOLE) -> Letter:
    """Make the dead letter of an unreadable value.

    Parameters
    ----------
    key
        Position of the value: topic/partition/offset, or file/line.
    value
        The bytes. None would be a deletion in a compacted topic, and becomes an empty value.
    reason
        Why they cannot be read: the header ``reason``, cut at a thousand characters.
    most
        Maximum length. A longer value is cut to its first `SHORTENED` bytes. Headers then give the original ``length``
        in bytes, its ``sha256`` in hexadecimal digits, and its ``position``, which is the key.

    >>> letter("stocks/0/7", b"abc", "malformed")
    Letter(key='stocks/0/7', value=b'abc', headers=[('reason', b'malformed')])
    """
    whole = value or b""
    headers: list[tuple[str, str | bytes | None]] = [(REASON, _cut(reason))]
    if len(whole) <= most:
        return Letter(key, whole, headers)
    headers += [
        ("length", str(len(whole)).encode()),
        ("sha256", sha256(whole).hexdigest().encode()),
        ("position", key.encode(errors="replace")),
    ]
    return Letter(key, whole[: min(most, SHORTENED)], headers)


def identity(place: str, value: bytes) -> str:
    """Identifier of a dead letter, derived from its position and bytes: the same whichever process wrote it.

    >>> identity("stocks/0/7", b"abc") == identity("stocks/0/7", b"abc") != identity("stocks/0/8", b"abc")
    True
    """
    return sha256(place.encode(errors="replace") + b"\n" + value).hexdigest()[:32]


def _cut(reason: str) -> bytes:
    text = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}..."
    return text.encode(errors="replace")
