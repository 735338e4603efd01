"""Values file: the frames of a view as a CSV file, updated continuously."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stockstream.consumers.live import AnyLive
from stockstream.files import replacing
from stockstream.views.frame import Frame, table

_AT_MOST_EVERY: Final = 1.0


class Values:
    """Writes all frames as one table, at most once a second.

    The file is written under another name and then renamed, so that no reader sees half of it.

    Parameters
    ----------
    path
        The file.
    live
        The view whose frames are written, of all keys that it shows.

    Attributes
    ----------
    rows
        Number of rows last written, without the header; None before that.
    """

    def __init__(self, path: Path, live: AnyLive) -> None:
        self.path = path
        self.rows: int | None = None
        self._live = live
        self._seen: int | None = None
        self._looked = -_AT_MOST_EVERY

    def refresh(self) -> None:
        """Write changes, at most once a second. Raises `StockstreamError` if the file cannot be written."""
        if time.monotonic() - self._looked >= _AT_MOST_EVERY:
            self.finish()

    def finish(self) -> None:
        """Write pending changes at once."""
        changes = self._live.changes
        if changes != self._seen:
            if self._write():
                self._seen = changes
            self._looked = time.monotonic()

    def _write(self) -> bool:
        """Write the table; returns False while there are no rows, so that the old file stays."""
        rows: Iterator[list[str]] = table(frames(self._live))
        header = next(rows, None)
        if header is None:
            return False
        with (
            replacing(self.path, hint="name another file with --values") as beside,
            beside.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            self.rows = sum(1 for _ in map(writer.writerow, rows))
        return True


def frames(live: AnyLive) -> Iterator[tuple[str, str, Frame]]:
    """Contents of a live view: the name of its keys, each key, and the key's frame."""
    for key in live.fold.keys():
        yield live.view.key_name, key, live.fold.frame(key)
