"""Values file: the frames of a view as a CSV file, updated continuously."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from stockstream.files import replacing
from stockstream.views.frame import Frame, table

_AT_MOST_EVERY: Final = 1.0


class Values:
    """Writes all the frames as one table, in place and at most once a second.

    A reader never meets half a file: it is written beside and moved into place.

    Parameters
    ----------
    path
        The file.
    frames
        Gives (name of the key column, key, frame) of all that is to be written.

    Attributes
    ----------
    rows
        Rows as last written, without the header; None before that.
    """

    def __init__(self, path: Path, frames: Callable[[], Iterable[tuple[str, str, Frame]]]) -> None:
        self._path = path
        self._frames = frames
        self.rows: int | None = None
        self._stale = True
        self._written = 0.0

    def refresh(self, *, changed: bool, now: bool = False) -> None:
        """Note a change and write when it is time; ``now`` writes what has not been written yet.

        Raises `StockstreamError` where the file cannot be written.
        """
        self._stale |= changed
        if self._stale and (now or time.monotonic() - self._written >= _AT_MOST_EVERY):
            self._stale = not self._write()
            self._written = time.monotonic()

    def _write(self) -> bool:
        """Write the table; False while there is nothing to write, so that what the file held before stays."""
        rows: Iterator[list[Any]] = table(self._frames())
        header = next(rows, None)
        if header is None:
            return False
        with (
            replacing(self._path, hint="name another file with --values") as beside,
            beside.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            self.rows = sum(1 for _ in map(writer.writerow, rows))
        return True
