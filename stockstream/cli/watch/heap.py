"""Heap: the memory of a process that keeps a moving window of data for days."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

LARGE: Final = 3 << 20
"""Bytes from which an array has pages of its own. The arrays of a frame are smaller: new pages take time."""

_MMAP_THRESHOLD: Final = -3  # of malloc.h


def give_back_large_arrays() -> None:
    """Have the C library return large arrays to the system when they are freed.

    By itself glibc raises this limit to 32 MB with the first array that is freed. The arrays of a series, replaced
    whenever it grows or is cut, then leave holes, which took as much memory as the bars. Other C libraries have no
    such setting.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE)
