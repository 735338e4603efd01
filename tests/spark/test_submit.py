"""Jobs on a cluster: what goes with them to the executors, and what they are refused for."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from stockstream.cli.spark.options import JobOptions
from stockstream.cli.spark.spark import JOBS
from stockstream.cli.spark.submit import SubmitOptions
from stockstream.spark.package import archive
from tests.cli.helpers import stockstream

MASTER = "spark://127.0.0.1:7077"


def test_the_package_can_be_imported_from_its_archive(tmp_path: Path) -> None:
    path = archive(tmp_path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import stockstream.codec, stockstream.views.history\n"
        "from stockstream.indicators import RSI\n"
        "print(stockstream.__file__, RSI(14).lookback)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{path}/stockstream/__init__.py 14\n"
    names = zipfile.ZipFile(path).namelist()
    assert "stockstream/spark/jars.lock" in names
    assert not any("__pycache__" in name for name in names)


def test_an_archive_is_made_once_for_each_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = archive(tmp_path)
    before = first.stat().st_mtime_ns
    assert archive(tmp_path) == first
    assert first.stat().st_mtime_ns == before
    other = tmp_path / "stockstream"
    other.mkdir()
    (other / "__init__.py").write_text("changed = True")
    monkeypatch.setattr("stockstream.__file__", str(other / "__init__.py"))
    assert archive(tmp_path) != first
    assert first.exists()


def test_options_arrive_at_the_session() -> None:
    plain = SubmitOptions(master=MASTER).session()
    assert (plain.master, plain.host, plain.ship, plain.python, plain.archives) == (MASTER, "127.0.0.1", True, None, ())
    file = Path("secret.properties")
    options = SubmitOptions(
        master="spark://there:7077",
        host="10.0.0.1",
        python="./env/bin/python",
        archive="env.tar.gz#env",
        properties=file,
        partitions=8,
        cores=3,
    ).session()
    assert (options.host, options.python, options.archives) == ("10.0.0.1", "./env/bin/python", ("env.tar.gz#env",))
    assert (options.properties_file, options.partitions, options.cores) == (file, 8, 3)
    assert not JobOptions().session().ship


def test_every_job_can_be_submitted(tmp_path: Path) -> None:
    shown = stockstream("spark", "submit", "--help", cwd=tmp_path)
    assert JOBS
    assert all(f"  {name} " in shown.stdout for name in JOBS)
    for name in JOBS:
        help_of = stockstream("spark", "submit", name, "--help", cwd=tmp_path).stdout
        assert "--properties FILE" in help_of
        assert f"stockstream spark submit {name}" in help_of


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "missing option '--master'"),
        (("--master", "local[2]"), "'local[2]' is not the address of a cluster such as spark://HOST:PORT"),
        (("--master", MASTER, "--archive", "env.tar.gz"), "is not an archive as env.tar.gz#env"),
        (("--master", MASTER, "--properties", "nowhere"), "--properties"),
        (("--master", MASTER, "--host", "10.0.0.1"), "--checkpoint: executors on other machines need a folder"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    pytest.importorskip("pyspark")
    result = stockstream("spark", "submit", "raw", "stocks", *options, cwd=tmp_path)
    assert result.returncode == 2
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
