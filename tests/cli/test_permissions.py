"""Files and folders without read or write permission: every command names them in one line."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockstream.cli import entries, main
from tests.cli.helpers import clean, stockstream

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
    for file in ("s.yaml", "shut.csv"):
        (tmp_path / file).touch()
    for name, mode in (("closed", 0o000), ("s.yaml", 0o000), ("shut.csv", 0o000), ("ours", 0o500)):
        (tmp_path / name).chmod(mode)
    yield tmp_path
    for name in ("closed", "ours"):
        (tmp_path / name).chmod(0o700)


NO_FOLDER = "nothing may be written to the folder"

CASES: list[tuple[list[str], int, str]] = [
    (["--config", "s.yaml", "config"], 2, "--config: path 's.yaml' is not readable"),
    (["--config", "closed/x.yaml", "config"], 1, "closed/x.yaml cannot be read: Permission denied"),
    (["produce", "csv", "closed/a.csv"], 1, "closed/a.csv cannot be read: Permission denied"),
    (["produce", "csv", "shut.csv"], 2, "FILE: path 'shut.csv' is not readable"),
    (["produce", "csv", "closed", "--dry-run"], 2, "FILE: path 'closed' is not readable"),
    (["produce", "flights", "closed/a.csv"], 1, "closed/a.csv cannot be read: Permission denied"),
    (["produce", "readings", "closed/a.csv", "--symbol", "X"], 1, "closed/a.csv cannot be read: Permission denied"),
    (["watch", "rsi", "A", "--once", "--values", "closed/v.csv"], 2, "--values: closed/v.csv: permission denied"),
    (["watch", "rsi", "A", "--once", "--values", "ours/v.csv"], 2, f"--values: {NO_FOLDER}"),
    (["watch", "flights", "--once", "--values", "shut.csv"], 2, "--values: path 'shut.csv' is not readable"),
    (["watch", "chart", "A", "--once", "--headless", "ours/v.png"], 2, f"--headless: {NO_FOLDER}"),
    (["watch", "dashboard", "--headless", "closed/v.png"], 2, "--headless: closed/v.png: permission denied"),
    (["report", "--out", "ours/r.html"], 2, f"--out: {NO_FOLDER}"),
    (["quality", "--plot", "ours/q.png"], 2, f"--plot: {NO_FOLDER}"),
    (["sql", "SELECT 1", "--parquet", "ours/r.parquet"], 2, f"--parquet: {NO_FOLDER}"),
    (["sql", "SELECT 1", "--plot", "closed/p.png"], 2, "--plot: closed/p.png: permission denied"),
    (["sample", "flights", "--out", "closed/s.csv"], 1, "closed/s.csv cannot be written: Permission denied"),
    (["dlq", "replay", "stocks/0/1", "--with", "shut.csv"], 2, "--with: path 'shut.csv' is not readable"),
    (["dlq", "replay", "stocks/0/1", "--with", "closed/x"], 2, "--with: closed/x: permission denied"),
    (["alerts", "test", "close > 1", "--symbol", "A", "--plot", "ours/a.png"], 2, f"--plot: {NO_FOLDER}"),
    (["models", "evaluate", "direction", "--csv", "shut.csv"], 2, "--csv: path 'shut.csv' is not readable"),
    (["models", "evaluate", "direction", "--csv", "closed/a.csv"], 2, "--csv: closed/a.csv: permission denied"),
    (["models", "evaluate", "direction", "A", "--plot", "ours/m.png"], 2, f"--plot: {NO_FOLDER}"),
    (["broker", "--data", "closed/x"], 2, "--data: closed/x: permission denied"),
]


@pytest.mark.parametrize(("arguments", "code", "result"), CASES, ids=[" ".join(arguments) for arguments, _, _ in CASES])
def test_what_is_forbidden_is_one_line(forbidden: Path, arguments: list[str], code: int, result: str) -> None:
    found = stockstream(*arguments, cwd=forbidden, command=COMMAND)
    assert found.returncode == code
    assert found.stderr.startswith(f"stockstream: {result}")
    assert found.stderr.count("\n") == 1


def test_so_are_settings_that_are_found_and_may_not_be_read(forbidden: Path) -> None:
    (forbidden / "s.yaml").rename(forbidden / "config.yaml")
    found = stockstream("config", cwd=forbidden, command=COMMAND)
    assert (found.returncode, found.stderr) == (1, "stockstream: config.yaml cannot be read: Permission denied\n")


def test_every_command_that_takes_files_is_tried() -> None:
    tried = {
        (*words, argument)
        for arguments, _, _ in CASES
        for argument in ("", *arguments)
        for words in (arguments[:2], (arguments[0], argument))
    }
    missing = []
    for name in entries.COMMANDS:
        command = main._command(name)
        for each in [command, *getattr(command, "commands", {}).values()]:
            for param in each.params:
                if "pathlib.Path" in str(getattr(param, "type_descriptor", "")):
                    option = param.opts[0] if param.param_type_name == "option" else ""
                    words = (name, each.name) if each is not command else (name, option)
                    if name != "watch" and (*words, option) not in tried:
                        missing.append((*words, option))
    assert not missing


@pytest.mark.parametrize("folder", ["state", "data", "cache"])
def test_doctor_goes_on_where_a_folder_is_closed(forbidden: Path, folder: str) -> None:
    env = clean(forbidden / "state", **{f"STOCKSTREAM_{folder.upper()}_DIR": str(forbidden / "closed" / "x")})
    found = stockstream("doctor", "--bootstrap-servers", "127.0.0.1:1", cwd=forbidden, env=env, command=COMMAND)
    assert found.returncode == 1
    assert "closed/x cannot be written" in " ".join(found.stdout.split())
    assert "!!  broker" in found.stdout
    assert "Traceback" not in found.stderr
