"""Fields: which part of a JSON document or of a row is the value, the time and the name of a series."""

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
"""What `json` makes of a text: a mapping, a list, a number, a text, a truth value or None."""

_LONGEST_NAME: Final = 200


class Missing(ValueError):
    """A document has no such part: which one, and what there is."""


@dataclass(frozen=True)
class Value:
    """A value: where it is, its unit, and what is added to the series' name where there are several."""

    path: str
    unit: str | None = None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Fields:
    """Where readings stand in documents.

    Parts are named by a key or a column, or by a JMESPath: ``current.temperature_2m``.

    Attributes
    ----------
    values
        The values; each is a series of its own.
    time
        The time; of documents without it, the time of arrival counts.
    symbol
        The name of the series, where the document says it.
    named
        The name of all of them, where it does not.
    zone
        That of times without an offset; UTC without one.
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
        Where they stand. Raises ValueError for a path that is none.
    timed
        Whether a document must say its time.
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
            When it came, in UTC.
        place
            For messages.
        symbol
            The series, where neither the document nor `Fields.named` says it.

        Raises
        ------
        Missing
            Where a value, the time or the name is not there.
        ValueError
            Where one of them is none.
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
    """What takes a part out of a document; None where it is not there. Raises ValueError for a path that is none.

    A key of that very name comes first, so that columns may be called anything.

    >>> part_of("a.b")({"a": {"b": 1}}), part_of("a.b")({"a.b": 2}), part_of("@")(3)
    (1, 2, 3)
    """
    try:
        # What is no path may still be the name of a column: Temp (C).
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
    """What there is in place of a part, for a message."""
    if isinstance(document, Mapping):
        names: Sequence[str] = [*map(str, document)]
        for name, inner in document.items():
            if isinstance(inner, Mapping):
                names = [*names, *(f"{name}.{key}" for key in inner)]
        near = nearest(path, names)
        meant = f" - did you mean {near}?" if near else ""
        return f" (there is {listed(list(names), 6)}){meant}" if names else " (it is empty)"
    return f" (it is {cut(repr(document))})"
