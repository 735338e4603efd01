"""Care of a Delta table: small files are joined, and files that no version needs are deleted."""

from __future__ import annotations

import logging
import time
from typing import Final, NamedTuple

from stockstream.tables.delta import Described, file_properties, opened
from stockstream.tables.location import Location
from stockstream.tables.panics import panics_logged
from stockstream.tables.refusals import FAILURES, plain

LOG: Final = logging.getLogger(__name__)

_VACUUM_EVERY: Final = 24 * 3600.0


class Care(NamedTuple):
    """What was done: numbers of files that were joined, made of them, and deleted."""

    joined: int = 0
    made: int = 0
    deleted: int = 0


class Maintenance:
    """Compacts a table after so many commits, whoever made them, and deletes replaced files once a day.

    A failure is logged and never ends the storing: the next time does the same work. Several processes may do it at
    once, of which one succeeds.

    Parameters
    ----------
    table, location
        The table.
    after
        Commits after which small files are joined.
    keep_hours
        Hours for which replaced files, and those of writers that were killed, are kept for whoever reads them.
    """

    def __init__(self, table: Described, location: Location, *, after: int, keep_hours: float) -> None:
        self._table = table
        self._location = location
        self._after = after
        self._keep_hours = keep_hours
        self._vacuum_at = 0.0

    def after_commit(self, before: int, now: int) -> Care:
        """Do what is due when the table's version has gone from one number to another."""
        if before // self._after == now // self._after:
            return Care()
        return self.run()

    def run(self) -> Care:
        """Join small files; delete old ones if the last time is a day ago."""
        try:
            handle = opened(self._table, self._location)
            if handle is None:
                return Care()
            with panics_logged(self._location):
                found = handle.optimize.compact(writer_properties=file_properties(self._table))
            deleted: list[str] = []
            if time.monotonic() >= self._vacuum_at:
                self._vacuum_at = time.monotonic() + _VACUUM_EVERY
                deleted = handle.vacuum(
                    round(self._keep_hours), dry_run=False, enforce_retention_duration=False, full=True
                )
            care = Care(found["numFilesRemoved"], found["numFilesAdded"], len(deleted))
        except FAILURES as error:
            LOG.warning("%s: its care has to wait: %s", self._location.uri(self._table.name), plain(error))
            return Care()
        LOG.info("%s: %s", self._location.uri(self._table.name), care)
        return care
