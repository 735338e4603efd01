"""The file that benchmarks read: it has the requested number of rows, all readable."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from benchmarks.flights_file import AIRLINES, write
from stockstream.producers.csv_files import find
from stockstream.producers.flights import Replay, examine
from stockstream.records import Flight


def test_every_row_reads_and_the_year_is_covered(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 30_001)
    (csv,), _ = find([path])
    found = [item for item in Replay([examine(csv)]) if item is not None]
    assert len(found) == 30_001
    assert all(isinstance(item, Flight) for item in found)
    days = Counter((item.month, item.day) for item in found if isinstance(item, Flight))
    assert len(days) == 365
    assert set(days.values()) <= {82, 83}
    assert {item.airline for item in found if isinstance(item, Flight)} == set(AIRLINES)
