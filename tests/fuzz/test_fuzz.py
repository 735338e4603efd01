"""`make fuzz` mangles the same bytes in each run, and reports errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fuzz import files
from fuzz.mangling import FILE, MESSAGE, mangled
from fuzz.originals import flight_files, messages, stock_files
from stockstream.errors import BadRow
from stockstream.producers import flights
from stockstream.records import Bar, Flight
from stockstream.topics import FLIGHTS, STOCKS


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"a":1}', b"a,b\n1,2\n", b":" * 50, b"{}", b"[]"])
def test_every_way_takes_any_bytes(data: bytes) -> None:
    for way in (*MESSAGE, *FILE):
        for seed in range(20):
            assert isinstance(way(data, Random(seed)), bytes)


def test_a_seed_mangles_the_same_and_most_of_it() -> None:
    data = b'{"symbol":"FUZZ","high":2.0}'
    made = [mangled(data, MESSAGE, Random(seed), 3) for seed in range(300)]
    assert made == [mangled(data, MESSAGE, Random(seed), 3) for seed in range(300)]
    assert 20 < made.count(data) < 100


def test_originals_are_what_every_reader_takes(tmp_path: Path) -> None:
    stocks, others = messages(Random(1))
    assert isinstance(STOCKS.decoder().many(stocks)[0], Bar)
    assert isinstance(FLIGHTS.decoder().many(others)[0], Flight)
    for name, data in [*stock_files(), *flight_files()]:
        counts = read(tmp_path / name, data)
        assert (counts.unusable, counts.refused, counts.faults) == (0, 0, []), name
        assert counts.good == counts.shown or counts.good > 20, name


def test_some_files_are_read_to_their_end(tmp_path: Path) -> None:
    counts = files.run(60, 7, tmp_path, tmp_path / "kept")
    assert counts.faults == []
    assert counts.files == 60
    assert counts.good > 300
    assert counts.refused > 10
    assert not (tmp_path / "kept").exists()


class Forgetful(flights.Replay):
    """A replay that passes what it cannot read."""

    def __iter__(self) -> Iterator[Flight | BadRow | None]:
        return (item for item in super().__iter__() if not isinstance(item, BadRow))


class Raising(flights.Replay):
    def __iter__(self) -> Iterator[Any]:
        raise ZeroDivisionError("of a test's making")


@pytest.mark.parametrize(("replay", "result"), [(Forgetful, "rows came out"), (Raising, "ZeroDivisionError")])
def test_rows_that_vanish_and_errors_are_reported_and_the_file_is_kept(
    replay: type[flights.Replay], result: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "Replay", replay)
    counts = files.run(60, 7, tmp_path, tmp_path / "kept")
    assert counts.faults
    assert result in counts.faults[0]
    assert (tmp_path / "kept" / counts.faults[0].partition(":")[0]).exists()


def test_a_file_that_hangs_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(flights.Replay):
        def __iter__(self) -> Iterator[None]:
            while True:
                yield None

    monkeypatch.setattr(flights, "Replay", Endless)
    monkeypatch.setattr(files, "LONGEST", 1)
    with files.alarm():
        counts = read(tmp_path / "flights.csv", dict(flight_files())["flights.csv"])
    assert counts.faults == ["flights.csv: Hung: not within 1 s"]


def read(path: Path, data: bytes) -> files.FileCounts:
    path.write_bytes(data)
    counts = files.FileCounts()
    files.read(path, counts)
    return counts
