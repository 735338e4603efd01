"""Mangled files: each row is a record or is refused, and reading ends soon for any content."""

from __future__ import annotations

import gzip
import io
import signal
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final

import psutil

from fuzz.mangling import FILE, mangled
from fuzz.originals import flight_files, stock_files
from stockstream.consumers.registry import VIEWS
from stockstream.errors import BadRow, SourceError
from stockstream.producers import flights, stock_csv
from stockstream.producers.csv_files import CsvFile, find
from stockstream.records import Bar, Flight, FlightDay
from stockstream.topics import FLIGHTS, STOCKS
from stockstream.views.fold import Selection
from stockstream.views.frame import table

LONGEST: Final = 20
"""Seconds after which a file counts as hanging."""

_MOST_MANGLES: Final = 6
_LOOK_EVERY: Final = 500
_ROOM: Final = 100_000_000
"""Bytes by which the memory may grow after the first tenth of the files."""


class Hung(Exception):
    """A file was read for too long."""


@dataclass
class FileCounts:
    """Results of the files and their rows; ``faults`` are lines about errors."""

    files: int = 0
    unusable: int = 0
    good: int = 0
    refused: int = 0
    shown: int = 0
    slowest: float = 0.0
    memory: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        grown = (max(self.memory) - self.memory[0]) / 1e6 if self.memory else 0.0
        return (
            f"{self.files:,} files: {self.unusable:,} are none of ours, the others hold {self.good:,} records and"
            f" {self.refused:,} refused rows; slowest {self.slowest:.2f} s, memory grew by {grown:.0f} MB"
        )


def run(count: int, seed: int, folder: Path, keep: Path) -> FileCounts:
    """Mangle a number of files and read them.

    Parameters
    ----------
    count
        Number of files.
    seed
        Of all of them.
    folder
        For the file that is being read.
    keep
        Folder for the files that cause an error.
    """
    counts = FileCounts()
    originals = [*stock_files(), *flight_files()]
    with alarm():
        for number in range(count):
            random = Random(f"{seed}/{number}")
            name, data = random.choice(originals)
            path = folder / _packed_name(name, number, random)
            path.write_bytes(_packed(mangled(data, FILE, random, _MOST_MANGLES), path.name, random))
            read(path, counts)
            if counts.faults and counts.faults[-1].startswith(path.name):
                keep.mkdir(parents=True, exist_ok=True)
                path.replace(keep / path.name)
            path.unlink(missing_ok=True)
            if not number % _LOOK_EVERY and number >= count // 10:
                counts.memory.append(psutil.Process().memory_info().rss)
    if counts.memory and max(counts.memory) - counts.memory[0] > _ROOM:
        counts.faults.append(f"the memory grew from {counts.memory[0]:,} to {max(counts.memory):,} bytes")
    return counts


def read(path: Path, counts: FileCounts) -> None:
    """Read a file as a producer and a window do, and add to the counts."""
    began = time.monotonic()
    counts.files += 1
    signal.alarm(LONGEST)
    try:
        for csv in find([path])[0]:
            items = _flights(csv, counts) if "flights" in path.name else _bars(csv, counts)
            counts.good += sum(not isinstance(item, BadRow) for item in items)
            counts.refused += sum(isinstance(item, BadRow) for item in items)
    except SourceError:
        counts.unusable += 1
    except (Exception, Hung) as error:  # noqa: BLE001 - this is what is looked for
        counts.faults.append(f"{path.name}: {type(error).__name__}: {error}"[:300])
    finally:
        signal.alarm(0)
        counts.slowest = max(counts.slowest, time.monotonic() - began)


def _flights(csv: CsvFile, counts: FileCounts) -> list[Flight | BadRow]:
    file = flights.examine(csv)
    with csv.open() as stream:
        lines = stream.read().split(b"\n")[file.layout.header :]
    rows = sum(bool(line) and not line.isspace() for line in lines)
    items = [item for item in flights.Replay([file]) if item is not None]
    if len(items) != rows:
        counts.faults.append(f"{csv.path.name}: {len(items)} of {rows} rows came out")
    if len(list(filter(None, flights.Replay([file]).by_departure()))) != rows:
        counts.faults.append(f"{csv.path.name}: not all of {rows} rows came out sorted")
    good = [item for item in items if isinstance(item, Flight)]
    decoder = FLIGHTS.decoder()
    for flight in good:
        assert decoder(FLIGHTS.encode(flight)) == flight, flight
    view = VIEWS["flights"]
    fold = view.fold(Selection(), {})
    fold.apply([FlightDay(each.file, each.row, each.year, each.month, each.day, each.airline) for each in good])
    counts.shown += sum(int(fold.frame(key)["flights"].sum()) for key in fold.keys())
    return items


def _bars(csv: CsvFile, counts: FileCounts) -> list[Bar | BadRow]:
    file = stock_csv.examine(csv, stock_csv.Overrides())
    found = list(file.bars())
    came = {number for number, _ in found} | set(file.repeats.superseded)
    for line in file.schema.lines(csv):
        if line.number not in came and not _is_blank(csv, line.number):
            counts.faults.append(f"{csv.path.name}: nothing came of line {line.number}")
    items = [item for _, item in found]
    bars = [item for item in items if isinstance(item, Bar)]
    decoder = STOCKS.decoder()
    for bar in bars:
        assert decoder(STOCKS.encode(bar)) == bar, bar
    if bars:
        view = VIEWS["bollinger"]
        fold = view.fold(Selection((bars[0].symbol,), bars[0].interval, bars[0].feed), {})
        fold.apply(view.gather(bars) if view.gather else bars)
        counts.shown += sum(1 for _ in table(("symbol", key, fold.frame(key)) for key in fold.keys()))
    return items


def _is_blank(csv: CsvFile, number: int) -> bool:
    with csv.open() as stream:
        lines = stream.read().splitlines()
    return number > len(lines) or not lines[number - 1].strip(b' ,;\t|"\x00\xef\xbb\xbf')


def _packed_name(name: str, number: int, random: Random) -> str:
    stem, _, _ = name.rpartition(".")
    return f"{number}-{stem}{random.choice(('.csv', '.csv', '.csv', '.csv.gz', '.zip'))}"


def _packed(data: bytes, name: str, random: Random) -> bytes:
    """As the name says, and at times cut short or with a bit flipped."""
    if name.endswith(".gz"):
        data = gzip.compress(data, 1)
    elif name.endswith(".zip"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(name.removesuffix(".zip") + ".csv", data)
        data = packed.getvalue()
    else:
        return data
    return mangled(data, FILE[:1], random, 3) if random.random() < 0.3 else data


@contextmanager
def alarm() -> Iterator[None]:
    """Let `read` end a file that takes longer than `LONGEST`."""

    def ring(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
        raise Hung(f"not within {LONGEST} s")

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
