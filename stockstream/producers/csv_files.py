"""CSV files: plain, in a folder, compressed by gzip or zstd, or in a zip."""

from __future__ import annotations

import gzip
import io
import mmap
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from stockstream.errors import ConfigError, SourceError

BLOCK: Final = 1 << 20
"""Bytes read at a time."""

LONGEST_ROW: Final = 1 << 16
"""Bytes of the longest row that is read. Its record is well below the limit of a topic, whatever the row holds."""

LONGEST_LINE: Final = 1 << 24
"""Bytes without a line end from which on a file is not a table. A shorter line that is too long is a refused row."""

MOST_BLANK: Final = 1_000_000
"""Blank lines in a row with which a file is not a table."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_SUFFIXES: Final = (".csv", ".gz", ".zst", ".zip")


@dataclass(frozen=True)
class CsvFile:
    """One CSV file; ``member`` is its name inside a zip."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """Name of the file in messages."""
        return str(self.path) if self.member is None else f"{self.path}:{self.member}"

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the decompressed bytes. Errors of the reading are SourceErrors."""
        with _translated(self.name), self._stream() as stream:
            yield cast("BinaryIO", stream)

    @contextmanager
    def map(self) -> Iterator[mmap.mmap]:
        """Map the decompressed bytes to memory: the file, or a temporary copy. It must not be empty."""
        with (
            _translated(self.name),
            self._seekable() as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        ):
            yield mapped

    @property
    def is_plain(self) -> bool:
        """Whether it is neither packed nor in a zip."""
        return self.member is None and not _gzipped(self.path) and not _zstandard(self.path)

    @contextmanager
    def _stream(self) -> Iterator[IO[bytes]]:
        if self.member is not None:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as member:
                yield io.BufferedReader(cast("io.RawIOBase", member), BLOCK)
        elif self.is_plain:
            with self.path.open("rb", buffering=BLOCK) as stream:
                yield stream
        elif _zstandard(self.path):
            with _unpacked(self.path) as unpacked:
                yield unpacked
        else:
            with gzip.open(self.path) as unzipped:
                yield io.BufferedReader(cast("io.RawIOBase", unzipped), BLOCK)

    @contextmanager
    def _seekable(self) -> Iterator[IO[bytes]]:
        with self._stream() as stream:
            if self.is_plain:
                yield stream
                return
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(stream, copy, BLOCK)
                copy.flush()
                yield copy


def too_long(raw: bytes) -> str | None:
    """Reason to refuse a row for its length; None if it is short enough.

    >>> too_long(b"2026-01-02,1,3,1,2"), too_long(b"1" * 100_000)
    (None, '100,000 bytes, and no row has more than 65,536')
    """
    return f"{len(raw):,} bytes, and no row has more than {LONGEST_ROW:,}" if len(raw) > LONGEST_ROW else None


def endless(name: str, line: int) -> SourceError:
    """The error for a file with a line that does not end."""
    return SourceError(
        f"{name}, line {line:,}: {LONGEST_LINE >> 20} MB without a line end are no row of a table",
        hint="lines end in LF or CRLF",
    )


def blank(name: str, line: int) -> SourceError:
    """The error for a file of blank lines."""
    return SourceError(f"{name}, line {line:,}: more than {MOST_BLANK:,} blank lines in a row are no table")


class Sanity:
    """Looks at a file block by block: a line, or blank lines, without end would take all memory or time.

    Parameters
    ----------
    name
        Name of the file in messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines = 1
        self._open = 0
        self._blank = 0

    def check(self, block: bytes) -> None:
        """Take the next block. Raises `SourceError`."""
        ends = block.count(b"\n")
        self._open = len(block) - block.rfind(b"\n") - 1 if ends else self._open + len(block)
        if self._open > LONGEST_LINE:
            raise endless(self._name, self._lines + ends)
        self._lines += ends
        self._blank = self._blank + ends if not block.strip() else 0
        if self._blank > MOST_BLANK:
            raise blank(self._name, self._lines)


def find(
    paths: Iterable[Path], skip: Collection[str] = (), suffixes: tuple[str, ...] = _SUFFIXES
) -> tuple[list[CsvFile], list[str]]:
    """Find the CSV files in paths given by the user.

    Parameters
    ----------
    paths
        Files and folders. A folder means its files with these suffixes, by name; a zip means each CSV in it.
    skip
        Names of CSV files to skip inside folders and zips, in lower case, without ``.gz`` or ``.zst``.
    suffixes
        Endings of the names of files in folders.

    Returns
    -------
    list of CsvFile, list of str
        The files in order, and the names of the skipped ones.

    Raises
    ------
    SourceError
        For a path that does not exist or cannot be read, and for a folder or zip without a CSV file.
    """
    found: list[CsvFile] = []
    passed: list[str] = []
    for path in paths:
        with _translated(str(path)):
            inside = list(_inside(path, suffixes))
        wanted = [file for file in inside if (file.path == path and not file.member) or not _named(file, skip)]
        if not wanted:
            raise SourceError(f"{path} holds no CSV file that could be read")
        found += wanted
        passed += [file.name for file in inside if file not in wanted]
    return found, passed


def _inside(path: Path, suffixes: tuple[str, ...]) -> Iterator[CsvFile]:
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            if entry.name.lower().endswith(suffixes) and not entry.name.startswith(".") and not entry.is_dir():
                yield from _inside(entry, suffixes)
    elif not path.exists():
        raise SourceError(f"{path} does not exist")
    elif not path.is_file():
        raise SourceError(f"{path} is not a file")
    elif _zipped(path):
        yield from (CsvFile(path, member) for member in _members(path))
    else:
        yield CsvFile(path)


def _named(file: CsvFile, names: Collection[str]) -> bool:
    name = (file.member or file.path.name).lower()
    return name.rpartition("/")[2].removesuffix(".gz").removesuffix(".zst") in names


def _members(path: Path) -> list[str]:
    with _translated(str(path)), zipfile.ZipFile(path) as archive:
        names = sorted(info.filename for info in archive.infolist() if not info.is_dir())
    # macOS puts a shadow of each file into its zips, under the same suffix.
    return [name for name in names if name.lower().endswith(".csv") and not name.startswith("__MACOSX/")]


def _gzipped(path: Path) -> bool:
    return path.suffix.lower() == ".gz" or _magic(path).startswith(_GZIP_MAGIC)


def _zstandard(path: Path) -> bool:
    return path.suffix.lower() == ".zst" or _magic(path).startswith(_ZSTD_MAGIC)


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file that zstd packed."""
    try:
        import pyarrow as pa
    except ImportError:
        raise ConfigError(
            f"{path} is packed by zstd, which needs the package pyarrow", hint="pip install 'stockstream[parquet]'"
        ) from None
    with pa.input_stream(str(path), compression="zstd") as stream:
        yield io.BufferedReader(cast("io.RawIOBase", stream), BLOCK)


def _zipped(path: Path) -> bool:
    return path.suffix.lower() == ".zip" or _magic(path).startswith(_ZIP_MAGIC)


def _magic(path: Path) -> bytes:
    with _translated(str(path)), path.open("rb") as file:
        return file.read(4)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Translate errors of damaged and unreadable files to SourceError."""
    try:
        yield
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise SourceError(f"{name} is damaged: {error}", hint="fetch or unpack it again") from error
    except (RuntimeError, NotImplementedError) as error:  # how zipfile says: encrypted, an unknown compression
        raise SourceError(f"{name} cannot be unpacked: {error}") from error
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {error.strerror or error}") from error
