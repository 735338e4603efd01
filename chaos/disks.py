"""Disks of a few megabytes, which can be filled."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

_BALLAST: Final = "ballast"
_BLOCK: Final = bytes(1 << 16)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Mount a disk of a size over a folder, until the block is left. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder))
    try:
        yield
    finally:
        _run("umount", "-l", str(folder))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(errno.EPERM, done.stderr.strip() or f"{command[0]} failed")


@cache
def unavailable() -> str:
    """The reason why this machine permits no such disk; empty if it does."""
    if sys.platform != "linux":
        return "small disks are mounted on Linux only"
    try:
        with tempfile.TemporaryDirectory() as name, small_disk(Path(name) / "disk", 1):
            return ""
    except OSError as error:
        return f"no small disk can be mounted: {error.strerror}"


def fill(folder: Path) -> None:
    """Leave no byte free, as another program's file would."""
    descriptor = os.open(folder / _BALLAST, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        block = _BLOCK
        while block:
            try:
                os.write(descriptor, block)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                block = block[: len(block) // 2]
    finally:
        os.close(descriptor)


def free(folder: Path) -> None:
    """Take that file away."""
    (folder / _BALLAST).unlink(missing_ok=True)
