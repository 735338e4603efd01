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
from stockstream.errors import SparkError
from stockstream.spark.access import require_encryption
from stockstream.spark.package import archive
from tests.cli.helpers import clean, stockstream

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


SECRET = {"bootstrap.servers": "one:9092", "sasl.mechanism": "PLAIN", "sasl.password": "hidden"}


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        ("spark.authenticate true\nspark.network.crypto.enabled true\n", True),
        ("spark.authenticate=true\n spark.network.crypto.enabled : TRUE \n", True),
        ("spark.ssl.rpc.enabled\ttrue", True),
        ("spark.authenticate true\nspark.authenticate.secret x\n", False),
        ("spark.network.crypto.enabled true\n", False),
        ("spark.authenticate true\n# spark.network.crypto.enabled true\n", False),
        ("", False),
    ],
)
def test_a_password_goes_to_other_machines_only_encrypted(tmp_path: Path, content: str, taken: bool) -> None:
    file = tmp_path / "spark.properties"
    file.write_text(content)
    require_encryption(SECRET, "127.0.0.1", {}, file)
    require_encryption({"bootstrap.servers": "one:9092"}, "10.0.0.1", {}, file)
    if taken:
        require_encryption(SECRET, "10.0.0.1", {}, file)
        return
    with pytest.raises(SparkError, match="Kafka's password would go to executors on other machines in clear text"):
        require_encryption(SECRET, "10.0.0.1", {}, file)


def test_a_file_of_properties_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(SparkError, match="binary cannot be read"):
        require_encryption(SECRET, "10.0.0.1", {}, tmp_path / "binary")


def test_the_commands_refuse_what_would_wait_in_vain_or_show_a_password(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    elsewhere = ("--master", "spark://192.0.2.1:7077")
    plain = stockstream("spark", "raw", "stocks", *elsewhere, cwd=tmp_path)
    assert plain.returncode == 1
    assert "cannot reach this machine at 127.0.0.1 - give its address: stockstream spark submit" in plain.stderr
    env = clean(tmp_path / "state", STOCKSTREAM_KAFKA__SASL_PASSWORD="hidden")
    reached = (*elsewhere, "--host", "192.0.2.2", "--checkpoint", "shared")
    shown = stockstream("spark", "submit", "raw", "stocks", *reached, cwd=tmp_path, env=env)
    assert (shown.returncode, len(shown.stderr.splitlines())) == (1, 1)
    assert "Kafka's password would go to executors" in shown.stderr
    assert "hidden" not in shown.stderr
