"""Finding and reading CSV files: plain, in folders, gzipped, zipped, damaged."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from stockstream.errors import SourceError
from stockstream.producers.csv_files import CsvFile, find

TEXT = b"A,B\r\n1,2\r\n" * 50_000


def names(*paths: Path, skip: set[str] | None = None) -> tuple[list[str], list[str]]:
    found, passed = find(paths, skip or set())
    return [file.name for file in found], passed


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def content(file: CsvFile) -> bytes:
    with file.open() as stream:
        read = stream.read()
    with file.map() as mapped:
        assert mapped[:] == read
    return read


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    ((file,), _) = find([path])
    assert content(file) == TEXT


@pytest.mark.parametrize("name", ["a.csv.gz", "a.gz", "a.csv"])
def test_gzip_is_known_by_its_content_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(TEXT))
    ((file,), _) = find([path])
    assert content(file) == TEXT


def test_each_csv_in_a_zip_is_a_file(tmp_path: Path) -> None:
    members = {"b.csv": TEXT, "a/c.CSV": TEXT[:10], "readme.txt": b"-", "__MACOSX/b.csv": b"-", "airlines.csv": b"-"}
    path = packed(tmp_path / "archive.zip", members)
    found, passed = find([path], {"airlines.csv"})
    assert [file.name for file in found] == [f"{path}:a/c.CSV", f"{path}:b.csv"]
    assert passed == [f"{path}:airlines.csv"]
    assert [content(file) for file in found] == [TEXT[:10], TEXT]


def test_a_folder_stands_for_its_files_by_name(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "airlines.csv", "airports.csv.gz", "notes.txt", ".hidden.csv"):
        (tmp_path / name).write_bytes(gzip.compress(b"x") if name.endswith(".gz") else b"x")
    packed(tmp_path / "c.zip", {"d.csv": b"x"})
    (tmp_path / "folder.csv").mkdir()
    found, passed = names(tmp_path, skip={"airlines.csv", "airports.csv"})
    assert [Path(name).name for name in found] == ["a.csv", "b.csv", "c.zip:d.csv"]
    assert [Path(name).name for name in passed] == ["airlines.csv", "airports.csv.gz"]


def test_a_file_that_is_named_is_never_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "airlines.csv"
    path.write_bytes(b"x")
    assert names(path, skip={"airlines.csv"}) == ([str(path)], [])


def test_what_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nope\.csv does not exist"):
        find([tmp_path / "nope.csv"])
    with pytest.raises(SourceError, match="holds no CSV file"):
        find([tmp_path])
    with pytest.raises(SourceError, match="holds no CSV file"):
        find([packed(tmp_path / "a.zip", {"readme.txt": b""})])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="pipe is not a file"):
        find([tmp_path / "pipe"])


def test_damaged_archives_are_reported_as_such(tmp_path: Path) -> None:
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(TEXT)[:200])
    wrong = tmp_path / "wrong.gz"
    wrong.write_bytes(b"not gzip at all")
    flipped = packed(tmp_path / "flipped.zip", {"a.csv": TEXT})
    raw = bytearray(flipped.read_bytes())
    raw[60] ^= 0xFF
    flipped.write_bytes(raw)
    for path in (cut, wrong, flipped):
        ((file,), _) = find([path])
        with pytest.raises(SourceError, match="is damaged"), file.open() as stream:
            stream.read()
    short = tmp_path / "short.zip"
    short.write_bytes(flipped.read_bytes()[:100])
    with pytest.raises(SourceError, match="is damaged"):
        find([short])


def test_what_may_not_be_read_or_looked_into_is_one_line() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to the plain user below
        folder = Path(name)
        folder.chmod(0o755)
        closed = folder / "closed"
        closed.mkdir()
        (closed / "a.csv").write_bytes(TEXT)
        (folder / "b.csv").write_bytes(TEXT)
        (folder / "b.csv").chmod(0)
        closed.chmod(0)
        try:
            for path in (folder / "b.csv", closed, closed / "a.csv"):
                assert found_by_a_plain_user(path) == f"{path} cannot be read: Permission denied"
        finally:
            closed.chmod(0o700)


def found_by_a_plain_user(path: Path) -> str:
    """What `find` says to a user who is not root, for root may read everything."""
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom stockstream.errors import SourceError\n"
        "from stockstream.producers.csv_files import find\n"
        "os.geteuid() or os.setuid(65534)\n"
        "try:\n    print(find([Path(sys.argv[1])]))\nexcept SourceError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_name_that_no_file_can_have_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: File name too long"):
        find([tmp_path / ("a" * 5000)])
