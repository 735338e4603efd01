"""Readings of files: CSV, JSON lines and Parquet, also compressed; files and folders can be followed as they grow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from stockstream.errors import BadRow, ConfigError, SourceError
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.producers.csv_files import CsvFile, find
from stockstream.producers.readings.fields import Document, Extractor, Fields
from stockstream.producers.readings.reading import Place, Reading
from stockstream.producers.readings.rows import Rows
from stockstream.producers.reporter import Reporter

SUFFIXES: Final = (".csv", ".json", ".jsonl", ".ndjson", ".parquet", ".gz", ".zst", ".zip")
"""Endings of the names of readings' files in a folder."""

_PARQUET: Final = b"PAR1"
_TOGETHER: Final = 500
_BATCH: Final = 10_000
_LONGEST: Final = 1 << 20


def files_in(paths: Sequence[Path]) -> list[CsvFile]:
    """The named files, and those of named folders, by name. Raises SourceError if there are none."""
    return find(paths, suffixes=SUFFIXES)[0]


class FileReadings:
    """The readings of some files and folders, also as they grow.

    Iterating yields a `Reading`, a `BadRow` for a line that is not a reading, and a None occasionally, and five times a
    second while there is nothing new.

    Parameters
    ----------
    paths
        Files and folders.
    fields
        Paths of the readings in a row.
    follow
        Whether to continue with new lines and new files, without end. Compressed and Parquet files are read once they
        have not grown between two checks.
    every
        Seconds between two checks.
    reporter
        Receives messages for the user.
    clock
        The clock to read and to wait with.

    Attributes
    ----------
    done : int
        Number of lines and rows that were read.
    complete : bool
        Whether the initial content is read.

    Raises
    ------
    SourceError
        While iterating: for a file that cannot be read or has another format.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        fields: Fields,
        *,
        follow: bool = False,
        every: float = 1.0,
        reporter: Reporter,
        clock: Clock = SYSTEM,
    ) -> None:
        self.done = 0
        self.complete = False
        self.doing = ""
        self._paths = paths
        self._fields = fields
        self._follow = follow
        self._every = every
        self._reporter = reporter
        self._clock = clock
        self._tails: dict[tuple[int, int], _Tail] = {}
        self._packed: dict[tuple[int, int, str | None], int] = {}

    def check(self) -> None:
        """Open each file once. Raises SourceError for one that does not exist or cannot be read."""
        for file in files_in(self._paths):
            try:
                file.path.open("rb").close()
            except OSError as error:
                raise SourceError(f"{file.name} cannot be read: {error.strerror or error}") from error

    def __iter__(self) -> Iterator[Reading | BadRow | None]:
        for file in files_in(self._paths):
            yield from self._read(file, first=True)
        self.complete = True
        yield None
        while self._follow:
            self.doing = "waiting for new lines"
            yield from self._clock.wait_until(self._clock.monotonic() + self._every)
            for file in self._there():
                yield from self._read(file, first=False)

    def _there(self) -> list[CsvFile]:
        """The present files; waits for a folder that is temporarily empty, or a file that is being replaced."""
        found: list[CsvFile] = []
        for path in self._paths:
            try:
                found += files_in([path])
            except SourceError:
                continue
        return found

    def _read(self, file: CsvFile, *, first: bool) -> Iterator[Reading | BadRow | None]:
        try:
            status = file.path.stat()
        except OSError as error:
            if first:
                raise SourceError(f"{file.name} cannot be read: {error.strerror or error}") from error
            return
        identity = status.st_dev, status.st_ino
        if _is_plain(file):
            tail = self._tails.get(identity)
            if tail is not None and status.st_size < tail.offset:
                self._reporter.warn(f"{file.name} was cut: it is read from its beginning")
                tail = None
            if tail is None:
                tail = self._tails[identity] = _Tail(file.path, self._rows(file))
            if status.st_size > tail.offset:
                yield from self._beaten(tail.news(whole=not self._follow))
        elif first or self._has_settled((*identity, file.member), status.st_size):
            self._packed[*identity, file.member] = -1
            yield from self._beaten(self._whole(file))

    def _has_settled(self, identity: tuple[int, int, str | None], size: int) -> bool:
        """Whether a new compressed file is complete: it has not grown since the last check."""
        before = self._packed.get(identity)
        if before == -1:
            return False
        self._packed[identity] = size
        return before == size

    def _whole(self, file: CsvFile) -> Iterator[Reading | BadRow]:
        if _is_parquet(file):
            yield from _parquet(file, self._fields, self._now)
            return
        with file.open() as stream:
            yield from self._rows(file).readings(_lines(stream))

    def _rows(self, file: CsvFile) -> Rows:
        return Rows(file.name, self._fields, self._now, symbol=_stem(file), timed=True)

    def _beaten(self, items: Iterator[Reading | BadRow]) -> Iterator[Reading | BadRow | None]:
        for item in items:
            self.done += 1
            yield item
            if not self.done % _TOGETHER:
                yield None

    def _now(self) -> datetime:
        return self._clock.now()


@dataclass
class _Tail:
    """A plain file and the position up to which it is read."""

    path: Path
    rows: Rows
    offset: int = 0

    def news(self, *, whole: bool) -> Iterator[Reading | BadRow]:
        """The lines after the position; a last line without an end only if the file is ``whole``."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.offset)
                for line in _lines(stream):
                    if not whole and not line.endswith(b"\n"):
                        break
                    self.offset += len(line)
                    yield from self.rows.readings((line,))
        except OSError as error:
            raise SourceError(f"{self.path} cannot be read: {error.strerror or error}") from error


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines; excessively long ones are split into parts."""
    while line := stream.readline(_LONGEST):
        yield line


def _stem(file: CsvFile) -> str:
    """The name of a series without a name in its file or by the user: that of the file."""
    return Path(file.member or file.path.name).name.partition(".")[0]


def _is_plain(file: CsvFile) -> bool:
    return file.is_plain and not _is_parquet(file)


def _is_parquet(file: CsvFile) -> bool:
    if file.member is not None:
        return False
    try:
        with file.path.open("rb") as stream:
            return stream.read(len(_PARQUET)) == _PARQUET
    except OSError as error:
        raise SourceError(f"{file.name} cannot be read: {error.strerror or error}") from error


def _parquet(file: CsvFile, fields: Fields, now: Callable[[], datetime]) -> Iterator[Reading | BadRow]:
    """The readings of a Parquet file; reads only their columns."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise ConfigError(
            f"{file.name} is Parquet, which needs the package pyarrow", hint="pip install 'stockstream[parquet]'"
        ) from None
    extractor = Extractor(fields, timed=True)
    try:
        table = parquet.ParquetFile(str(file.path))
        wanted = {fields.time, fields.symbol, *(value.path for value in fields.values)}
        names = [name for name in table.schema_arrow.names if name in wanted]
        line = itertools.count(1)
        for batch in table.iter_batches(batch_size=_BATCH, columns=names or None):
            columns: list[list[Any]] = [column.to_pylist() for column in batch.columns]
            for cells in zip(*columns, strict=True):
                row = dict(zip(batch.schema.names, cells, strict=True))
                yield from _of_row(row, extractor, now, Place(file.name, next(line), b""), _stem(file))
    except pa.ArrowException as error:
        raise SourceError(f"{file.name} is damaged: {str(error).splitlines()[0]}") from error


def _of_row(
    row: Document, extractor: Extractor, now: Callable[[], datetime], place: Place, symbol: str
) -> Iterator[Reading | BadRow]:
    try:
        yield from extractor.readings(row, now(), place, symbol)
    except ValueError as error:
        yield place._replace(raw=msgspec.json.encode(row, enc_hook=str)).bad(str(error))
