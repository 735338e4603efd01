"""Files that are replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stockstream.errors import StockstreamError


@contextmanager
def replacing(path: Path, *, hint: str | None = None) -> Iterator[Path]:
    """Where to write what is to become the file at ``path``; it is moved there when the block ends well.

    So a reader never meets half a file, and where writing fails the former one stays. Raises `StockstreamError` with
    the ``hint`` where the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "report.txt")
    ...     with replacing(path) as beside:
    ...         _ = beside.write_text("whole")
    ...     path.read_text()
    'whole'
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        beside.replace(path)
    except OSError as error:
        raise StockstreamError(f"{path} cannot be written: {error.strerror}", hint=hint) from error
    finally:
        with suppress(OSError):
            beside.unlink()
