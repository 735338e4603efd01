"""Output files: replaced as a whole, and marked with the program that wrote them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

from stockstream.errors import ConfigError, StockstreamError
from stockstream.version import VERSION

MARK: Final = f"stockstream {VERSION}"
"""What the metadata of our pictures and pages names as their maker."""

_MARKS: Final = {
    ".png": rb"Software\0stockstream ",
    ".svg": rb"<dc:title>stockstream ",
    ".pdf": rb"/Creator \(stockstream ",
    ".html": rb'<meta name="generator" content="stockstream ',
    ".htm": rb'<meta name="generator" content="stockstream ',
    ".parquet": rb"(?s)Software.{2,4}stockstream ",
    ".csv": rb"^time,symbol,[^\n]*\bdoubtful\b|^day,airline,flights\b",
}
"""By what a file of ours is known: its metadata; a table, which has none, by its header."""

_ARROWS: Final = re.compile(r"^.*Detail: \[(?:errno|Windows error) \d+\] ", re.DOTALL)

_ENDS: Final = 65_536
"""Bytes at the start and at the end of a file in which its metadata is looked for."""


def is_ours(path: Path) -> bool:
    """Whether a file was written by this program, or is empty, so that nothing of anybody's is in it.

    Raises OSError where it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        text = file.read(_ENDS)
        if size > _ENDS:
            file.seek(max(_ENDS, size - _ENDS))
            text += file.read(_ENDS)
    mark = _MARKS.get(path.suffix.lower())
    return not size or (mark is not None and re.search(mark, text) is not None)


@contextmanager
def replacing(path: Path, *, hint: str | None = None) -> Iterator[Path]:
    """Where to write what is to become the file at ``path``; it is moved there when the block ends well.

    So a reader never meets half a file, and where writing fails the former one stays. What a process has left behind
    that was killed while it wrote is cleared. Where the path is a link, the file that it leads to is replaced. Raises
    `StockstreamError` with the ``hint`` where the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "report.txt")
    ...     with replacing(path) as beside:
    ...         _ = beside.write_text("whole")
    ...     path.read_text()
    'whole'
    """
    _clear(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        target = path.resolve() if path.is_symlink() else path
        beside = target.with_name(beside.name)
        yield beside
        beside.replace(target)
    except OSError as error:
        raise StockstreamError(f"{path} cannot be written: {cause(error)}", hint=hint) from error
    finally:
        with suppress(OSError):
            beside.unlink()


def cause(error: OSError) -> str:
    """Why the system refused, without the words that Arrow puts around it.

    >>> cause(OSError(28, "Error writing bytes to file. Detail: [errno 28] No space left on device"))
    'No space left on device'
    >>> cause(OSError("Broken"))
    'Broken'
    """
    told = error.strerror or str(error)
    return _ARROWS.sub("", told)


class HomeUnknown(ConfigError):
    """A path begins with the home folder of a user who is not known here."""


def expanded(path: str | Path) -> Path:
    """A path whose ``~`` or ``~user`` is replaced by that user's home folder. Raises `HomeUnknown`."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        user = Path(path).parts[0][1:] or "this user"
        raise HomeUnknown(f"{path}: the home folder of {user} is not known") from None


def private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for its owner alone. An existing one is not changed."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    path.mkdir(exist_ok=True)  # raises for a file in its place


def private_file(path: Path) -> None:
    """Make sure that a file is there which its owner alone reads, before anything else makes it."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by one that its owner alone reads, from its first byte on. Raises as `replacing` does."""
    with replacing(path) as beside:
        private_file(beside)
        beside.write_bytes(content)


@cache
def _clear(path: Path) -> None:
    """Remove the half-written files of processes that are gone, once in a process: it takes reading the folder."""
    left = re.compile(rf"\.{re.escape(path.name)}\.(\d{{1,9}})")
    with suppress(OSError):
        for entry in path.parent.iterdir():
            if (found := left.fullmatch(entry.name)) and not _runs(int(found[1])):
                with suppress(OSError):
                    entry.unlink()


def _runs(process: int) -> bool:
    import psutil  # as late as here: it is hardly ever needed

    return psutil.pid_exists(process)
