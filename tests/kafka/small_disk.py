"""A small disk that fills up soon."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def on_small_disk(program: str, folder: Path, kilobytes: int) -> str:
    """Run Python code whose sys.argv[1] is a directory on a disk of that size; give what it prints."""
    mount = f'mount -t tmpfs -o size={kilobytes}k none "$1"'
    alone = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
    try:
        subprocess.run([*alone, mount, "sh", str(folder)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system lets nobody mount a small disk of his own")
    run = [*alone, f'{mount} && exec "$2" -c "$3" "$1"', "sh", str(folder), sys.executable, program]
    done = subprocess.run(run, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
