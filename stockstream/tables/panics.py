"""What native code prints itself: threads of delta-rs that panic on a full disk go to the log, not to the screen."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Final

from stockstream.tables.location import Location

LOG: Final = logging.getLogger(__name__)

_STDERR: Final = 2
_PANIC: Final = b" panicked at "

_HOLDING: Final = Lock()
"""Held where stderr is: it belongs to the whole process, so that of several threads one holds it back."""


_AMPLE: Final = 1 << 30
"""Bytes with which a disk does not fill up within a commit."""


@contextmanager
def panics_logged(location: Location) -> Iterator[None]:
    """Within the block, where the disk is nearly full, stderr is held back; if a panic is there, it goes to the log.

    A panic is no news to the user: delta-rs raises its cause as well. It is printed by the file descriptor, which
    nothing in Python can catch. On a disk with room nothing is held back, so that the progress goes on.
    """
    if location.folder is None or not _nearly_full(location.folder) or not _HOLDING.acquire(blocking=False):
        yield
        return
    with ExitStack() as stack:
        stack.callback(_HOLDING.release)
        try:
            screen = os.dup(_STDERR)
            stack.callback(os.close, screen)
            held = stack.enter_context(_holder())
            os.dup2(held.fileno(), _STDERR)
            stack.callback(_show, screen, held)
        except OSError as error:  # stderr is closed, say, or there is no room for a file
            LOG.info("stderr cannot be held back: %s", error)
        yield


def _holder() -> IO[bytes]:
    """A file for what is printed: in memory where the system can, as the disk of temporary files may be full, too."""
    if sys.platform != "linux":
        return TemporaryFile()
    return os.fdopen(os.memfd_create("stderr"), "w+b")


def _show(screen: int, held: IO[bytes]) -> None:
    """Give stderr back to the screen, and pass on what was held."""
    os.dup2(screen, _STDERR)
    held.seek(0)
    _pass_on(held.read())


def _nearly_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _AMPLE
    except OSError:
        return False


def _pass_on(printed: bytes) -> None:
    if _PANIC in printed:
        LOG.warning("delta-rs: %s", printed.decode(errors="replace").strip())
    else:
        with suppress(OSError):  # nobody reads it
            os.write(_STDERR, printed)
