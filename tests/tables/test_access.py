"""A table that may not be read or written is one line, and nothing else on the screen."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tables.lake import store_bars
from tests.views.bars import walk

PROGRAM = """
import os, sys
from stockstream.errors import StockstreamError
from stockstream.tables.location import Location
from stockstream.tables.query import run
from stockstream.tables.schema import BARS
from stockstream.tables.sql import open_database
from stockstream.tables.store import Store, StoreOptions

deed, place = sys.argv[1], Location.of(sys.argv[2])
if not os.geteuid():  # so that all is imported that another user may not read
    with open_database(place) as database:
        run(database, "SELECT sum(close) FROM bars", [])
os.geteuid() or os.setuid(65534)
try:
    if deed == "write":
        Store(BARS, place, {"bootstrap.servers": "127.0.0.1:1"}, StoreOptions(once=True), None).run(lambda: False)
    with open_database(place) as database:
        run(database, "SELECT sum(close) FROM bars", [])
except StockstreamError as error:
    print(error)
"""


def told(deed: str, folder: Path) -> str:
    """What a user reads who is not root, for root may do everything."""
    command = [sys.executable, "-c", PROGRAM, deed, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "panicked" not in done.stderr
    return done.stdout.strip()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Tables that others may read; pytest's own folders are closed to them."""
    with tempfile.TemporaryDirectory() as name:
        found = Path(name)
        found.chmod(0o755)
        store_bars(found, walk(30))
        yield found
        found.chmod(0o755)
        (found / "bars").chmod(0o755)


def test_a_table_that_may_only_be_read_is_read(folder: Path) -> None:
    assert told("read", folder) == ""
    assert told("write", folder) == f"cannot write to the table {folder}/bars: permission denied"


def test_a_table_that_may_not_be_looked_into_is_not_missing(folder: Path) -> None:
    (folder / "bars").chmod(0)
    for deed in ("read", "write"):
        assert told(deed, folder) == f"cannot read the table {folder}/bars: permission denied"
    folder.chmod(0)
    assert told("read", folder) == f"cannot read the table {folder}/bars: permission denied"


def test_a_file_that_may_not_be_read_is_named(folder: Path) -> None:
    (file,) = (folder / "bars").glob("date=*/*.parquet")
    file.chmod(0)
    assert told("read", folder) == f"cannot read {file}: permission denied"
