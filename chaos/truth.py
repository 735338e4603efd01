"""The rows of a file, compared with the counts of a window."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import NamedTuple, TypeAlias

Cell: TypeAlias = tuple[str, str]
"""A day as YYYY-MM-DD, and an airline."""


class Difference(NamedTuple):
    """Records that a window lacks, and records that it counted twice."""

    lost: int
    twice: int


class Truth:
    """The rows of a file of flights in Kaggle's layout, read without our readers."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            next(file)
            self._cells = [_cell(line) for line in file if line.strip()]

    def __len__(self) -> int:
        return len(self._cells)

    def counts(self, rows: int) -> Counter[Cell]:
        """Flights per day and airline among a number of first rows."""
        return Counter(self._cells[:rows])


def _cell(line: bytes) -> Cell:
    year, month, day, _, airline = line.split(b",", 5)[:5]
    return f"{int(year)}-{int(month):02}-{int(day):02}", airline.decode()


def shown(path: Path) -> Counter[Cell]:
    """The counts that a window wrote with ``--values``; empty before its first write."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return Counter({(row["day"], row["airline"]): int(row["flights"]) for row in csv.DictReader(file)})
    except FileNotFoundError:
        return Counter()


def compare(truth: Counter[Cell], counted: Counter[Cell]) -> Difference:
    """Missing and surplus records, cell by cell.

    >>> compare(Counter({("2015-01-01", "AA"): 2}), Counter({("2015-01-01", "AA"): 1, ("2015-01-02", "AA"): 1}))
    Difference(lost=1, twice=1)
    """
    return Difference((truth - counted).total(), (counted - truth).total())
