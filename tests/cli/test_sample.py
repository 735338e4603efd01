"""``sample flights``: what the project ships, made anew."""

from __future__ import annotations

from pathlib import Path

from stockstream.producers.sample import sample_flights
from tests.cli.hands import stockstream


def test_it_writes_the_sample_where_it_belongs(tmp_path: Path) -> None:
    told = stockstream("sample", "flights", cwd=tmp_path)
    assert (told.returncode, told.stdout) == (0, "data/flights/sample.csv: 12,773 flights, 1.3 MB, seed 2015\n")
    assert (tmp_path / "data" / "flights" / "sample.csv").read_bytes() == sample_flights()


def test_another_seed_to_another_place(tmp_path: Path) -> None:
    told = stockstream("sample", "flights", "--out", "other.csv", "--seed", "7", cwd=tmp_path)
    assert told.returncode == 0
    assert (tmp_path / "other.csv").read_bytes() == sample_flights(7)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = stockstream("sample", "flights", "--out", "file/a.csv", cwd=tmp_path)
    assert told.returncode == 1
    assert "file/a.csv cannot be written" in told.stderr
