"""Files and folders without read or write permission: every command names them in one line."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.helpers import stockstream

# Root may do everything, unless the right to is taken from it.
_WITHOUT = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
COMMAND = (*(_WITHOUT if sys.platform != "win32" and os.geteuid() == 0 else ()), sys.executable, "-m", "stockstream")

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which(COMMAND[0]) is None, reason="setpriv is not installed"
)


@pytest.fixture
def forbidden(tmp_path: Path) -> Iterator[Path]:
    """A folder with a closed file and folder, and one that may only be read."""
    for folder in ("closed", "ours"):
        (tmp_path / folder).mkdir()
    (tmp_path / "s.yaml").touch()
    for name, mode in (("closed", 0o000), ("s.yaml", 0o000), ("ours", 0o500)):
        (tmp_path / name).chmod(mode)
    yield tmp_path
    for name in ("closed", "ours"):
        (tmp_path / name).chmod(0o700)


@pytest.mark.parametrize(
    ("arguments", "code", "result"),
    [
        (["--config", "s.yaml", "config"], 2, "--config: path 's.yaml' is not readable"),
        (["--config", "closed/x.yaml", "config"], 1, "closed/x.yaml cannot be read: Permission denied"),
        (["produce", "csv", "closed/a.csv"], 1, "closed/a.csv cannot be read: Permission denied"),
        (["watch", "rsi", "A", "--once", "--values", "closed/v.csv"], 2, "--values: closed/v.csv: permission denied"),
        (
            ["watch", "rsi", "A", "--once", "--values", "ours/v.csv"],
            2,
            "--values: nothing may be written to the folder",
        ),
        (["report", "--out", "ours/r.html"], 2, "--out: nothing may be written to the folder"),
        (["sample", "flights", "--out", "closed/s.csv"], 1, "closed/s.csv cannot be written: Permission denied"),
        (["broker", "--data", "closed/x"], 2, "--data: closed/x: permission denied"),
    ],
)
def test_what_is_forbidden_is_one_line(forbidden: Path, arguments: list[str], code: int, result: str) -> None:
    found = stockstream(*arguments, cwd=forbidden, command=COMMAND)
    assert found.returncode == code
    assert found.stderr.startswith(f"stockstream: {result}")
    assert found.stderr.count("\n") == 1


def test_so_are_settings_that_are_found_and_may_not_be_read(forbidden: Path) -> None:
    (forbidden / "s.yaml").rename(forbidden / "config.yaml")
    found = stockstream("config", cwd=forbidden, command=COMMAND)
    assert (found.returncode, found.stderr) == (1, "stockstream: config.yaml cannot be read: Permission denied\n")
