"""Raw lines: the messages of a topic as they were sent, one JSON object a line, in files beside the tables."""

from __future__ import annotations

import gzip
import logging
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Final, NamedTuple

from stockstream.errors import TableError
from stockstream.kafka.batch import AnyBatch
from stockstream.kafka.client import instant
from stockstream.tables.location import Location
from stockstream.tables.objects import Objects

LOG: Final = logging.getLogger(__name__)

FOLDER: Final = "raw"

_IN_NAMES: Final = str.maketrans("+/", "-_")
_IN_IDS: Final = str.maketrans("-_", "+/")
"""Topic ids come in base64, of which names take the form for URLs."""

_DONE: Final = 1 << 64
"""More than all offsets."""

_NAME: Final = re.compile(
    r"(?:.*/)?(?P<topic_id>[\w-]+)-(?P<partition>\d{5})-(?P<start>\d{20})-(?P<end>\d{20})\.jsonl\.gz"
)


class Source(NamedTuple):
    """The part of a topic that a file holds: topic id, partition, and the offsets from ``start`` up to ``end``."""

    topic_id: str
    partition: int
    start: int
    end: int

    @property
    def file(self) -> str:
        """Name of the file.

        >>> Source("Qx+/1", 2, 100, 150).file
        'Qx-_1-00002-00000000000000000100-00000000000000000150.jsonl.gz'
        """
        topic_id = self.topic_id.translate(_IN_NAMES)
        return f"{topic_id}-{self.partition:05}-{self.start:020}-{self.end:020}.jsonl.gz"


def source_of(name: str) -> Source | None:
    """The source of a file of ours; None for one of another program.

    >>> source_of("sent=2026-03-02/Qx-_1-00002-00000000000000000100-00000000000000000150.jsonl.gz")
    Source(topic_id='Qx+/1', partition=2, start=100, end=150)
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    numbers = (int(found[part]) for part in ("partition", "start", "end"))
    return Source(found["topic_id"].translate(_IN_IDS), *numbers)


def tiling(sources: Iterable[Source], done: Collection[Source] = ()) -> set[Source]:
    """Those that cover the most of each partition, and no offset twice; all that are ``done`` are among them.

    Two writers of which one hung leave files that overlap. Equal offsets hold equal messages: it does not matter which
    are taken, and those of the writer that committed cover everything.

    >>> files = [Source("Q", 0, *ends) for ends in ((0, 100), (100, 150), (100, 180), (150, 200))]
    >>> sorted(source[2:] for source in tiling(files))
    [(0, 100), (100, 150), (150, 200)]
    """
    chosen: set[Source] = set()
    for _, group in groupby(sorted({*sources, *done}, key=lambda each: (each[:2], each.end)), lambda each: each[:2]):
        files = list(group)
        ends = [each.end for each in files]
        best = [0]
        for place, each in enumerate(files):
            weight = each.end - each.start + (_DONE if each in done else 0)
            best.append(max(best[-1], weight + best[bisect_right(ends, each.start, 0, place)]))
        place = len(files)
        while place:
            if best[place] == best[place - 1]:
                place -= 1
            else:
                chosen.add(files[place - 1])
                place = bisect_right(ends, files[place - 1].start, 0, place - 1)
    return chosen


class RawLines:
    """Gathers messages, and writes those of each partition to a file before their rows are committed.

    A file is named by the offsets that its commit begins and ends with. If that fails, or never comes, the messages are
    read again: the file stays until others have taken its place, and is then removed. A process that hung and writes
    its file later cannot replace one of its successor, which has other offsets or the same messages.

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
        self._sent: dict[int, datetime] = {}
        self._left: dict[Source, str] = {}
        self._written: set[str] = set()

    def begin(self, topic_id: str, positions: Mapping[int, int]) -> bool:
        """Find the files that were written behind these positions without a commit.

        Returns whether lines are missing before these positions that were not missing before: there is no file yet, or
        the last rows of a partition that has files were stored without theirs. Raises TableError.
        """
        found = {name: source_of(name) for name in self._files.names()}
        ours = {source: name for name, source in found.items() if source is not None and source.topic_id == topic_id}
        self._left = {
            source: name for source, name in ours.items() if source.end > positions.get(source.partition, source.end)
        }
        self._written = set()
        ends = {(source.partition, source.end) for source in ours}
        begun = {partition for partition, _ in ends} or positions.keys()
        return any(place[1] and place[0] in begun and place not in ends for place in positions.items())

    def add(self, batch: AnyBatch) -> None:
        """Gather the messages of a batch."""
        for partition, value, sent in zip(batch.partitions, batch.raw, batch.timestamps, strict=True):
            if partition not in self._sent:
                self._sent[partition] = instant(sent)
            # JSON has line breaks between its tokens alone, where a space means the same.
            self._lines[partition].append(value.replace(b"\n", b" ").replace(b"\r", b" "))

    def write(self, topic_id: str, starts: Mapping[int, int], ends: Mapping[int, int]) -> None:
        """Write what was gathered from these offsets up to those, and forget it. Raises TableError.

        Where there were no readable messages the file is empty: so the files of all commits cover all offsets.
        """
        for partition, end in ends.items():
            source = Source(topic_id, partition, starts[partition], end)
            sent = self._sent.get(partition, datetime.now(UTC))
            lines = b"".join(line + b"\n" for line in self._lines[partition])
            name = f"sent={sent.astimezone(UTC):%Y-%m-%d}/{source.file}"
            self._files.write(name, gzip.compress(lines, compresslevel=6, mtime=0))
            self._written.add(name)
        self._lines.clear()
        self._sent.clear()

    def committed(self, ends: Mapping[int, int]) -> None:
        """Remove the files without a commit whose messages are now in others; a failure is logged."""
        for source in [each for each in self._left if each.end <= ends.get(each.partition, 0)]:
            name = self._left.pop(source)
            if name not in self._written:
                try:
                    self._files.remove(name)
                except TableError as error:
                    LOG.warning("a file of no commit stays: %s", error)
        if not self._left:
            self._written.clear()
