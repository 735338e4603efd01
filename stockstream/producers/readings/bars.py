"""Bars of a stream of readings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import msgspec

from stockstream.errors import BadRow
from stockstream.producers.aggregator import Aggregator, Origin
from stockstream.producers.checks import Checks, without_comparisons
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.producers.readings.reading import Reading
from stockstream.records import Bar, Series

AHEAD: Final = timedelta(days=1)
"""Maximum lead of a live reading over our clock: a reading of next year would make all later ones late."""

_LOOK_EVERY: Final = 1_000

HeldBars: TypeAlias = Mapping[Series, dict[datetime, Bar]]
"""Bars of a topic by series and time."""


class ReadingBars:
    """Aggregates the readings of a source to bars.

    Iterating yields a `Bar`, a `BadRow` for a reading that is late or cannot be read, and the source's Nones.

    Parameters
    ----------
    source
        Readings; a None at least once a second if there are none.
    aggregator
        Aggregates readings to bars.
    origin
        Fields of the bars besides their numbers; the unit of a reading overrides its unit.
    forming
        Whether to yield also the bars of present periods, as they change.
    live
        Whether a reading that is further ahead than `AHEAD` is refused.
    checks
        Checks of the bars; None for their defaults.
    clock
        The clock.

    Attributes
    ----------
    already : int
        Number of bars that were skipped because the topic holds them unchanged.
    """

    def __init__(
        self,
        source: Iterable[Reading | BadRow | None],
        aggregator: Aggregator,
        origin: Origin,
        *,
        forming: bool = False,
        live: bool = True,
        checks: Checks | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.already = 0
        self._source = source
        self._aggregator = aggregator
        self._origin = origin
        self._forming = forming
        self._live = live
        self._checks = checks or Checks()
        self._clock = clock
        self._known: set[str] = set()
        self._complete: Callable[[], bool] = lambda: True
        self._held: Callable[[Collection[Series]], HeldBars] | None = None
        self._lateness: timedelta | None = None
        self._there: HeldBars = {}
        self._given: set[Series] = set()

    def hold_until(
        self,
        complete: Callable[[], bool],
        held: Callable[[Collection[Series]], HeldBars],
        lateness: timedelta | None,
    ) -> None:
        """Yield nothing until the initial data are read, and then only bars that the topic does not hold.

        Parameters
        ----------
        complete
            Whether the initial data are read.
        held
            Returns the bars of some series in the topic.
        lateness
            Maximum lateness of readings from then on.
        """
        self._complete = complete
        self._held = held
        self._lateness = lateness

    @property
    def readings(self) -> int:
        """Number of readings taken so far."""
        return self._aggregator.taken

    @property
    def repeated(self) -> int:
        """Number of repeated readings."""
        return self._aggregator.repeated

    @property
    def late(self) -> int:
        """Number of late readings."""
        return self._aggregator.late

    def __iter__(self) -> Iterator[Bar | BadRow | None]:
        if self._live:
            self._aggregator.missed(None, self._clock.now())
        count = 0
        for item in self._source:
            if item is None:
                yield from self._look()
                yield None
            elif isinstance(item, BadRow):
                yield item
            else:
                refused = self._take(item)
                if refused is not None:
                    yield refused
                count += 1
                if not count % _LOOK_EVERY:
                    yield from self._look()
                    yield None
        yield from self.rest()

    def rest(self) -> Iterator[Bar]:
        """The remaining bars when no more readings will arrive; none if the initial data are not yet read."""
        if self._complete():
            yield from self._news(self._aggregator.end(self._clock.now()))

    def _look(self) -> Iterator[Bar]:
        if self._complete():
            yield from self._news(self._aggregator.bars(self._clock.now(), forming=self._forming))

    def _news(self, bars: Iterator[Bar]) -> Iterator[Bar]:
        """The bars that the topic does not hold unchanged."""
        for bar in map(self._checks.flagged, bars):
            if self._held is not None:
                self._there = self._held(self._aggregator.series)
                self._held = None
                self._aggregator.lateness = self._lateness
            series = self._there.get(bar.series)
            held = series.pop(bar.time, None) if series else None
            news = _unless_held(bar, held, first=bar.series not in self._given)
            self._given.add(bar.series)
            if news is None:
                self.already += 1
            else:
                yield news

    def _take(self, reading: Reading) -> BadRow | None:
        symbol, time, value, unit, place = reading
        if symbol not in self._known:
            self._known.add(symbol)
            if unit is not None:
                self._aggregator.describe(symbol, replace(self._origin, unit=unit))
        if self._live and time - self._clock.now() > AHEAD:
            return place.bad(f"{time:%Y-%m-%d %H:%MZ} is more than a day ahead of this machine's clock")
        if self._aggregator.add(symbol, time, value):
            return None
        if not place.raw:  # the raw form of a Parquet row is made only when it is needed
            raw = msgspec.json.encode({"symbol": symbol, "time": time, "value": value})
            place = place._replace(raw=raw)
        return place.bad(f"late: {symbol} has readings that are much newer than {time:%Y-%m-%d %H:%M:%SZ}")


def _unless_held(bar: Bar, held: Bar | None, *, first: bool) -> Bar | None:
    """The bar with the next revision; None if the topic holds it unchanged.

    Flags that depend on the bars before it make no difference: those may be of files that were deleted.

    The first bar of a series is not sent either if the topic's one has more readings: the file with the rest of them
    was deleted.
    """
    if held is None:
        return bar
    if without_comparisons(msgspec.structs.replace(bar, revision=held.revision)) == without_comparisons(held):
        return None
    if first and bar.volume is not None and held.volume is not None and bar.volume < held.volume:
        return None
    return msgspec.structs.replace(bar, revision=held.revision + 1)
