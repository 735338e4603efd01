"""Raw lines: the messages of a topic as they were sent, one JSON object a line, in files beside the tables."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from stockstream.kafka.batch import Batch
from stockstream.kafka.client import instant
from stockstream.tables.location import Location
from stockstream.tables.objects import Objects

FOLDER: Final = "raw"

_IN_NAMES: Final = str.maketrans("+/", "-_")
_IN_IDS: Final = str.maketrans("-_", "+/")
"""Topic ids come in base64, of which names take the form for URLs."""

_NAME: Final = re.compile(r"(.*/)?(?P<topic_id>[\w-]+)-(?P<partition>\d{5})-(?P<offset>\d{20})\.jsonl\.gz")


class Source(NamedTuple):
    """Where the first line of a file stood: topic id, partition, and offset."""

    topic_id: str
    partition: int
    offset: int


def source_of(name: str) -> Source | None:
    """The source of a file of ours; None for one of another program.

    >>> source_of("sent=2026-03-02/Qx-_1-00002-00000000000000000100.jsonl.gz")
    Source(topic_id='Qx+/1', partition=2, offset=100)
    """
    found = _NAME.fullmatch(name)
    return (
        Source(found["topic_id"].translate(_IN_IDS), int(found["partition"]), int(found["offset"])) if found else None
    )


class RawLines:
    """Gathers messages, and writes those of each partition to a file before their rows are committed.

    A file is named by the offset of its first line. If the commit fails, the messages are read again from there, and
    the file is written again: so each message is in one file.

    Parameters
    ----------
    location
        Folder of the tables.
    topic
        Name of the topic.
    """

    def __init__(self, location: Location, topic: str) -> None:
        self._files = Objects(location, f"{FOLDER}/{topic}")
        self._lines: defaultdict[int, list[bytes]] = defaultdict(list)
        self._first: dict[int, tuple[int, datetime]] = {}

    def add(self, batch: Batch[Any]) -> None:
        """Gather the messages of a batch."""
        for (partition, offset), value, sent in zip(batch.offsets, batch.raw, batch.timestamps, strict=True):
            self._first.setdefault(partition, (offset, instant(sent)))
            # JSON has line breaks between its tokens alone, where a space means the same.
            self._lines[partition].append(value.replace(b"\n", b" ").replace(b"\r", b" "))

    def write(self, topic_id: str) -> None:
        """Write what was gathered, and forget it. Raises TableError."""
        for partition, lines in self._lines.items():
            offset, sent = self._first[partition]
            file = f"{topic_id.translate(_IN_NAMES)}-{partition:05}-{offset:020}.jsonl.gz"
            name = f"sent={sent.astimezone(UTC):%Y-%m-%d}/{file}"
            self._files.write(name, gzip.compress(b"\n".join(lines) + b"\n", compresslevel=6, mtime=0))
        self._lines.clear()
        self._first.clear()
