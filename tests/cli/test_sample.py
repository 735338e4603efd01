"""``sample flights`` writes the sample that the project ships."""

from __future__ import annotations

from pathlib import Path

from stockstream.producers.sample import sample_flights
from tests.cli.helpers import stockstream


def test_it_writes_the_sample_where_it_belongs(tmp_path: Path) -> None:
    result = stockstream("sample", "flights", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, "data/flights/sample.csv: 12,773 flights, 1.3 MB, seed 2015\n")
    assert (tmp_path / "data" / "flights" / "sample.csv").read_bytes() == sample_flights()


def test_another_seed_to_another_place(tmp_path: Path) -> None:
    result = stockstream("sample", "flights", "--out", "other.csv", "--seed", "7", cwd=tmp_path)
    assert result.returncode == 0
    assert (tmp_path / "other.csv").read_bytes() == sample_flights(7)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = stockstream("sample", "flights", "--out", "file/a.csv", cwd=tmp_path)
    assert result.returncode == 1
    assert "file/a.csv cannot be written" in result.stderr


def test_a_file_that_holds_something_else_is_kept_unless_it_is_said(tmp_path: Path) -> None:
    out = tmp_path / "mine.csv"
    out.write_text("mine")
    result = stockstream("sample", "flights", "--out", "mine.csv", cwd=tmp_path)
    assert result.returncode == 2
    assert "--out: mine.csv exists and differs" in result.stderr
    assert out.read_text() == "mine"
    for _ in range(2):  # the same once more is no harm
        assert stockstream("sample", "flights", "--out", "mine.csv", "--force", cwd=tmp_path).returncode == 0
    assert stockstream("sample", "flights", "--out", "mine.csv", cwd=tmp_path).returncode == 0
    assert out.read_bytes() == sample_flights()
