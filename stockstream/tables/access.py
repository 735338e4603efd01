"""What a folder allows: reading and writing of a table."""

from __future__ import annotations

import os
from typing import Final

from stockstream.errors import TableError
from stockstream.tables.location import Location
from stockstream.tables.refusals import translated

_LOG: Final = "_delta_log"


def refuse_unreadable(location: Location, name: str) -> None:
    """Raise TableError for a folder that may not be looked into; delta-rs finds no table there."""
    if location.folder is None:
        return
    log = location.folder / name / _LOG
    with translated("read the table", location.uri(name)):
        try:
            next(log.iterdir(), None)
        except (FileNotFoundError, NotADirectoryError):
            return


def refuse_unwritable(location: Location, name: str) -> None:
    """Raise TableError for a table that may not be written to; delta-rs fills the screen before it says so."""
    if location.folder is None:
        return
    table = location.folder / name
    for folder in (table, table / _LOG):
        if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            raise TableError(f"cannot write to the table {location.uri(name)}: permission denied")
