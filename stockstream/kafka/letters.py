"""Format of a dead letter: the unreadable bytes, the reason, and the size of a shortened message."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple

TOPIC_CONFIG: Final[Mapping[str, str]] = {
    "cleanup.policy": "compact",
    "retention.ms": "-1",
    "max.message.bytes": str(2 * 1024 * 1024),
}
"""A topic of dead letters: it takes what its own topic takes (1 MiB by default), and the headers of it."""

CLIENT_BYTES: Final = int(TOPIC_CONFIG["max.message.bytes"])
"""``message.max.bytes`` of a producer that sends dead letters."""

WHOLE: Final = 2_000_000
"""Bytes up to which a letter is sent whole; what is left of the topic's limit is for its key and headers."""

SHORTENED: Final = 65_536
"""Bytes that are kept of one that is larger."""

REASON: Final = "reason"
"""The header that says why."""

PLACE: Final = "dead-letter"
"""The header of a record that was put back: the dead letter's position, where it was first."""

IDENTITY: Final = "dead-letter-id"
"""The header of a record that was put back: `identity` of the dead letter."""

REPLAYED: Final = "replayed"
"""The header by which a message among the dead letters is no letter but a mark that one was put back, and where."""

REPLAYING: Final = "replaying"
"""The header, and the key, of the note that a replay began. Its value tells, as JSON, where the topic ended then; none
at all that it came to its end."""

_LONGEST_REASON: Final = 1_000


class Letter(NamedTuple):
    """A dead letter, as it is to be sent."""

    key: str
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


def letter(key: str, value: bytes | None, reason: str, *, most: int = WHOLE) -> Letter:
    """The dead letter of some bytes.

    Parameters
    ----------
    key
        Their position: topic/partition/offset, or file/line.
    value
        The bytes. None, which a compacted topic would take for a deletion, becomes none at all.
    reason
        Why they cannot be read: the header ``reason``, cut at a thousand characters.
    most
        Larger ones are shortened to their first `SHORTENED` bytes. What was there is told by the headers ``length`` (in
        bytes) and ``sha256`` (in hexadecimal digits) of the whole, and ``position``, which is the key.

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
    """What tells a dead letter from all others: of its position and bytes, so that it is the same whoever wrote it.

    >>> identity("stocks/0/7", b"abc") == identity("stocks/0/7", b"abc") != identity("stocks/0/8", b"abc")
    True
    """
    return sha256(place.encode(errors="replace") + b"\n" + value).hexdigest()[:32]


def _cut(reason: str) -> bytes:
    text = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}..."
    return text.encode(errors="replace")
