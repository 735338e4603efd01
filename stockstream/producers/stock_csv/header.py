"""Header of a file: its last line, the separator, and the columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stockstream.errors import SourceError
from stockstream.producers.stock_csv.columns import LAYOUTS, Columns, NoColumns
from stockstream.producers.stock_csv.dialect import SEPARATORS, Dialect
from stockstream.producers.stock_csv.text import Line
from stockstream.producers.stock_csv.times import is_clock, readings

_DEPTH: Final = 20
"""Number of lines that are searched for the header: some vendors put a title or a link before it."""

_SHOWN: Final = 200
_HINT: Final = f"known are headers such as {'; '.join(LAYOUTS)}; --columns close=NAME,time=NAME names others"
_EXCEL: Final = re.compile(r"sep=(.)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?[$€£]?\d[\d.,]*[kmb]?", re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """The ``dialect`` and ``columns`` of a file; ``end`` is the number of the header's last line, 0 if it has none."""

    dialect: Dialect
    columns: Columns
    end: int

    @classmethod
    def of(
        cls, file: str, head: Sequence[Line], *, separator: str | None = None, chosen: Mapping[str, str] | None = None
    ) -> Header:
        """Find the header in the first lines of a file.

        Parameters
        ----------
        file
            Name of the file, for messages.
        head
            Its first lines.
        separator
            Separator of cells, if the user gives it.
        chosen
            Columns by field, as for `Columns.of`. If all are numbers, the first line may be a row.

        Raises
        ------
        SourceError
            If no line names the required columns; the message names those that the first line lacks.
        """
        try:
            return next(cls._candidates(head[:_DEPTH], separator, chosen or {}))
        except StopIteration:
            pass
        except ValueError as error:
            raise SourceError(f"{file} {error}") from None
        raise _nothing(file, head, separator)

    @classmethod
    def _candidates(cls, head: Sequence[Line], separator: str | None, chosen: Mapping[str, str]) -> Iterator[Header]:
        if head and (excel := _EXCEL.fullmatch(head[0].text.strip())):
            separator, head = separator or excel[1], head[1:]
        for index, line in enumerate(head):
            for dialect in _dialects(line, separator):
                rows = [_cells(dialect, other) for other in head[index : index + 3]]
                if not chosen and (stacked := Columns.stacked(rows)):
                    yield cls(dialect, stacked, head[index + (2 if _names_index(rows) else 1)].number)
                headerless = bool(chosen) and all(map(_numbered, chosen.values())) and _is_row(rows[0])
                names = [str(index) for index in range(1, len(rows[0]) + 1)] if headerless else rows[0]
                try:
                    yield cls(dialect, Columns.of(names, chosen), line.number - headerless)
                except NoColumns:
                    continue
                except ValueError:
                    if index == len(head) - 1 or _is_row(_cells(dialect, head[index + 1])):
                        raise  # the line before the rows is the header, with any names


def _dialects(line: Line, separator: str | None) -> list[Dialect]:
    """Possible dialects of a line, the one with most cells first."""
    if separator is not None:
        return [Dialect(separator)]
    dialects = sorted(map(Dialect, SEPARATORS), key=lambda dialect: -line.text.count(dialect.separator))
    return [dialect for dialect in dialects if dialect.separator in line.text] or [Dialect()]


def _cells(dialect: Dialect, line: Line) -> list[str]:
    try:
        return dialect.cells(line.text)
    except csv.Error:
        return []


def _names_index(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the third of stacked lines belongs to the header: pandas names the index there."""
    third = rows[2] if len(rows) > 2 else ()
    return bool(third) and not any(cell.strip() for cell in third[1:]) and not readings(third[0].strip())


def _numbered(column: str) -> bool:
    return all(part.strip().isdigit() for part in column.split("+"))


def _is_row(cells: Sequence[str]) -> bool:
    """Whether a line is a row: numbers and a time."""
    cells = [cell.strip() for cell in cells]
    numbers = sum(bool(_NUMBER.fullmatch(cell)) for cell in cells)
    return numbers >= 4 and (numbers >= 5 or any(readings(cell) or is_clock(cell) for cell in cells))


def _nothing(file: str, head: Sequence[Line], separator: str | None) -> SourceError:
    """The error that no header was found, with the reason."""
    first = head[1] if len(head) > 1 and _EXCEL.fullmatch(head[0].text.strip()) else head[0]
    if "\0" in first.text:
        return SourceError(f"{file} is not a CSV file", hint=_HINT)
    line = first.text if len(first.text) <= _SHOWN else f"{first.text[:_SHOWN]}..."
    cells = _cells(_dialects(first, separator)[0], first)
    if _is_row(cells):
        hint = f"put one before it, such as {LAYOUTS[0]}, or number the columns: --columns time=1,open=2,..."
        return SourceError(f"{file} has no header: its first line is a row ({line})", hint=hint)
    try:
        Columns.of(cells)
    except NoColumns as error:
        return SourceError(f"{file}: no column {', '.join(error.missing)} in its header ({line})", hint=_HINT)
    except ValueError as error:
        return SourceError(f"{file} {error}")
    return SourceError(f"{file} is not a CSV file", hint=_HINT)
