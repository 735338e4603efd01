"""Atomic replacement of files: never a partial file, and no partial file is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from stockstream.files import replacing

_KILLED = """
import os, signal, sys
from pathlib import Path
from stockstream.files import replacing
with replacing(Path(sys.argv[1])) as beside:
    beside.write_text("half")
    print(beside.name, flush=True)
    {then}
"""


def writer(path: Path, then: str) -> subprocess.Popen[str]:
    """A process that is in the middle of writing the file."""
    command = [sys.executable, "-c", _KILLED.format(then=then), str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_a_killed_process_has_left_is_cleared_when_the_file_is_written_next(tmp_path: Path) -> None:
    path = tmp_path / "live.csv"
    killed = writer(path, "os.kill(os.getpid(), signal.SIGKILL)")
    left = killed.communicate(timeout=120)[0].strip()
    assert killed.returncode == -signal.SIGKILL
    assert names(tmp_path) == {left} == {f".live.csv.{killed.pid}"}
    with replacing(path) as beside:
        beside.write_text("whole")
    assert names(tmp_path) == {"live.csv"}
    assert path.read_text() == "whole"


def test_what_another_process_is_writing_and_what_others_have_named_alike_stays(tmp_path: Path) -> None:
    path = tmp_path / "live.csv"
    other = writer(path, "sys.stdin.read()")
    try:
        assert other.stdout is not None
        written = other.stdout.readline().strip()
        alike = {".live.csv.old", ".live.csv.1.2", f".lives.csv.{2**22 + 1}", "live.csv.1", f".live.csv.{os.getpid()}x"}
        for name in alike:
            (tmp_path / name).touch()
        with replacing(path) as beside:
            beside.write_text("whole")
        assert names(tmp_path) == {"live.csv", written, *alike}
    finally:
        other.kill()
        other.communicate()
