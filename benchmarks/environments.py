"""Environments of peers, each with packages that must not be among the project's: made when first needed, from locks.

A peer is a name in benchmarks/peers: ``NAME.in`` has its packages, ``NAME.txt`` their lock with hashes (`make lock`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
LOCKS: Final = ROOT / "benchmarks" / "peers"
PLACE: Final = ROOT / ".venv-peers"


class Unavailable(Exception):
    """A peer cannot be had; in one line, why."""


@dataclass(frozen=True)
class Environments:
    """Those of the locks in a folder, made in another one."""

    locks: Path = LOCKS
    place: Path = PLACE

    def python_of(self, peer: str) -> Path:
        """The Python of a peer's environment, which is made, or made anew where its lock has changed.

        Raises `Unavailable` where it cannot be made: without a network, or without wheels for this Python or system.
        """
        lock = (self.locks / f"{peer}.txt").read_bytes()
        home = self.place / peer
        stamp, wanted = home / "made-of", f"{sys.version_info[:2]} {zlib.crc32(lock)}"
        python = home / ("Scripts" if os.name == "nt" else "bin") / ("python.exe" if os.name == "nt" else "python")
        if stamp.exists() and stamp.read_text() == wanted:
            return python
        print(f"Making an environment for {peer} (once) ...", file=sys.stderr)
        venv.create(home, clear=True, symlinks=os.name != "nt")
        pip = [sys.executable, "-I", "-m", "pip", "--python", str(python), "install", "--quiet", "--retries", "1"]
        lock_only = ["--no-compile", "--only-binary", ":all:", "--require-hashes", "--no-deps", "-r"]
        done = subprocess.run(
            [*pip, *lock_only, str(self.locks / f"{peer}.txt")], capture_output=True, text=True, check=False
        )
        if done.returncode:
            reason = [line for line in done.stderr.splitlines() if line.startswith("ERROR")][-1:] or ["pip failed"]
            version = "{}.{}".format(*sys.version_info)
            raise Unavailable(f"{peer} cannot be installed for Python {version}: {reason[0]}")
        stamp.write_text(wanted)
        return python

    def run(self, peer: str, script: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """What a script beside the locks prints in a peer's environment.

        Raises `Unavailable` where there is no such environment, or with the script's last line where it fails.
        """
        command = [str(self.python_of(peer)), "-I", str(self.locks / script), *arguments]
        done = subprocess.run(
            command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1:] or [f"ended with {done.returncode}"]
            raise Unavailable(f"{peer} failed: {reason[0]}")
        return done.stdout
