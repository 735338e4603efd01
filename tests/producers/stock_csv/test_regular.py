"""Regular blocks are read as their lines are, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from stockstream.errors import BadRow, SourceError
from stockstream.producers.stock_csv import StockFile
from stockstream.producers.stock_csv.regular import bars_of, read
from stockstream.producers.stock_csv.scan import Scan
from stockstream.producers.stock_csv.text import Block
from stockstream.producers.stock_csv.times import Calendar
from stockstream.records import Bar
from tests.producers.stock_csv.helpers import NEW_YORK, Write, examined

HEADER = "Datetime,Open,High,Low,Close,Volume,Adj Close,Symbol"
FIRST = [f"2026-03-06 15:{minute}:00+00:00,1,2,1,2,100,1.5,AAPL" for minute in range(30, 36)]
"""Rows from which the format is recognised."""


def mostly(usual: st.SearchStrategy[str], odd: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.integers(0, 40).flatmap(lambda chance: usual if chance else odd)


MINUTES = st.builds(
    "2026-03-{:02} {:02}:{:02}:00{}".format,
    st.integers(7, 9),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(("", "Z", "+00:00", "-05:00", "-04:00")),
)
ODD_TEXTS = (
    "", "never", "20260308 10:00", " 2026-03-08", "1899-01-01 00:00", "2026-03-08x10:00", "2026-03-08T10:00:07.5",
    "2026-W10-1",
)  # fmt: skip
ODD_TIMES = st.sampled_from(ODD_TEXTS)
NUMBERS = mostly(
    st.sampled_from(("1", "2.5", "100", "0", "-3", "1e3")),
    st.sampled_from(("", "nan", "inf", "1e101", "1,5", '"2"', "$4", " 7 ", "x", "-", "1_0", "٣")),
)
SYMBOLS = mostly(st.sampled_from(("AAPL", "BRK-B")), st.sampled_from(("", " A ", "Ä")))
ROWS = st.tuples(mostly(MINUTES, ODD_TIMES), *[NUMBERS] * 6, SYMBOLS).map(",".join)
LINES = mostly(ROWS, st.sampled_from(("", ",,,", ",,,,,,,", "2026-03-08", "a" * 70_000, "\r", "1,2,3,4,5,6,7,8,9")))


def blocks(file: StockFile, *, one_by_one: bool) -> Iterator[Block]:
    """A file in small blocks, of which some are regular; or all of which must be read line by line."""
    for block in file.schema.encoding.blocks(file.csv, file.schema.header.end, size=200):
        yield replace(block, text=None) if one_by_one else block


def comparable(items: Iterable[tuple[int, Bar | BadRow]]) -> list[tuple[object, ...]]:
    """Bars and rows that cannot be read, with their lines; errors are not equal to others."""
    return [(number, (str(item), item.raw) if isinstance(item, BadRow) else item) for number, item in items]


def scanned(file: StockFile, *, one_by_one: bool) -> tuple[object, ...]:
    scan = Scan.of(blocks(file, one_by_one=one_by_one), file.schema.rows)
    return (
        scan.lines,
        scan.symbols,
        scan.unreadable,
        np.stack([scan.line, scan.wall, scan.offset, scan.symbol]).tolist(),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(LINES, min_size=5, max_size=40),
    end=st.sampled_from(("\n", "\r\n")),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "cp1252", "utf-16")),
    last=st.booleans(),
    tz=st.sampled_from((None, NEW_YORK)),
)
def test_any_file_is_read_as_line_by_line(
    tmp_path: Path, lines: list[str], end: str, encoding: str, last: bool, tz: ZoneInfo | None
) -> None:
    path = tmp_path / "a_1m.csv"
    text = end.join([HEADER, *FIRST, *lines]) + (end if last else "")
    path.write_bytes(text.encode(encoding, "replace"))
    try:
        (file,) = examined(path, zone=tz)
    except SourceError:
        reject()
    wanted = comparable((line.number, item) for line in file.schema.lines(file.csv) for item in file.reader.bars(line))
    for one_by_one in (True, False):
        found = chain.from_iterable(read(block, file.reader) for block in blocks(file, one_by_one=one_by_one))
        assert comparable(found) == wanted
    assert scanned(file, one_by_one=False) == scanned(file, one_by_one=True)


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_times_are_the_same_read_together(text: str) -> None:
    one, both = (outcome(partial(Calendar().read_all, texts)) for texts in ([text], [text, "08/03/2026"]))
    assert one == outcome(lambda: [Calendar().read(text)])
    assert both is None


def outcome(reading: Callable[[], list[datetime]]) -> list[datetime] | None:
    try:
        return reading()
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("Datetime,Open,High,Low,Close,Volume", "2026-01-02 15:3{}:00-05:00,1,2,1,2,100", {}),
        ("Date,Open,High,Low,Close,Adj Close,Volume", "2026-01-0{},1,2,1,2,1.5,100", {}),
        ("Symbol;Date;Time;Open;High;Low;Close", "KO;02.01.2026;15:3{};1;2;1;2", {"zone": NEW_YORK}),
        ("timestamp,open,high,low,close,volume", "17673456{}0,1,2,1,2,0", {"interval": "1m"}),
        ("Date,Open,High,Low,Close,Volume", "2026-01-0{},9,2,1,2,-100", {}),  # contradictory
    ],
)
def test_usual_layouts_need_no_line(write: Write, header: str, row: str, said: dict[str, object]) -> None:
    (file,) = examined(write("a.csv", header, *(row.format(number) for number in range(1, 7))), **said)
    (block,) = file.schema.blocks(file.csv)
    unread = replace(block, lines=())
    assert bars_of(unread, file.reader) == [bar for line in block.lines for bar in file.reader.bars(line)]
    assert len(Scan.of([unread], file.schema.rows).wall) == 6
