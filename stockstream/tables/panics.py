"""What native code prints itself: threads of delta-rs that panic on a full disk go to the log, not to the screen."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import Final

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
    try:
        with TemporaryFile() as held:
            screen = os.dup(_STDERR)
            os.dup2(held.fileno(), _STDERR)
            try:
                yield
            finally:
                os.dup2(screen, _STDERR)
                os.close(screen)
                held.seek(0)
                _pass_on(held.read())
    finally:
        _HOLDING.release()


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
