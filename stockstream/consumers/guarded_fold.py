"""Guard of a fold: a record on which the fold fails is set aside, and the view continues."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Final

from stockstream.views.bar_batch import BarBatch
from stockstream.views.flight_batch import FlightBatch
from stockstream.views.fold import AnyFold

LOG: Final = logging.getLogger("stockstream.live")


class GuardedFold:
    """Gives records to a fold, and counts those that it could not take.

    A fold should not fail on any decoded record: unreadable messages are dead letters. This guard is for unforeseen
    errors.

    Attributes
    ----------
    failed
        Number of records that the fold could not take; the first is logged with a traceback.
    """

    def __init__(self) -> None:
        self.failed = 0

    def apply(self, fold: AnyFold, records: Sequence[object]) -> bool:
        """As `Fold.apply`; if that fails, record by record; a fold may take a record twice without harm."""
        try:
            return fold.apply(records)
        except Exception:  # noqa: BLE001 - whatever is wrong with one record must not stop the others
            taken = [self._one(fold, record) for record in _single(records)]
            return any(taken)

    def _one(self, fold: AnyFold, record: object) -> bool:
        try:
            return fold.apply((record,))
        except Exception as error:
            if not self.failed:
                LOG.error("%r is set aside: %r", record, error, exc_info=error)
            self.failed += 1
            return False


def _single(records: Sequence[object]) -> Iterator[object]:
    for record in records:
        if isinstance(record, BarBatch | FlightBatch):
            yield from record
        else:
            yield record
