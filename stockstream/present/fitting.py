"""Text fitted into its room: cut, or broken into lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypeAlias

Points: TypeAlias = Callable[[str], float]
"""Width of a text in points."""

_CUT: Final = " …"
_LINE: Final = 1.4
"""Distance of lines, in sizes of the font."""

_WHOLE: Final = 2
"""Number of sizes at which no word is broken; rather than smaller ones, words are broken."""

_LEAST: Final = 12
"""Minimum number of characters of a paragraph that is cut: less says nothing."""


def cut(text: str, room: float, points: Points) -> str:
    """A text cut to a width in points, with an ellipsis if it was cut.

    >>> cut("AAPL 1m - Aroon", 9, len), cut("AAPL", 4, len), cut("AAPL", 1, len)
    ('AAPL 1m …', 'AAPL', '')
    """
    short = text
    while short and points(text) > room:
        short = short[:-1].rstrip()
        text = f"{short}{_CUT}" if short else ""
    return text


def paragraph(
    text: str, room: tuple[float, float], sizes: Sequence[float], points: Callable[[str, float], float]
) -> tuple[str, float]:
    """A text in lines, and the first of the sizes of a font at which it fits a width and a height in points.

    At the last size it is cut, with an ellipsis. It is empty if there is no room to say anything.

    >>> paragraph("waiting for a broker", (8, 42), (10, 5), lambda text, size: len(text) * size / 10)
    ('waiting\\nfor a\\nbroker', 10)
    >>> paragraph("waiting for a broker", (8, 15), (10, 5), lambda text, size: len(text) * size / 10)
    ('waiting for a\\nbroker', 5)
    >>> paragraph("waiting for kafka.example", (8, 72), (10, 9), lambda text, size: len(text) * size / 10)
    ('waiting\\nfor\\nkafka.\\nexample', 10)
    >>> paragraph("waiting for a broker", (8, 7), (10, 5), lambda text, size: len(text) * size / 10)
    ('waiting for a …', 5)
    """
    width, height = room
    words = text.split()
    for size, broken in [*((size, False) for size in sizes[:_WHOLE]), *((size, True) for size in sizes)]:
        measure = partial(_measured, points, size)
        lines = list(_lines(words, width, measure))
        if len(lines) * _LINE * size <= height and (broken or " ".join(lines) == " ".join(words)):
            return "\n".join(lines), size
    most = int(height / (_LINE * size))
    lines = [*lines[: most - 1], cut(" ".join(lines[most - 1 :]), width, measure)] if most else []
    short = "\n".join(lines)
    return (short if len(short) >= min(_LEAST, len(text)) else ""), size


def _measured(points: Callable[[str, float], float], size: float, text: str) -> float:
    return points(text, size)


def _lines(words: Sequence[str], width: float, points: Points) -> Iterator[str]:
    """Words in lines; a word that is wider than a line is broken, if possible after a sign."""
    line = ""
    for word in words:
        if line and points(f"{line} {word}") <= width:
            line = f"{line} {word}"
            continue
        if line:
            yield line
        line = word
        while len(line) > 1 and points(line) > width:
            most = next((end for end in range(len(line) - 1, 1, -1) if points(line[:end]) <= width), 1)
            end = next((end for end in range(most, most // 2, -1) if not line[end - 1].isalnum()), most)
            yield line[:end]
            line = line[end:]
    if line:
        yield line
