"""CSV dialect of a file: how its lines are split into cells, and the separators in its numbers."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

SEPARATORS: Final = (",", ";", "\t", "|")

NOTHING: Final = frozenset({"", "null", "nan", "none", "n/a", "na", "#n/a", "-", "--", "\\n"})
"""Contents of cells without a number, in lower case."""

_CURRENCIES: Final = "$€£¥"
_SUFFIXES: Final = {"k": "e3", "m": "e6", "b": "e9", "t": "e12"}
_SPACES: Final = "\u00a0\u202f\u2009"
"""Non-breaking spaces that may separate thousands."""

_SWAPPED: Final = str.maketrans(".,", "?.")
_MARKS: Final = {".": ",", ",": "."}
_GROUPS: Final = {
    decimal: re.compile(
        rf"[+-]?(\d{{1,3}}(?P<mark>[{re.escape(other)} '’])"
        rf"(\d{{3}}((?P=mark)\d{{3}})*|(\d{{2}}(?P=mark))+\d{{3}})|\d+)?({re.escape(decimal)}\d*)?"
    )
    for decimal, other in _MARKS.items()
}
"""Numbers in groups of three digits, or as in India: the last three, before them two each."""


@dataclass(frozen=True)
class Dialect:
    """Separator and quotes of the cells of a line."""

    separator: str = ","

    def cells(self, text: str) -> list[str]:
        """The cells of a line. Raises csv.Error."""
        if '"' not in text:
            return text.split(self.separator)
        return next(csv.reader([text], delimiter=self.separator, strict=True), [])


class Undecidable(Exception):
    """A text that can be read in several ways: an example, and all readings."""

    def __init__(self, text: str, readings: Sequence[str]) -> None:
        super().__init__(text, readings)
        self.text = text
        self.readings = readings

    def __str__(self) -> str:
        return f"{self.text!r} may be {', '.join(self.readings[:-1])} or {self.readings[-1]}"


@dataclass(frozen=True)
class Numbers:
    """Format of a file's numbers: the decimal mark. The other mark, spaces and apostrophes may separate thousands.

    >>> Numbers(",").read("1.200,5"), Numbers(".").read("$1,200.50"), Numbers(".").read("1.2M"), Numbers(".").read("-")
    (1200.5, 1200.5, 1200000.0, None)
    """

    decimal: str = "."

    @classmethod
    def of(cls, cells: Iterable[tuple[str, bool]], separator: str, *, patience: int) -> Numbers:
        """Recognise the decimal mark by the cells.

        Parameters
        ----------
        cells
            Texts of prices and volumes, in the order of the file, each with whether it is a volume.
        separator
            The separator of cells.
        patience
            Number of cells that are read at least. If the mark is then still unknown, all are read.

        Raises
        ------
        Undecidable
            If all marks are followed by three digits, so that 1,234 may be either.
        """
        evidence = _Evidence(separator)
        for number, (cell, volume) in enumerate(cells):
            evidence.take(cell, volume=volume)
            if number >= patience and evidence.decided:
                break
        return cls(evidence.decimal())

    def read(self, text: str) -> float | None:
        """The number in a cell; None if the cell is empty. Raises ValueError with the reason."""
        plain = text if self.decimal == "." else text.translate(_SWAPPED)
        try:
            return _finite(text, float(plain))
        except ValueError:
            pass
        if text.lower() in NOTHING:
            return None
        return _finite(text, self._formatted(text))

    def _formatted(self, text: str) -> float:
        """A number with separated thousands, a currency or a suffix."""
        bare, suffix = _bare(text)
        found = _GROUPS[self.decimal].fullmatch(bare)
        if found is None or not any(sign.isdigit() for sign in bare):
            try:  # 1e6 and inf, which float() reads
                return float(bare.replace(_MARKS[self.decimal], "?").replace(self.decimal, "."))
            except ValueError:
                raise ValueError(f"{text!r} is not a number") from None
        if found["mark"]:
            bare = bare.replace(found["mark"], "")
        return float(bare.replace(self.decimal, ".") + suffix)


def _finite(text: str, number: float) -> float | None:
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return None
    raise ValueError(f"{text!r} is not finite")


def _bare(text: str) -> tuple[str, str]:
    """The number without currency and suffix, and the suffix as an exponent."""
    bare = text.strip()
    sign = bare[:1] if bare[:1] in "+-" else ""
    bare = bare.removeprefix(sign).strip(_CURRENCIES + " " + _SPACES)
    for space in _SPACES:
        bare = bare.replace(space, " ")
    suffix = _SUFFIXES.get(bare[-1:].lower(), "")
    return sign + (bare[:-1].rstrip() if suffix else bare), suffix


class _Evidence:
    """Evidence for the decimal mark in the cells so far."""

    def __init__(self, separator: str) -> None:
        self._separator = separator
        self._votes: Counter[str] = Counter()
        self._open: dict[bool, str] = {}
        self._ungrouped: set[bool] = set()

    @property
    def decided(self) -> bool:
        """Whether the mark is known."""
        try:
            self.decimal()
        except Undecidable:
            return False
        return True

    def take(self, cell: str, *, volume: bool) -> None:
        """Add a cell."""
        bare, suffix = _bare(cell)
        bare = re.sub("[ '’]", "", bare.lstrip("+-"))
        if not bare or not bare[-1].isdigit() or bare.strip("0123456789.,"):
            return
        commas, points = bare.count(","), bare.count(".")
        if not commas and not points:
            if len(bare) > 3:
                self._ungrouped.add(volume)
        elif commas and points:
            self._votes["," if bare.rindex(",") > bare.rindex(".") else "."] += 1
        elif commas > 1 or points > 1:
            self._votes["." if commas else ","] += 1
        else:
            mark = "," if commas else "."
            head, tail = bare.split(mark)
            if len(tail) == 3 and 1 <= len(head) <= 3 and not head.startswith("0") and not suffix:
                self._open.setdefault(volume, bare)
            else:
                self._votes[mark] += 1

    def decimal(self) -> str:
        """The decimal mark. Raises Undecidable."""
        if self._votes:
            return self._votes.most_common(1)[0][0]
        if not self._open:
            return "."
        volume = False not in self._open
        example = self._open[volume]
        mark = "," if "," in example else "."
        if mark == "." and self._separator == ",":
            return "."  # files with commas between cells have decimal points
        if volume in self._ungrouped or (not volume and True not in self._open and True in self._ungrouped):
            return mark  # thousands are not separated here
        if mark == "," and True in self._open and "," in self._open[True]:
            return "."  # a volume is an integer, so its comma separates thousands
        head, tail = example.split(mark)
        raise Undecidable(example, (f"{head}{tail}", f"{head}.{tail}"))
