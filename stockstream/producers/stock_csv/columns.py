"""Columns: which column holds which field, recognised by names in many spellings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "time": (
        "datetime", "timestamp", "dateandtime", "datetimeutc", "dateutc", "gmttime", "localtime", "opentime", "ts",
        "date", "tradedate", "tradingdate", "tradingday", "day", "datum", "time", "tradetime",
        "unix", "unixtime", "unixtimestamp", "epoch", "t",
    ),
    "open": ("open", "openprice", "openingprice", "opening", "o", "eröffnung", "eröffn", "eroeffnung", "erster"),
    "high": ("high", "highprice", "max", "h", "hoch", "tageshoch"),
    "low": ("low", "lowprice", "min", "l", "tief", "tagestief"),
    "close": (
        "close", "closelast", "closeprice", "closingprice", "last", "lastprice", "c", "schluss", "schlusskurs",
        "zuletzt", "price",
    ),
    "volume": (
        "volume", "vol", "v", "totalvolume", "sharestraded", "tradedvolume", "volumen", "stücke", "stuecke", "tickvol",
    ),
    "adj_close": ("adjclose", "adjustedclose", "closeadj", "closeadjusted", "adjclosingprice"),
    "close_usd": ("closeusd",),
    "symbol": ("symbol", "ticker", "sym", "code", "instrument", "name", "stock", "index"),
}  # fmt: skip
"""Names of each field, as `bare` makes them; the first name that the header has is used."""

PRICES: Final = ("open", "high", "low", "close")
NUMBERS: Final = (*PRICES, "volume", "adj_close", "close_usd")
LAYOUTS: Final = (
    "Date,Open,High,Low,Close,Adj Close,Volume",
    "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD",
    "Datetime,Open,High,Low,Close,Volume",
)
"""Examples of headers, for messages. Columns may be in any order; unknown columns are ignored."""

_REQUIRED: Final = {"time": "Date or Datetime"} | {name: name.capitalize() for name in PRICES}
_DAYS: Final = frozenset({"date", "tradedate", "tradingdate", "tradingday", "day", "datum", "dateutc"})
_CLOCKS: Final = ("time", "tradetime", "hour", "zeit", "uhrzeit")
_COUNTING: Final = 0.8
"""A column numbers the rows if at least this part of its numbers follow the previous one."""

_NUMBERED: Final = frozenset({"", "index"})


def bare(name: str) -> str:
    """The name of a column in lower case, without spaces and signs.

    >>> bare(" <TICKER> "), bare("Adj Close**"), bare("Close/Last"), bare("1. open"), bare("Vol.")
    ('ticker', 'adjclose', 'closelast', 'open', 'vol')
    """
    return re.sub(r"[\W_]", "", re.sub(r"^\s*\d+\.\s+", "", name.lower()))


class NoColumns(Exception):
    """A header without a required field: the missing fields, and the names that it has."""

    def __init__(self, missing: Sequence[str], names: Sequence[str]) -> None:
        super().__init__(missing, names)
        self.missing = missing
        self.names = names


@dataclass(frozen=True)
class Columns:
    """The names in the header, and which columns hold which fields.

    Parameters
    ----------
    names
        Names of all columns.
    indexes
        The column index of each field that all bars of a row share, time and symbol, from 0; ``clock`` is the time of
        the day in a column beside the date.
    groups
        The column indexes of a bar's numbers by symbol. One group under None, unless symbols are side by side.
    """

    names: Sequence[str]
    indexes: Mapping[str, int]
    groups: Mapping[str | None, Mapping[str, int]]

    @classmethod
    def of(cls, names: Sequence[str], chosen: Mapping[str, str] | None = None) -> Columns:
        """Recognise the fields by the names in a header.

        Parameters
        ----------
        names
            The header's cells.
        chosen
            Name, or number from 1, of the column of a field. For time, two columns joined by "+" are the date and the
            time of the day.

        Raises
        ------
        NoColumns
            If a required field is missing.
        ValueError
            For a column in ``chosen`` that the header does not have, or that is the only one of another required field;
            and for repeated names.
        """
        names = [name.strip() for name in names]
        indexes = _chosen(names, chosen or {})
        taken = set(indexes.values())
        for field in FIELDS:
            if field not in indexes:
                index = _found(names, field, taken)
                if index is not None:
                    indexes[field] = index
        if "time" not in indexes and names and bare(names[0]) in _NUMBERED:
            indexes["time"] = 0  # pandas names an index only if it has a name
        if indexes.get("symbol") == indexes.get("time"):
            indexes.pop("symbol", None)
        if "clock" not in indexes and "time" in indexes and bare(names[indexes["time"]]) in _DAYS:
            clock = next((index for index, name in enumerate(names) if bare(name) in _CLOCKS), None)
            if clock is not None and clock not in indexes.values():
                indexes["clock"] = clock
        missing = [_REQUIRED[field] for field in _REQUIRED if field not in indexes]
        if missing:
            _refuse_twice(names, chosen or {}, indexes)
            raise NoColumns(missing, names)
        shared: dict[str, int] = {field: indexes[field] for field in ("time", "clock", "symbol") if field in indexes}
        return cls(names, shared, {None: {field: indexes[field] for field in NUMBERS if field in indexes}})

    @classmethod
    def stacked(cls, header: Sequence[Sequence[str]]) -> Columns | None:
        """Recognise the fields in the header lines that pandas writes for columns of two levels, such as yfinance's.

        Parameters
        ----------
        header
            The first lines: Price and Ticker in either order, and Date. Returns None for other lines.
        """
        if len(header) < 2 or len(header[0]) < 5 or len(header[0]) != len(header[1]):
            return None
        for fields, symbols in ((header[0], header[1]), (header[1], header[0])):
            groups: dict[str | None, dict[str, int]] = {}
            for index in range(1, len(fields)):
                field = next((field for field in NUMBERS if bare(fields[index]) in FIELDS[field]), None)
                if field is not None:
                    groups.setdefault(symbols[index].strip(), {})[field] = index
            repeated = bare(symbols[0]) == "ticker" or bare(fields[0]) == "price" or not symbols[0].strip()
            if groups and repeated and all(set(PRICES) <= set(group) for group in groups.values()):
                names = [" ".join(pair).strip() for pair in zip(fields, symbols, strict=True)]
                return cls(["", *names[1:]], {"time": 0}, groups)
        return None

    def without_clock(self) -> Columns:
        """The same, without the column of times of the day."""
        return self._without("clock")

    def without_row_numbers(self, rows: Iterable[Sequence[str]]) -> Columns:
        """The same, without a column of symbols called Index that only numbers the rows."""
        index = self.indexes.get("symbol")
        if index is None or bare(self.names[index]) not in _NUMBERED:
            return self
        cells = [cells[index].strip() for cells in rows if len(cells) > index]
        if not cells or not all(cell.isdigit() for cell in cells):
            return self
        steps = [int(later) - int(one) for one, later in pairwise(cells)]
        # Numbers restart if tables were joined, and decrease if they were reversed.
        counting = steps.count(1) + steps.count(-1) >= len(steps) * _COUNTING
        return self._without("symbol") if counting else self

    @property
    def unused(self) -> list[str]:
        """Names of the unused columns."""
        used = {*self.indexes.values(), *(index for group in self.groups.values() for index in group.values())}
        return [name for index, name in enumerate(self.names) if index not in used]

    def _without(self, field: str) -> Columns:
        return replace(self, indexes={name: index for name, index in self.indexes.items() if name != field})


def _chosen(names: Sequence[str], chosen: Mapping[str, str]) -> dict[str, int]:
    indexes = {}
    for field, column in chosen.items():
        date, plus, clock = column.partition("+")
        if field == "time" and plus and column not in names:
            indexes["time"], indexes["clock"] = _index_of(names, date), _index_of(names, clock)
        else:
            indexes[field] = _index_of(names, column)
    return indexes


def _refuse_twice(names: Sequence[str], chosen: Mapping[str, str], indexes: Mapping[str, int]) -> None:
    """Raise ValueError if a field is missing because its column was chosen for another one."""
    for field in _REQUIRED:
        index = None if field in indexes else _found(names, field, set())
        for other in chosen:
            if index is not None and indexes.get(other) == index:
                raise ValueError(
                    f"has no other column for {field}: {names[index]} was chosen for {other};"
                    f" say which is {field}, --columns {field}=NAME"
                )


def _index_of(names: Sequence[str], column: str) -> int:
    for matches in (str.__eq__, lambda name, other: name.lower() == other.lower()):
        found = [index for index, name in enumerate(names) if matches(name, column.strip())]
        if found:
            return found[0]
    if column.strip().isdigit() and 1 <= int(column) <= len(names):
        return int(column) - 1
    raise ValueError(f"has no column {column.strip()!r} in its header ({','.join(names)[:200]})")


def _found(names: Sequence[str], field: str, taken: set[int]) -> int | None:
    for synonym in FIELDS[field]:
        found = [index for index, name in enumerate(names) if bare(name) == synonym and index not in taken]
        if len(found) > 1:
            raise ValueError(f"has several columns {names[found[0]]}: say which, --columns {field}={found[0] + 1}")
        if found:
            return found[0]
    return None
