"""Letterbox: the dead letters of a topic, and which of them were replayed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from confluent_kafka import Message

from stockstream.connection import Connection
from stockstream.kafka.client import instant
from stockstream.kafka.letters import IDENTITY, REASON, REPLAYED, REPLAYING, identity
from stockstream.kafka.to_end import scan
from stockstream.topics import AnyTopic


class Kept(NamedTuple):
    """A dead letter without its bytes.

    Attributes
    ----------
    place
        Original position of the value: topic/partition/offset, or file/line.
    sent
        When it was written (UTC).
    reason
        Why it could not be read.
    length
        Number of bytes of the original value.
    kept
        Number of bytes that are kept: fewer than ``length`` if it was `shortened`.
    identity
        Its `letters.identity`.
    at
        Its partition and offset in the dead-letter topic.
    replayed
        Position of the replayed record, as topic/partition/offset; None if it was not replayed.
    """

    place: str
    sent: datetime
    reason: str
    length: int
    kept: int
    identity: str
    at: tuple[int, int]
    replayed: str | None = None

    @property
    def shortened(self) -> bool:
        """Whether only its beginning is kept."""
        return self.kept < self.length


@dataclass(frozen=True)
class Choice:
    """Selects dead letters: those that fulfil all given conditions.

    Parameters
    ----------
    places
        Positions, or their beginnings up to a slash: ``stocks/0/7``, ``stocks/0``, ``flights.csv``.
    reason
        Text that the reason contains, in upper or lower case.
    """

    places: Sequence[str] = ()
    reason: str | None = None

    def takes(self, letter: Kept) -> bool:
        """Whether a dead letter is selected."""
        named = any(letter.place == place or letter.place.startswith(place.rstrip("/") + "/") for place in self.places)
        fits = self.reason is None or self.reason.casefold() in letter.reason.casefold()
        return fits and (named or not self.places)


@dataclass(frozen=True)
class Letterbox:
    """The contents of a dead-letter topic.

    Attributes
    ----------
    letters
        Dead letters by their original position; of several with the same position the newest.
    began
        End offsets of the topic when a replay began that did not finish; None if there is none.
    """

    topic: AnyTopic
    letters: dict[str, Kept] = field(default_factory=dict)
    began: dict[int, int] | None = None

    def chosen(self, choice: Choice) -> list[Kept]:
        """The selected dead letters, the oldest first."""
        return sorted(filter(choice.takes, self.letters.values()), key=lambda letter: (letter.sent, letter.at))


def opened(topic: AnyTopic, connection: Connection) -> Letterbox:
    """Read the dead letters of a topic. Its dead-letter topic must exist. Raises `BrokerError`."""
    letters: dict[str, Kept] = {}
    replayed: dict[str, str] = {}
    began: dict[int, int] | None = None
    for message in scan(topic.dead_letters, connection):
        headers, key, value = _headers(message), _text(message.key()), message.value()
        if REPLAYED in headers:
            replayed[headers.get(IDENTITY, "")] = headers[REPLAYED]
        elif REPLAYING in headers:
            began = _offsets(value)
        elif value is None:
            letters.pop(key, None)
        else:
            letters[key] = _kept(message, key, value, headers)
    found = {
        place: letter._replace(replayed=replayed.get(letter.identity)) if letter.identity in replayed else letter
        for place, letter in letters.items()
    }
    return Letterbox(topic, found, began)


def contents(box: Letterbox, letters: Sequence[Kept], connection: Connection) -> Iterator[tuple[Kept, bytes]]:
    """The bytes of dead letters, in the order in which they were written; those purged in the meantime are left out."""
    wanted = {letter.at: letter for letter in letters}
    if not wanted:
        return
    begin: dict[int, int] = {}
    for partition, offset in sorted(wanted):
        begin.setdefault(partition, offset)
    for message in scan(box.topic.dead_letters, connection, begin):
        letter = wanted.pop((message.partition() or 0, message.offset() or 0), None)
        if letter is not None:
            yield letter, message.value() or b""
        if not wanted:
            return


def put_back(topic: AnyTopic, connection: Connection, begin: Mapping[int, int]) -> dict[str, str]:
    """Positions of the replayed records of a topic, from these offsets on, by the identities of the dead letters."""
    found: dict[str, str] = {}
    for message in scan(topic.name, connection, begin):
        replayed = _headers(message).get(IDENTITY)
        if replayed is not None:
            found[replayed] = f"{message.topic()}/{message.partition()}/{message.offset()}"
    return found


def _kept(message: Message, place: str, value: bytes, headers: Mapping[str, str]) -> Kept:
    length = headers.get("length", "")
    return Kept(
        place=place,
        sent=instant(message.timestamp()[1]),
        reason=headers.get(REASON, ""),
        length=int(length) if length.isascii() and length.isdigit() and len(length) < 16 else len(value),
        kept=len(value),
        identity=identity(place, value),
        at=(message.partition() or 0, message.offset() or 0),
    )


def _headers(message: Message) -> dict[str, str]:
    return {name: _text(value) for name, value in dict(message.headers() or ()).items()}


def _offsets(value: bytes | None) -> dict[int, int] | None:
    return {int(number): offset for number, offset in json.loads(value).items()} if value else None


def _text(value: bytes | str | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""
