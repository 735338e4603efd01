"""Decoding of a file into lines of text: UTF-8 with or without a byte order mark, UTF-16, Windows-1252."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO, TextIOWrapper
from typing import BinaryIO, Final, NamedTuple

from stockstream.producers.csv_files import (
    BLOCK,
    LONGEST_LINE,
    LONGEST_ROW,
    MOST_BLANK,
    CsvFile,
    Sanity,
    blank,
    endless,
)

_MARKS: Final = ("\ufeff", "ï»¿")
"""Byte order marks at the start of a text; the second was saved after reading UTF-8 as Windows-1252."""

_LINES: Final = 1 << 16
"""Bytes of a `Block`: one irregular line makes all of its block slower to read."""

_UTF16: Final = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Line(NamedTuple):
    """A line of the file: its number from 1, its bytes, its text, and whether it has a line ending."""

    number: int
    raw: bytes
    text: str
    whole: bool


@dataclass(frozen=True)
class Block:
    """Consecutive lines of a file.

    Attributes
    ----------
    number
        Number of the first line.
    text
        Their text, each with its line feed; None if it cannot be had as a whole, and there are only lines.
    lines
        The lines, without blank ones; may be read once.
    """

    number: int
    text: str | None
    lines: Iterable[Line]


@dataclass(frozen=True)
class Encoding:
    """Encoding of a file: the name of the ``codec``, and whether lines end in LF (or CRLF) or only in CR."""

    codec: str
    carriage_returns: bool = False

    @classmethod
    def of(cls, file: CsvFile) -> Encoding:
        """Recognise the encoding from the first megabyte of a file."""
        with file.open() as stream:
            block = stream.read(BLOCK)
        codec = _codec(block)
        ends = (b"\r", b"\n") if not codec.startswith("utf-16") else ("\r".encode(codec), "\n".encode(codec))
        return cls(codec, ends[0] in block and ends[1] not in block)

    @property
    def name(self) -> str:
        """Name of the encoding in messages."""
        return {"utf-8": "UTF-8", "cp1252": "Windows-1252 (Latin-1)"}.get(self.codec, "UTF-16")

    @contextmanager
    def lines(self, file: CsvFile) -> Iterator[Iterator[Line]]:
        """Open the lines of the file, without blank ones."""
        with file.open() as stream:
            if not self._converts:
                yield _filled(file.name, self._split(stream, 1))
                return
            text = TextIOWrapper(stream, self.codec, "replace", newline=None)
            try:
                yield _filled(file.name, self._converted(text))
            finally:
                text.detach()  # the stream is closed by its owner

    def blocks(self, file: CsvFile, after: int, size: int = _LINES) -> Iterator[Block]:
        """All lines of the file after so many, in blocks of about so many bytes, in order.

        Raises `SourceError` for a file that is not a table.
        """
        if self._converts:
            with self.lines(file) as lines:
                yield Block(after + 1, None, (line for line in lines if line.number > after))
            return
        sanity, number = Sanity(file.name), after + 1
        with file.open() as stream:
            for _ in range(after):
                sanity.check(stream.readline(LONGEST_LINE))
            while raw := stream.read(size):
                raw += stream.readline(LONGEST_LINE + 1)
                sanity.check(raw)
                yield Block(number, self._text(raw, number), _filled(file.name, self._split(BytesIO(raw), number)))
                number += raw.count(b"\n")

    def _text(self, raw: bytes, number: int) -> str | None:
        """The text of whole lines, without carriage returns; None if these, or the letters, are not regular."""
        if len(raw) > _LINES + LONGEST_ROW:
            return None
        try:
            text = raw.decode(self.codec).replace("\r\n", "\n")
        except UnicodeDecodeError:
            return None
        return None if "\r" in text or not text.endswith("\n") else _unmarked(text) if number == 1 else text

    @property
    def _converts(self) -> bool:
        return self.carriage_returns or self.codec.startswith("utf-16")

    def _split(self, stream: BinaryIO, first: int) -> Iterator[Line]:
        codec = self.codec
        for number, line in enumerate(iter(partial(stream.readline, LONGEST_LINE), b""), start=first):
            raw = line.rstrip(b"\r\n")
            try:
                text = raw.decode(codec)
            except UnicodeDecodeError:
                text = raw.decode("cp1252", "replace")
            yield Line(number, raw, _unmarked(text) if number == 1 else text, line.endswith(b"\n"))

    def _converted(self, text: TextIOWrapper) -> Iterator[Line]:
        for number, line in enumerate(iter(partial(text.readline, LONGEST_LINE), ""), start=1):
            bare = _unmarked(line.rstrip("\n")) if number == 1 else line.rstrip("\n")
            yield Line(number, bare.encode(self.codec, "replace"), bare, line.endswith("\n"))


def _filled(name: str, lines: Iterator[Line]) -> Iterator[Line]:
    """The lines without blank ones. Raises `SourceError` where a line, or the blank lines, do not end: not a table."""
    empty = 0
    for line in lines:
        if not line.whole and len(line.raw) >= LONGEST_LINE:
            raise endless(name, line.number)
        if line.text and not line.text.isspace():
            empty = 0
            yield line
        else:
            empty += 1
            if empty > MOST_BLANK:
                raise blank(name, line.number)


def _unmarked(text: str) -> str:
    while text.startswith(_MARKS):
        text = text.removeprefix(_MARKS[0]).removeprefix(_MARKS[1])
    return text


def _codec(block: bytes) -> str:
    for mark, codec in _UTF16:
        if block.startswith(mark):
            return codec
    if block[1:64:2].count(0) > 16:
        return "utf-16-le"
    if block[:64:2].count(0) > 16:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(block)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
