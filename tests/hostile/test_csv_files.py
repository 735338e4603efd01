"""Malicious CSV files: bounded in time and memory, measured in a separate process."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no resource module")

MB = 1 << 20
MOST_MEMORY = 400
"""MB, of which the libraries take some 150."""

READ = """
import re, resource, sys, time
from pathlib import Path
from stockstream.errors import StockstreamError
from stockstream.producers.csv_files import find
kind, path = sys.argv[1:]
begun = time.process_time()
good = bad = 0
try:
    (csv, *_), _ = find([Path(path)])
    if kind == "stocks":
        from stockstream.producers.stock_csv.files import StockFiles, examine
        from stockstream.producers.stock_csv.schema import Overrides
        rows = StockFiles([examine(csv, Overrides(symbol="AAPL", interval="1d"))])
    else:
        from stockstream.producers.flights import Replay, examine
        rows = Replay([examine(csv)])
    from stockstream.errors import BadRow
    for row in rows:
        good += row is not None and not isinstance(row, BadRow)
        bad += isinstance(row, BadRow)
    outcome = f"{good} good, {bad} bad"
except StockstreamError as error:
    outcome = str(error)
if sys.platform == "linux":  # the other figure is at least that of the process that forked us
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
print(outcome, round(peak), time.process_time() - begun, sep="\\t")
"""

BARS = b"Date,Open,High,Low,Close,Volume\n2026-01-02,1,3,1,2,10\n2026-01-05,1,3,1,2,10\n"
FLIGHTS = (Path(__file__).parents[2] / "data" / "flights" / "sample.csv").read_bytes()[:3_000].rpartition(b"\n")[
    0
] + b"\n"


class Outcome(NamedTuple):
    """What was said of a file, the most memory in MB, and the seconds of CPU."""

    reported: str
    peak: int
    seconds: float


def read(kind: str, path: Path) -> Outcome:
    ended = subprocess.run(
        [sys.executable, "-c", READ, kind, str(path)], capture_output=True, text=True, timeout=200, check=True
    )
    result, peak, seconds = ended.stdout.rstrip("\n").split("\t")
    return Outcome(result, int(peak), float(seconds))


def refused(kind: str, path: Path, words: str) -> None:
    outcome = read(kind, path)
    assert words in outcome.reported
    assert str(path) in outcome.reported
    assert len(outcome.reported) < 500
    assert outcome.peak < MOST_MEMORY, outcome
    assert outcome.seconds < 20, outcome


def members(path: Path, first: bytes, block: bytes, count: int) -> Path:
    """A gzip of members: gigabytes of a few kilobytes."""
    path.write_bytes(gzip.compress(first) + gzip.compress(block) * count)
    return path


START = {"stocks": BARS, "flights": FLIGHTS}


@pytest.mark.parametrize("kind", START)
def test_two_gigabytes_of_blank_lines(kind: str, tmp_path: Path) -> None:
    refused(
        kind, members(tmp_path / "blank.csv.gz", START[kind], b"\n" * MB, 2_048), "blank lines in a row are no table"
    )


@pytest.mark.parametrize("kind", START)
@pytest.mark.parametrize(
    "piece", [b"1,", b"2026-01-02,1,3,1,2,10\r", b'"', b"\x00"], ids=["cells", "CR", "quotes", "NUL"]
)
def test_a_line_of_300_megabytes(kind: str, piece: bytes, tmp_path: Path) -> None:
    block = piece * (MB // len(piece))
    refused(kind, members(tmp_path / "line.csv.gz", START[kind], block, 300), "16 MB without a line end")


def test_lines_that_end_in_cr_alone_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "aapl.csv"
    path.write_bytes(BARS.replace(b"\n", b"\r"))
    assert read("stocks", path).reported == "2 good, 0 bad"
    path.write_bytes(BARS.replace(b"\n", b"\r") * 1_000)
    assert read("stocks", path).peak < MOST_MEMORY


@pytest.mark.parametrize("kind", START)
def test_a_zip_bomb(kind: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("bomb.csv", START[kind] + b"\n" * (32 * MB))
    refused(kind, tmp_path / "bomb.zip", "blank lines in a row are no table")


@pytest.mark.parametrize("kind", START)
def test_a_gzip_that_lies(kind: str, tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(START[kind]))
    packed[-6] ^= 0xFF  # the checksum
    path = tmp_path / "lies.csv.gz"
    path.write_bytes(packed)
    refused(kind, path, "is damaged")
    path.write_bytes(gzip.compress(START[kind])[:-4] + b"\xff\xff\xff\x7f")  # the length
    refused(kind, path, "is damaged")


@pytest.mark.parametrize("kind", START)
def test_nul_bytes_between_rows_are_bad_rows(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "nul.csv"
    path.write_bytes(START[kind] + b"\x00" * 1_000 + b"\n")
    outcome = read(kind, path)
    assert outcome.reported.endswith(" good, 1 bad")
    assert outcome.peak < MOST_MEMORY
