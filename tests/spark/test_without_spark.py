"""Without PySpark every command of Spark says in a line what to install, and the rest works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.helpers import clean

WITHOUT = """
import sys
from importlib.machinery import PathFinder


class Without(PathFinder):
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        return None if fullname.partition(".")[0] in ("pyspark", "py4j") else super().find_spec(fullname, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Without
from stockstream.cli.main import run

sys.argv[0] = "stockstream"
run()
"""


def without_spark(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours where PySpark is not installed."""
    command = [sys.executable, "-c", WITHOUT, *arguments]
    env = clean(folder / "state")
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "command",
    [
        ("indicator", "--with", "rsi"),
        ("moving-average",),
        ("flights-per-day",),
        ("raw", "stocks"),
        ("submit", "raw", "stocks", "--master", "spark://127.0.0.1:7077"),
        ("cluster",),
    ],
    ids=" ".join,
)
def test_a_command_of_spark_names_the_extra(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = without_spark(tmp_path, "spark", *command)
    assert done.returncode == 1
    assert "Spark jobs need the package pyspark - pip install 'stockstream[spark]' (800 MB)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_its_help_is_shown(tmp_path: Path) -> None:
    done = without_spark(tmp_path, "spark", "indicator", "--help")
    assert (done.returncode, "--with" in done.stdout) == (0, True)
