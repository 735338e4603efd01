"""ETL: clean, typed Parquet made of raw JSON lines, a file of each file, and each once."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stockstream.codec import Unreadable
from stockstream.errors import TableError
from stockstream.tables.columns import records_of
from stockstream.tables.delta import application, opened
from stockstream.tables.location import Location
from stockstream.tables.objects import Objects
from stockstream.tables.raw import FOLDER, Source, source_of, tiling
from stockstream.tables.schema import AnyTable

CLEAN: Final = "clean"
REFUSED: Final = "refused"

_ENDINGS: Final = (".jsonl", ".jsonl.gz")


class Made(NamedTuple):
    """What was made: files, their rows, and lines that are no records; and the damaged files, with the cause."""

    files: int
    rows: int
    refused: int
    damaged: tuple[str, ...] = ()


def etl(table: AnyTable, location: Location, progress: Callable[[int, int], None]) -> Made:
    """Make Parquet of all raw files of a topic that have none yet.

    Lines that are no records are kept in ``refused/TOPIC``, under the name of their file. A file that `RawLines` has
    written, and whose rows are not committed yet, is left for the next time, and so is one that cannot be decompressed.
    Of files that hold the same messages one is taken: see `tiling`.

    Parameters
    ----------
    table
        The table of the topic, which has the columns.
    location
        Folder of the tables.
    progress
        Is told the number of files done, and of all.

    Raises
    ------
    TableError
        The place cannot be read or written, or there are no raw lines.
    """
    name = table.topic.name
    raw, clean = Objects(location, f"{FOLDER}/{name}"), Objects(location, f"{CLEAN}/{name}")
    refused = Objects(location, f"{REFUSED}/{name}")
    there = {each for each in raw.names() if each.endswith(_ENDINGS)}
    if not there:
        raise TableError(
            f"there are no raw lines in {raw.uri}",
            hint=f"`stockstream store {name} --raw` keeps those of what it stores",
        )
    done = {each.removesuffix(".parquet") for each in clean.names()}
    todo = _todo(there, done, _committed(table, location))
    rows = bad = 0
    damaged: list[str] = []
    for number, each in enumerate(todo):
        progress(number, len(todo))
        try:
            content = _plain(raw.read(each))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            damaged.append(f"{raw.uri}/{each} is damaged: {error}")
            continue
        records, wrong = _read(content, table)
        if wrong:
            kept = b"\n".join(wrong) + b"\n"
            refused.write(each, gzip.compress(kept, mtime=0) if each.endswith(".gz") else kept)
        stream = pa.BufferOutputStream()
        pq.write_table(records_of(records, table), stream)
        clean.write(f"{each}.parquet", stream.getvalue().to_pybytes())  # last: it says that all is done
        rows, bad = rows + len(records), bad + len(wrong)
    if todo:
        progress(len(todo), len(todo))
    return Made(len(todo) - len(damaged), rows, bad, tuple(damaged))


def _plain(content: bytes) -> bytes:
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def _read(content: bytes, table: AnyTable) -> tuple[list[Any], list[bytes]]:
    """The records of the lines of a file, and the lines that are none."""
    lines = content.splitlines()
    decode = table.topic.decoder()
    try:
        return decode.many(filter(None, lines)), []
    except Unreadable:
        records, wrong = [], []
        for line in filter(None, lines):
            try:
                records.append(decode(line))
            except Unreadable:
                wrong.append(line)
        return records, wrong


def _todo(names: set[str], done: set[str], committed: Callable[[Source], bool]) -> list[str]:
    """The files to be made."""
    ours = {source: name for name in names if (source := source_of(name)) is not None}
    finished = {source for name in done if (source := source_of(name)) is not None}
    chosen = tiling(filter(committed, ours), finished) - finished
    return sorted({name for name in names - done if source_of(name) is None} | {ours[source] for source in chosen})


def _committed(table: AnyTable, location: Location) -> Callable[[Source], bool]:
    """Whether rows of all messages of a file are committed."""
    handle = opened(table, location)

    def is_stored(source: Source) -> bool:
        app = application(table.topic.name, source.topic_id, source.partition)
        stored = None if handle is None else handle.transaction_version(app)
        return stored is not None and source.end <= stored

    return is_stored
