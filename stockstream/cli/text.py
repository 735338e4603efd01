"""Readable numbers, durations and tables."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Collection, Sequence
from typing import Final

BYTES: Final = ", bytes"
"""Suffix of the state of a progress that counts bytes instead of records."""


def rate(value: float) -> str:
    """A rate per second.

    >>> rate(0.333), rate(15234.2)
    ('0.3', '15,234')
    """
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def span(seconds: float) -> str:
    """A length of time.

    >>> span(8), span(75), span(3725), span(200_000)
    ('8 s', '1 min 15 s', '1 h 2 min', '2 d 7 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3_600} h {whole % 3_600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3_600} h"


def size(count: float) -> str:
    """A number of bytes.

    >>> size(0), size(20_480), size(1_234_567)
    ('0 B', '20.5 kB', '1.2 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def printable(text: str) -> str:
    r"""A foreign text for a terminal, with control characters escaped.

    >>> print(printable("naïve\x1b[2J"))
    naïve\x1b[2J
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def sentence(text: str) -> str:
    """A text with very long words, such as foreign symbols or paths, shortened.

    >>> len(sentence("there is no symbol " + "A" * 100_000))
    219
    """
    return re.sub(r"\S{201,}", lambda word: f"{word[0][:160]}...{word[0][-37:]}", text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = ()) -> str:
    """A text table: aligned columns after a header; those in ``right`` are right-aligned. Without borders, for pipes.

    >>> print(table(["TOPIC", "RECORDS"], [["stocks", "7"], ["flights", "12"]], right=["RECORDS"]))
    TOPIC    RECORDS
    stocks         7
    flights       12
    """
    widths = [max(len(line[column]) for line in (header, *rows)) for column in range(len(header))]
    lines = []
    for line in (header, *rows):
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(header, line, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def fitting(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, *, right: Collection[str] = ()
) -> str:
    """As `table`; where it is wider than ``width``, each row is a block with a line for each column.

    >>> print(fitting(["TOPIC", "RECORDS"], [["stocks", "7"], ["flights", "12"]], 12, right=["RECORDS"]))
    TOPIC    stocks
    RECORDS  7
    <BLANKLINE>
    TOPIC    flights
    RECORDS  12
    """
    whole = table(header, rows, right=right)
    if width is None or max(map(len, whole.splitlines())) <= width:
        return whole
    names = max(map(len, header))
    return "\n\n".join(
        "\n".join(f"{name:<{names}}  {cell}" for name, cell in zip(header, row, strict=True)) for row in rows
    )


def screen() -> int | None:
    """Columns of the terminal; None where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
