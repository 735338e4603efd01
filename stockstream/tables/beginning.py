"""Beginning of a window: the bars of a table, and the offsets of the topic from which it goes on."""

from __future__ import annotations

from stockstream.errors import SeriesError, TableError
from stockstream.tables.delta import application
from stockstream.tables.location import Location
from stockstream.tables.schema import BARS, PARTITION
from stockstream.tables.snapshot import Snapshot
from stockstream.tables.stored_bars import Wanted, stored_series
from stockstream.views.beginning import Beginning
from stockstream.views.fold import Selection


class StoredBeginning:
    """`stockstream.views.beginning.Begin` of a table.

    Bars and offsets are of one version of the table, in which rows and offsets are committed together: a record is
    either among the bars or behind the offsets.

    Parameters
    ----------
    location
        Folder of the tables.
    selection
        The wanted bars.
    """

    def __init__(self, location: Location, selection: Selection) -> None:
        self._location = location
        self._selection = selection

    def __call__(self, topic_id: str, /) -> Beginning:
        """As `Begin`. Raises TableError if there is no table, or it cannot be read."""
        snapshot = Snapshot.of(self._location, BARS.name)
        if snapshot is None:
            raise TableError(
                f"there is no table {self._location.uri(BARS.name)}", hint="`stockstream store stocks` makes it"
            )
        batches = []
        for symbol in self._selection.keys or (None,):
            try:
                wanted = Wanted(symbol, self._selection.interval, self._selection.feed)
                batches += [bars.batch() for bars in stored_series(snapshot, wanted)]
            except SeriesError:
                continue  # the window says what is missing, as without a table
        numbers = range(1 + max(snapshot.largest(PARTITION), default=-1))
        found = {n: snapshot.table.transaction_version(application(BARS.topic.name, topic_id, n)) for n in numbers}
        return Beginning(batches, {number: end for number, end in found.items() if end is not None})
