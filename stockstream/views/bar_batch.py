"""Bar batch: bars that arrived together, as columns, made on the reading thread while they are in its cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from operator import floordiv, sub
from typing import Any, Final, TypeAlias

import numpy as np
from msgspec import msgpack, structs
from numpy.typing import NDArray

from stockstream.records import NUMBERS, Candle
from stockstream.views.numbering import numbered

_FIELDS: Final = Candle.__struct_fields__

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_SECONDS: Final = np.dtype([("tag", "u2"), ("seconds", ">u4")])
"""A time of whole seconds in the years 1970 to 2106, as MessagePack writes it; all other times take more bytes."""

_encoded = msgpack.Encoder().encode

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""The fields of bars by name, a value for each bar."""


class BarBatch:
    """Bars of one series in order of arrival; at least one.

    Attributes
    ----------
    instants
        Start time of each bar in UTC, shape (bars,).
    numbers
        Columns `NUMBERS`, shape (5, bars); NaN for an unknown open or volume.
    finals, flags
        For each bar; None if all are final, or if none has a flag.
    last
        The bar that arrived last.
    """

    __slots__ = ("finals", "flags", "instants", "last", "numbers")

    def __init__(self, bars: Sequence[Candle], columns: Columns | None = None) -> None:
        columns = columns or _columns(bars)
        size = len(columns["time"])
        self.instants = instants_of(columns["time"])
        self.numbers = np.empty((len(NUMBERS), size))
        for store, name in zip(self.numbers, NUMBERS, strict=True):
            try:
                store[:] = np.fromiter(columns[name], np.float64, size)
            except TypeError:  # an unknown open or volume becomes NaN; this takes twice the time
                store[:] = np.array(columns[name], dtype=np.float64)
        self.finals: tuple[bool, ...] | None = None if all(columns["final"]) else tuple(columns["final"])
        self.flags: tuple[tuple[str, ...], ...] | None = tuple(columns["flags"]) if any(columns["flags"]) else None
        self.last = bars[-1]

    @classmethod
    def of(
        cls,
        instants: NDArray[np.datetime64],
        numbers: NDArray[np.float64],
        flags: tuple[tuple[str, ...], ...] | None,
        last: Candle,
    ) -> BarBatch:
        """Bars that are columns already, all of them final but perhaps the last; its numbers are read from these.

        ``flags`` are those of each bar, None if there are none.
        """
        batch = cls.__new__(cls)
        batch.instants = instants
        batch.numbers = numbers
        batch.flags = flags if flags is not None and any(flags) else None
        batch.finals = None if last.final else (*[True] * (len(instants) - 1), False)
        batch.last = structs.replace(
            last, flags=() if batch.flags is None else batch.flags[-1], **_values(numbers[:, -1].tolist())
        )
        return batch

    def __len__(self) -> int:
        return len(self.instants)

    def __iter__(self) -> Iterator[Candle]:
        return map(self.bar, range(len(self)))

    @property
    def ascending(self) -> bool:
        """Whether each bar is newer than the one before it."""
        return bool((self.instants[1:] > self.instants[:-1]).all())

    def part(self, first: int, end: int) -> BarBatch:
        """The bars from an index up to another one, at least one."""
        return self if (first, end) == (0, len(self)) else self.pick(np.arange(first, end))

    def pick(self, rows: NDArray[np.intp], last: Candle | None = None) -> BarBatch:
        """Some of the bars, by their indexes in ascending order; at least one. ``last`` is the last of them."""
        places = rows.tolist()
        batch = BarBatch.__new__(BarBatch)
        batch.instants = self.instants[rows]
        batch.numbers = self.numbers[:, rows]
        batch.finals = None if self.finals is None else tuple(map(self.finals.__getitem__, places))
        batch.flags = None if self.flags is None else tuple(map(self.flags.__getitem__, places))
        batch.last = last or self.bar(places[-1])
        return batch

    def bar(self, index: int) -> Candle:
        """The bar at an index, with currency and zone, which no mark or indicator reads, of the last bar."""
        return structs.replace(
            self.last,
            time=moment(self.instants[index]),
            **_values(self.numbers[:, index].tolist()),
            final=self.finals is None or self.finals[index],
            flags=() if self.flags is None else self.flags[index],
        )


def _values(numbers: Sequence[float]) -> dict[str, float | None]:
    """A bar's numbers by name; None if unknown."""
    return {name: value if value == value else None for name, value in zip(NUMBERS, numbers, strict=True)}


def moment(instant: np.datetime64) -> datetime:
    """An instant in UTC as a datetime."""
    naive = instant.item()
    assert isinstance(naive, datetime)
    return naive.replace(tzinfo=UTC)


def microseconds(instants: NDArray[np.datetime64]) -> list[int]:
    """Instants as microseconds since 1970, by which doubts about bars are found."""
    found: list[int] = instants.astype(np.int64).tolist()
    return found


def instants_of(times: Sequence[datetime]) -> NDArray[np.datetime64]:
    """Times with a zone, as instants in UTC."""
    count = len(times)
    packed = _encoded(times)
    head = 1 if count < 1 << 4 else 3 if count < 1 << 16 else 5
    if len(packed) == head + count * _SECONDS.itemsize:
        # A tenth of the time of the general way.
        return np.frombuffer(packed, _SECONDS, count, head)["seconds"].astype("M8[s]").astype("M8[us]")
    since = map(sub, times, repeat(_EPOCH))
    return np.fromiter(map(floordiv, since, repeat(_MICROSECOND)), np.int64, count).astype("M8[us]")


def gather(bars: Sequence[Candle]) -> list[BarBatch]:
    """A batch for each series among the bars, in the order in which the series first occur."""
    if not bars:
        return []
    columns = _columns(bars)
    whole = BarBatch(bars, columns)
    several = any(len(set(columns[name])) > 1 for name in ("interval", "feed"))
    series = zip(columns["symbol"], columns["interval"], columns["feed"], strict=True) if several else columns["symbol"]
    numbers, found = numbered(series, len(bars))
    if len(found) == 1:
        return [whole]
    rows = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers))
    return [whole.pick(part, bars[part[-1]]) for part in np.split(rows, ends[:-1])]


def _columns(bars: Sequence[Candle]) -> Columns:
    # One list of all fields of all bars takes a third of the time of a pass for each field that is used.
    values, width = list(chain.from_iterable(map(structs.astuple, bars))), len(bars[0].__struct_fields__)
    if len(values) != width * len(bars):  # there are some `Bar` among them, which has more fields
        width = len(_FIELDS)
        values = [value for bar in bars for value in structs.astuple(bar)[:width]]
    return {name: values[place::width] for place, name in enumerate(_FIELDS)}
