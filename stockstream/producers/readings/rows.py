"""Rows: the lines of a pipe or a file as documents: JSON, CSV or bare numbers."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from stockstream.errors import BadRow, SourceError
from stockstream.names import listed
from stockstream.producers.csv_files import too_long
from stockstream.producers.readings.fields import Document, Extractor, Fields
from stockstream.producers.readings.reading import Place, Reading, number

_SEPARATORS: Final = ",;\t|"
_BOM: Final = b"\xef\xbb\xbf"


class Rows:
    """Parses lines as readings. The first line decides the format.

    - ``{"symbol": ...}``: each line is a JSON document.
    - a number: each line is a value at the present time.
    - anything else: it is the header of CSV, with its most frequent separator.

    Parameters
    ----------
    name
        Name of the origin in messages.
    fields
        Paths of the readings in a document, or in a row.
    now
        Returns the present time.
    symbol
        The series, if neither a row nor ``fields`` name it.
    timed
        Whether each row must contain its time.
    """

    def __init__(
        self,
        name: str,
        fields: Fields,
        now: Callable[[], datetime],
        *,
        symbol: str | None = None,
        timed: bool = False,
    ) -> None:
        self.name = name
        self._symbol = symbol
        self._fields = fields
        self._extractor = Extractor(fields, timed=timed)
        self._now = now
        self._line = 0
        self._decode: Callable[[str], Document] | None = None

    def readings(self, lines: Iterable[bytes]) -> Iterator[Reading | BadRow]:
        """The readings of the next lines, a `BadRow` for each invalid line. Raises SourceError for a wrong header."""
        for raw in lines:
            self._line += 1
            raw = raw.rstrip(b"\r\n")
            if self._line == 1:
                raw = raw.removeprefix(_BOM)
            if not raw.strip():
                continue
            place = Place(self.name, self._line, raw)
            if (reason := too_long(raw)) is not None:
                yield place.bad(reason)
                continue
            try:
                text = raw.decode()
                if self._decode is None and self._is_header(text):
                    continue
                assert self._decode is not None
                found = self._extractor.readings(self._decode(text), self._now(), place, self._symbol)
            except UnicodeDecodeError:
                yield place.bad("not in UTF-8")
            except (ValueError, csv.Error) as error:
                yield place.bad(str(error))
            else:
                yield from found

    def _is_header(self, first: str) -> bool:
        """Choose the decoder by the first line; returns whether that line is a header."""
        if first.lstrip().startswith(("{", "[")):
            self._decode = _json
            return False
        try:
            number(first)
        except ValueError:
            self._decode = self._columns(first)
            return True
        self._decode = str.strip
        return False

    def _columns(self, header: str) -> Callable[[str], Document]:
        separator = max(_SEPARATORS, key=header.count)
        names = [name.strip() for name in next(csv.reader([header], delimiter=separator))]
        if len(names) < 2:
            raise SourceError(
                f"{self.name}: the first line is neither a header with several columns nor JSON nor a number:"
                f" {header[:60]!r}"
            )
        values = [value.path for value in self._fields.values]
        if not set(values) & set(names):
            raise SourceError(
                f"{self.name} has no column {' nor '.join(values)}: it has {listed(names)}",
                hint="say which one it is with --value, or in the section readings of config.yaml",
            )

        def decode(line: str) -> Document:
            cells = next(csv.reader([line], delimiter=separator))
            if len(cells) != len(names):
                raise ValueError(f"{len(cells)} cells, and the header has {len(names)}")
            return {name: cell for name, cell in zip(names, cells, strict=True) if cell != ""}

        return decode


def _json(line: str) -> Document:
    try:
        document: Document = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(f"no JSON: {error}") from None
    return document
