"""A terminal with a running command, observed from outside."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from typing import Any

from tests.patience import PATIENCE
from tests.site import Site


class Terminal:
    """A terminal of 80 by 24 in which a command of ours runs."""

    def __init__(self, site: Site, arguments: Sequence[str]) -> None:
        self._ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(self._theirs)
        env = {name: value for name, value in site.env.items() if name != "COLUMNS"} | {"TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stockstream", *arguments], cwd=site.folder, env=env,
            stdin=self._theirs, stdout=self._theirs, stderr=self._theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        self.shown = ""

    def read(self) -> None:
        """Take what was written."""
        while select.select([self._ours], [], [], 0.05)[0]:
            self.shown += os.read(self._ours, 65536).decode()

    def until(self, wanted: str) -> None:
        """Wait for something to be shown."""
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.shown:
            assert time.monotonic() < deadline, f"{wanted!r} was not shown: {self.shown!r}"
            self.read()

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def end(self) -> int:
        """Wait for the end of the command; its exit code."""
        code = self.process.wait(timeout=120)
        self.read()
        return code

    @property
    def modes(self) -> list[Any]:
        """How it treats what is typed."""
        return termios.tcgetattr(self._theirs)

    @modes.setter
    def modes(self, modes: list[Any]) -> None:
        termios.tcsetattr(self._theirs, termios.TCSANOW, modes)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)
