"""Fields of readings: the parts of a JSON document or row that are the value, the time and the name of a series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import jmespath
from jmespath.exceptions import JMESPathError

from stockstream.names import cut, listed, nearest
from stockstream.producers.readings.reading import Place, Reading, instant, number

Document: TypeAlias = object
"""Decoded JSON: a mapping, a list, a number, a text, a truth value or None."""

_LONGEST_NAME: Final = 200


class Missing(ValueError):
    """A document lacks a part; the message names it and the existing parts."""


@dataclass(frozen=True)
class Value:
    """A value: its path, its unit, and the suffix of the series' name if there are several values."""

    path: str
    unit: str | None = None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Fields:
    """Paths of the parts of readings in documents.

    Parts are named by a key or a column, or by a JMESPath: ``current.temperature_2m``.

    Attributes
    ----------
    values
        The values; each is a separate series.
    time
        The time; without it, the time of arrival counts.
    symbol
        The name of the series, if the document contains it.
    named
        The name of all series, if the documents contain none.
    zone
        Zone of times without an offset; UTC by default.
    """

    values: tuple[Value, ...] = (Value("value"),)
    time: str = "time"
    symbol: str | None = "symbol"
    named: str | None = None
    zone: ZoneInfo | None = None


class Extractor:
    """Takes readings out of documents.

    Parameters
    ----------
    fields
        Paths of the parts. Raises ValueError for an invalid path.
    timed
        Whether a document must contain its time.
    """

    def __init__(self, fields: Fields, *, timed: bool = False) -> None:
        self._fields = fields
        self._timed = timed
        self._values = [(value, part_of(value.path)) for value in fields.values]
        self._time = part_of(fields.time)
        self._symbol = part_of(fields.symbol) if fields.symbol is not None else None

    def readings(self, document: Document, arrived: datetime, place: Place, symbol: str | None = None) -> list[Reading]:
        """The readings of a document: one for each value, or several where values and times are lists.

        A document that is no more than a number or a text is the value itself.

        Parameters
        ----------
        document
            The decoded JSON or a row by column.
        arrived
            Time of its arrival, in UTC.
        place
            Its place, for messages.
        symbol
            The series, if neither the document nor `Fields.named` names it.

        Raises
        ------
        Missing
            A value, the time or the name is missing.
        ValueError
            One of them is invalid.
        """
        name = self._name(document, symbol)
        written = self._time(document)
        if written is None and self._timed:
            raise Missing(f"no {self._fields.time}{_there(document, self._fields.time)}")
        several = len(self._values) > 1
        is_bare = isinstance(document, str | int | float) and not several
        found: list[Reading] = []
        for value, part in self._values:
            values = document if is_bare else part(document)
            if values is None:
                raise Missing(f"no {value.path}{_there(document, value.path)}")
            series = (f"{name}.{value.name}" if name else value.name) if several else name
            if not series:
                raise Missing(f"no {self._fields.symbol or 'symbol'}, and no --symbol names the series")
            for one, time in self._paired(values, written, arrived):
                found.append(Reading(series, time, number(one), value.unit, place))
        return found

    def _paired(self, values: object, written: object, arrived: datetime) -> Iterator[tuple[object, datetime]]:
        zone = self._fields.zone
        if not isinstance(values, list):
            yield values, arrived if written is None else instant(written, zone)
        elif not isinstance(written, list) or len(values) != len(written):
            raise ValueError(f"{len(values)} values, which need a list of as many times")
        else:
            for one, time in zip(values, written, strict=True):
                yield one, instant(time, zone)

    def _name(self, document: Document, symbol: str | None) -> str:
        given = self._symbol(document) if self._symbol is not None else None
        name = str(given if given not in (None, "") else self._fields.named or symbol or "").strip()
        if len(name) > _LONGEST_NAME:
            raise ValueError(f"{cut(name)!r} is too long for a name")
        return name


Part: TypeAlias = Callable[[Document], object]


def part_of(path: str) -> Part:
    """Function that extracts a part of a document; None if it is missing. Raises ValueError for an invalid path.

    A key with exactly this name comes first, so that columns may have any name.

    >>> part_of("a.b")({"a": {"b": 1}}), part_of("a.b")({"a.b": 2}), part_of("@")(3)
    (1, 2, 3)
    """
    try:
        # An invalid path may still be the name of a column: Temp (C).
        compiled = jmespath.compile(path)
    except JMESPathError:
        if not path or set(path) & set("[]{}|&`'\""):
            raise ValueError(f"{cut(path)!r} is no key and no JMESPath such as current.temperature_2m") from None
        compiled = None

    def part(document: Document) -> object:
        if isinstance(document, Mapping) and path in document:
            found: object = document[path]
            return found
        try:
            return compiled.search(document) if compiled is not None else None
        except JMESPathError as error:
            raise ValueError(f"{path} cannot be taken from it: {error}") from None

    return part


def _there(document: Document, path: str) -> str:
    """The existing parts, for a message about a missing one."""
    if isinstance(document, Mapping):
        names: Sequence[str] = [*map(str, document)]
        for name, inner in document.items():
            if isinstance(inner, Mapping):
                names = [*names, *(f"{name}.{key}" for key in inner)]
        near = nearest(path, names)
        meant = f" - did you mean {near}?" if near else ""
        return f" (there is {listed(list(names), 6)}){meant}" if names else " (it is empty)"
    return f" (it is {cut(repr(document))})"
