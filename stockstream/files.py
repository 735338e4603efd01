"""Files that are replaced as a whole."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from stockstream.errors import StockstreamError


@contextmanager
def replacing(path: Path, *, hint: str | None = None) -> Iterator[Path]:
    """Where to write what is to become the file at ``path``; it is moved there when the block ends well.

    So a reader never meets half a file, and where writing fails the former one stays. What a process has left behind
    that was killed while it wrote is cleared. Raises `StockstreamError` with the ``hint`` where the file cannot be
    written.

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
        yield beside
        beside.replace(path)
    except OSError as error:
        raise StockstreamError(f"{path} cannot be written: {error.strerror}", hint=hint) from error
    finally:
        with suppress(OSError):
            beside.unlink()


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
