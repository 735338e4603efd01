"""Files beside the tables, on disk and in a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockstream.errors import TableError
from stockstream.tables.location import Location
from stockstream.tables.objects import Objects


def test_files_are_written_listed_read_and_replaced(anywhere: Location) -> None:
    files = Objects(anywhere, "raw/stocks")
    assert files.names() == set()
    files.write("sent=2026-03-02/one.gz", b"some")
    files.write("sent=2026-03-02/one.gz", b"other")
    files.write("sent=2026-03-03/two.gz", b"x" * 3_000_000)
    again = Objects(anywhere, "raw/stocks")
    assert again.names() == {"sent=2026-03-02/one.gz", "sent=2026-03-03/two.gz"}
    assert again.read("sent=2026-03-02/one.gz") == b"other"
    assert len(again.read("sent=2026-03-03/two.gz")) == 3_000_000
    assert Objects(anywhere, "raw/flights").names() == set()
    with pytest.raises(TableError, match="cannot read from"):
        again.read("absent")
    again.remove("sent=2026-03-03/two.gz")
    assert files.names() == {"sent=2026-03-02/one.gz"}


def test_a_place_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TableError, match=r"cannot use .*: not a folder"):
        Objects(Location.of(str(tmp_path / "file")), "raw/stocks")


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    assert Objects(Location.of(str(tmp_path / "none")), "raw/stocks").names() == set()
    assert not list(tmp_path.iterdir())
