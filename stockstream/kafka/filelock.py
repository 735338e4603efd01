"""File lock that a child process can inherit."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Self

from stockstream.errors import BrokerError


class Locked(Exception):
    """Another process holds the lock.

    Attributes
    ----------
    holder
        Id of the process that took it, if known.
    """

    def __init__(self, holder: int | None) -> None:
        super().__init__("locked")
        self.holder = holder


class FileLock:
    """An exclusive lock (``flock``), held until this process and each child that inherited :attr:`fd` release it.

    Unlike with the package of this name, a child keeps the lock when its parent is killed. Windows has no such lock:
    there a `BrokerError` says where Kafka can run.

    Parameters
    ----------
    path
        The file; it is created if missing, and stays. It holds the process id of the holder.
    patience
        Seconds to wait for it before :class:`Locked` is raised.
    """

    def __init__(self, path: Path, *, patience: float) -> None:
        self.path = path
        self.patience = patience
        self.fd = -1

    def __enter__(self) -> Self:
        if sys.platform == "win32":
            raise BrokerError(
                "Kafka itself runs here on Linux and macOS only",
                hint="start it in the Windows Subsystem for Linux, and name it with bootstrap_servers in config.yaml",
            )
        deadline = time.monotonic() + self.patience
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not _taken(fd):
                if time.monotonic() > deadline:
                    holder = os.pread(fd, 32, 0)
                    raise Locked(int(holder) if holder.isdigit() else None)
                time.sleep(0.05)
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)
        except BaseException:
            os.close(fd)
            raise
        self.fd = fd
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)
        self.fd = -1


def _taken(fd: int) -> bool:
    if sys.platform == "win32":
        return False
    import fcntl  # Windows has none

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
