"""Mangling: random changes of the bytes of a record or a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

_ODD_VALUES: Final[Sequence[bytes]] = (
    b"null", b"true", b"false", b'""', b'" "', b"[]", b"{}", b"[[]]", b"0", b"-0", b"-1", b"1e999", b"-1e999", b"1e308",
    b"1.7976931348623157e308", b"5e-324", b"1e-999", b"NaN", b"Infinity", b"-Infinity", b"0x10", b"1_0", b"01", b"+1",
    b".5", b"1.", b"4294967295", b"4294967296", b"9223372036854775808", b"1" * 5_000, b"0." + b"3" * 5_000,
    b'"\\ud800"', b'"\\u0000"', b'"\xff"', b'"\xe2\x80\xae\x1b[31m"', b'"' + b"x" * 10_000 + b'"', b"[" * 2_000,
    b'{"a":' * 2_000, b'"0001-01-01T00:00:00Z"', b'"9999-12-31T23:59:59Z"', b'"2026-02-30T00:00:00Z"',
    b'"2026-03-02T14:30:00"', b'"2026-03-02T14:30:60Z"', b'"2026-03-02T14:30:00+23:59"', b'"2026-03-02T14:30:00-00:00"',
    b'"2262-04-11T23:47:17Z"', b'"1900-01-01T00:00:00Z"', b'"1899-12-31T23:59:59Z"', b'"1m"', b'"0m"', b'"99999999d"',
    b'"1y"', b'"America/New_York"', b'"../../etc/passwd"', b'"Mars/Olympus"', b'["impossible"]', b'["impossible:open"]',
    b'["off-grid",1]', b'"=cmd()"', b'"simulated"', b'"$x$"', b"2.5",
)  # fmt: skip
"""Replacements of a value."""

_ODD_CELLS: Final[Sequence[bytes]] = (
    b"", b" ", b"-", b"null", b"nan", b"N/A", b"inf", b"1e999", b"1e308", b"-1", b"0", b"1_0", b"0x10", b"1,5",
    b"1.234,5", b"1 234.5", b"$1.5", b"(1.5)", b"1.5%", b"1.5M", b'"', b'""', b'"a', b'a"b', b'"1,2"', b"\x00",
    b"\xff\xfe", b"\xef\xbb\xbf", b"99/99/9999", b"2026-02-30", b"02/30/2026", b"13/13/2026", b"0001-01-01",
    b"9999-12-31", b"2026-03-08 02:30:00", b"2026-11-01 01:30:00", b"1610064000000", b"1610064000", b"1e18",
    b"20260302", b"24:00", b"2460", b"=1+1", b"x" * 5_000, b"1" * 5_000, b"2015", b"2026-03-02T14:30:00Z",
    b"2026-03-02 14:30:00+11:00", b"\xe2\x88\x921.5", b"1.5\r2", b"\t",
)  # fmt: skip

_BREAKS: Final[Sequence[bytes]] = (b"\n", b"\r\n", b"\r", b"\n\n", b"\n \n", b"\x0b", b"\x0c", b"\x1c", b"\xe2\x80\xa8")

Mangle = Callable[[bytes, Random], bytes]


def flip(data: bytes, random: Random) -> bytes:
    """Flip a bit."""
    if not data:
        return data
    index = random.randrange(len(data))
    return data[:index] + bytes((data[index] ^ 1 << random.randrange(8),)) + data[index + 1 :]


def drop(data: bytes, random: Random) -> bytes:
    """Remove a piece."""
    first = random.randrange(len(data) + 1)
    return data[:first] + data[first + random.randint(1, 20) :]


def cut(data: bytes, random: Random) -> bytes:
    """Truncate the bytes."""
    return data[: random.randrange(len(data) + 1)]


def repeat(data: bytes, random: Random) -> bytes:
    """Repeat a piece."""
    first = random.randrange(len(data) + 1)
    end = first + random.randint(1, 60)
    return data[:end] + data[first:]


def insert(data: bytes, random: Random) -> bytes:
    """Insert random bytes."""
    index = random.randrange(len(data) + 1)
    return data[:index] + random.randbytes(random.randint(1, 8)) + data[index:]


def digit(data: bytes, random: Random) -> bytes:
    """Replace a digit by another one, which often leaves a valid record."""
    places = [index for index, byte in enumerate(data[:2_000]) if 48 <= byte <= 57]
    if not places:
        return data
    index = random.choice(places)
    return data[:index] + b"%d" % random.randrange(10) + data[index + 1 :]


def value(data: bytes, random: Random) -> bytes:
    """Replace a value of JSON by an unusual one."""
    starts = [index for index, byte in enumerate(data[:2_000]) if byte == 58]
    if not starts:
        return data
    first = random.choice(starts) + 1
    ends = [place for mark in (b",", b"}") if (place := data.find(mark, first)) >= 0]
    return data[:first] + random.choice(_ODD_VALUES) + data[min(ends, default=len(data)) :]


def field(data: bytes, random: Random) -> bytes:
    """Remove, rename or repeat a field of a record."""
    try:
        fields = list(json.loads(data).items())
    except (ValueError, AttributeError, RecursionError):
        return data
    if not fields:
        return data
    index = random.randrange(len(fields))
    name, held = fields[index]
    what = random.randrange(4)
    if what == 0:
        del fields[index]
    elif what == 1:
        fields[index] = (name.upper(), held)
    elif what == 2:
        fields.append((name, random.choice((held, None, "x", -1))))
    else:
        fields.append(("of_a_later_version", {"nested": [held]}))
    pairs = b",".join(json.dumps(key).encode() + b":" + json.dumps(each).encode() for key, each in fields)
    return b"{" + pairs + b"}"


def dress(data: bytes, random: Random) -> bytes:
    """Keep the record, and change the bytes around it or its encoding."""
    what = random.randrange(7)
    if what == 0:
        return b" \n\t" + data + b"\r\n "
    if what == 1:
        return b"\xef\xbb\xbf" + data
    if what == 2:
        return data.decode("utf-8", "replace").encode("utf-16")
    if what == 3:
        return data + data
    if what == 4:
        return b"[" + data + b"]"
    if what == 5:
        return data.replace(b":", b" : ").replace(b",", b" , ")
    return b""


def cell(data: bytes, random: Random) -> bytes:
    """Replace a cell of CSV by an unusual one."""
    marks = [index for index, byte in enumerate(data[:20_000]) if byte in b",;\t\n"]
    if not marks:
        return data
    number = random.randrange(len(marks))
    end = marks[number + 1] if number + 1 < len(marks) else len(data)
    return data[: marks[number] + 1] + random.choice(_ODD_CELLS) + data[end:]


def line(data: bytes, random: Random) -> bytes:
    """Remove, repeat or swap lines."""
    lines = data.split(b"\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    what = random.randrange(3)
    if what == 0:
        del lines[one]
    elif what == 1:
        lines.insert(other, lines[one])
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def breaks(data: bytes, random: Random) -> bytes:
    """Change the line ending of one line, or of all lines."""
    other = random.choice(_BREAKS)
    return data.replace(b"\n", other, random.choice((-1, 1, 3)))


def separators(data: bytes, random: Random) -> bytes:
    """Change the separator of some or all cells."""
    return data.replace(b",", random.choice((b";", b"\t", b"|", b", ", b",,")), random.choice((-1, 1, 5)))


def encoding(data: bytes, random: Random) -> bytes:
    """Write it in another encoding."""
    name = random.choice(("utf-16", "utf-16-le", "utf-8-sig", "utf-32", "utf-7"))
    return data.decode("latin-1").encode(name)


MESSAGE: Final[Sequence[Mangle]] = (
    flip,
    drop,
    cut,
    repeat,
    insert,
    digit,
    digit,
    digit,
    value,
    value,
    value,
    field,
    dress,
)
FILE: Final[Sequence[Mangle]] = (
    flip, drop, cut, repeat, insert, digit, digit, cell, cell, cell, cell, line, line, breaks, separators, encoding
)  # fmt: skip


def mangled(data: bytes, ways: Sequence[Mangle], random: Random, most: int) -> bytes:
    """The bytes after up to a number of changes; a tenth is left unchanged."""
    if random.random() < 0.1:
        return data
    for _ in range(random.randint(1, most)):
        data = random.choice(ways)(data, random)
    return data
