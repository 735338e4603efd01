"""Letterbox: the dead letters of a topic, found, chosen, marked as put back, purged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from confluent_kafka import Message

from stockstream.kafka.client import instant
from stockstream.kafka.letters import IDENTITY, REASON, REPLAYED, REPLAYING, identity
from stockstream.kafka.to_end import scan
from stockstream.topics import Topic


class Kept(NamedTuple):
    """A dead letter without its bytes.

    Attributes
    ----------
    place
        Where it was first: topic/partition/offset, or file/line.
    sent
        When it was written (UTC).
    reason
        Why it is one.
    length
        Bytes of what could not be read, of which ``kept`` are here: the same unless it was `shortened`.
    kept
        Bytes that are here.
    identity
        What `letters.identity` says of it.
    at
        Partition and offset among the dead letters.
    replayed
        Where it was put back, as topic/partition/offset; None where it was not.
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
        """Whether only its beginning is here."""
        return self.kept < self.length


@dataclass(frozen=True)
class Choice:
    """Which dead letters are meant: all those for which everything that is given holds.

    Parameters
    ----------
    places
        Their positions, or what those begin with, up to a slash: ``stocks/0/7``, ``stocks/0``, ``flights.csv``.
    reason
        Words of the reason, in any case.
    """

    places: Sequence[str] = ()
    reason: str | None = None

    def takes(self, letter: Kept) -> bool:
        """Whether this one is meant."""
        named = any(letter.place == place or letter.place.startswith(place.rstrip("/") + "/") for place in self.places)
        told = self.reason is None or self.reason.casefold() in letter.reason.casefold()
        return told and (named or not self.places)


@dataclass(frozen=True)
class Letterbox:
    """What the dead-letter topic of a topic holds.

    Attributes
    ----------
    letters
        By place, the newest of each.
    began
        Where the topic ended when a replay began that never came to its end; None where there was none.
    """

    topic: Topic[Any]
    letters: dict[str, Kept] = field(default_factory=dict)
    began: dict[int, int] | None = None

    def chosen(self, choice: Choice) -> list[Kept]:
        """Those that are meant, the oldest first."""
        return sorted(filter(choice.takes, self.letters.values()), key=lambda letter: (letter.sent, letter.at))


def opened(topic: Topic[Any], connection: Mapping[str, Any]) -> Letterbox:
    """Read the dead letters of a topic, whose dead-letter topic exists. Raises `BrokerError`."""
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


def contents(box: Letterbox, letters: Sequence[Kept], connection: Mapping[str, Any]) -> Iterator[tuple[Kept, bytes]]:
    """The bytes of some of them, in the order in which they were written; purged meanwhile, one is left out."""
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


def put_back(topic: Topic[Any], connection: Mapping[str, Any], begin: Mapping[int, int]) -> dict[str, str]:
    """The records of a topic, from these offsets on, that were dead letters: their places by their identities."""
    found: dict[str, str] = {}
    for message in scan(topic.name, connection, begin):
        told = _headers(message).get(IDENTITY)
        if told is not None:
            found[told] = f"{message.topic()}/{message.partition()}/{message.offset()}"
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
