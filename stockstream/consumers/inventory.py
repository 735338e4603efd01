"""Inventory of a topic: the names to suggest when a user asks for one that is not there."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from stockstream.connection import Connection
from stockstream.kafka.batch import Origin
from stockstream.kafka.subscriber import Subscriber
from stockstream.names import cut, listed, nearest
from stockstream.periods import add_up
from stockstream.records import MARKET, Bar, Flight, Series
from stockstream.topics import AnyTopic
from stockstream.views.fold import Selection

_BEAT: Final = 0.02
_SHOWN: Final = 3
"""Maximum number of missing names for which alternatives are listed."""

Names: TypeAlias = Mapping[str, set[Series]]
"""Symbols with their series; airlines, without series."""


@dataclass(frozen=True)
class Absence:
    """A requested name that is missing: ``what`` it is, and what is there ``instead``, as text.

    It is ``certain`` once the whole topic was read.
    """

    what: str
    instead: str
    certain: bool

    def __str__(self) -> str:
        return f"{self.what} ({self.instead})" if self.instead else self.what


class Inventory:
    """Reads the names in a topic on a separate thread, and continues with new records.

    Attributes
    ----------
    names
        Names found so far.
    complete
        Whether all records are read that the topic held at the start.
    """

    def __init__(self, topic: AnyTopic, connection: Connection) -> None:
        self.names: dict[str, set[Series]] = {}
        self.complete = False
        self._source: Subscriber[Any] = Subscriber(
            topic,
            topic.record,
            connection,
            group="stockstream-inventory",
            gather=_distinct,
        )
        self._origin: Origin | None = None
        self._positions: dict[int, int] = {}

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.__exit__(kind, error, trace)

    def look(self) -> bool:
        """Process new records; returns whether a name or a series is new. Raises the error that ended the reading."""
        if self._source.origin is not None and self._source.origin != self._origin:
            self._origin = self._source.origin
            self.names, self._positions, self.complete = {}, {}, False
            self._source.begin({})
        batch = self._source.arrived()
        self._positions |= batch.positions
        before = self._size()
        for name in batch.records:
            if isinstance(name, Series):
                self.names.setdefault(name.symbol, set()).add(name)
            else:
                self.names.setdefault(name, set())
        self.complete = self.complete or self._source.connection_status().reached(self._positions)
        return self._size() != before

    def _size(self) -> tuple[int, int]:
        return len(self.names), sum(map(len, self.names.values()))


def _distinct(records: Iterable[Bar | Flight]) -> list[Series | str]:
    """The series of bars, the airlines of flights, each once."""
    return list(
        {Series(each.symbol, each.interval, each.feed) if isinstance(each, Bar) else each.airline for each in records}
    )


def names_in(topic: AnyTopic, connection: Connection, *, patience: float) -> Names:
    """Names in a topic that are found within ``patience`` seconds."""
    ends = time.monotonic() + patience
    with Inventory(topic, connection) as inventory:
        while not inventory.complete and time.monotonic() < ends:
            inventory.look()
            time.sleep(_BEAT)
        return inventory.names


def wanted(key_name: str, missing: Sequence[str], selection: Selection) -> str:
    """Description of a missing name: ``symbol AAPL at 1d``.

    >>> wanted("symbol", ["AAPL", "MSFT"], Selection(interval="1d", feed="simulated"))
    'symbol AAPL, MSFT at 1d, simulated'
    >>> wanted("symbol", ["AAPL"], Selection(resample="5m"))
    'symbol AAPL for bars of 5m'
    """
    names = f"{key_name} {listed(missing)}" if missing else f"any {key_name}"
    interval = f" at {selection.interval}" if selection.interval else ""
    made = f" for bars of {selection.resample}" if selection.resample else ""
    feed = f", {selection.feed}" if selection.feed else ""
    return f"{names}{interval}{made}{feed}"


def instead(key_name: str, missing: Sequence[str], selection: Selection, names: Names) -> str:
    """Text with alternatives to a missing name: its other series, otherwise the nearest name, otherwise all names.

    >>> held = {"AAPL": {Series("AAPL", "1m"), Series("AAPL", "1m", "simulated")}, "MSFT": {Series("MSFT", "1d")}}
    >>> instead("symbol", ["AAPL"], Selection(interval="1d"), held)
    'AAPL is there at 1m and at 1m, simulated'
    >>> instead("symbol", ["aapl"], Selection(), held)
    'did you mean AAPL?'
    >>> instead("symbol", ["?"], Selection(), held)
    'there are AAPL, MSFT'
    >>> instead("symbol", ["AAPL"], Selection(), {})
    'there is no symbol yet'
    """
    if not names:
        return f"there is no {key_name} yet"
    if not missing:
        series = sorted(set().union(*names.values()))
        return f"there are {listed(list(map(str, series)))}"
    hints = [_instead(name, selection, names) for name in missing[:_SHOWN]]
    if not all(hints):
        hints.append(f"there are {listed(sorted(names))}" if len(names) > 1 else f"there is {listed([*names])}")
    return "; ".join(dict.fromkeys(filter(None, hints)))


def _instead(name: str, selection: Selection, names: Names) -> str:
    if name not in names:
        near = nearest(name, names)
        return f"did you mean {cut(near)}?" if near else ""
    there = sorted(names[name])
    series = " and ".join(f"at {each.interval}" + _feed(each) for each in there)
    made = selection.resample
    none = ", of which none can be made" if made and not any(_adds_up(each.interval, made) for each in there) else ""
    return f"{cut(name)} is there {series}{none}"


def _adds_up(finer: str, interval: str) -> bool:
    try:
        return add_up(finer, interval)
    except ValueError:  # an unknown interval of another program
        return False


def _feed(series: Series) -> str:
    return "" if series.feed == MARKET else f", {series.feed}"
