"""A window returns the memory of arrays that it has replaced."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from stockstream.cli.watch.heap import LARGE

# mallinfo2 is glibc's account; hblkhd, its seventh number, are the bytes of all blocks with pages of their own.
_CHILD = f"""
import ctypes, numpy as np
from stockstream.cli.watch.heap import give_back_large_arrays

class Account(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

account = ctypes.CDLL(None).mallinfo2
account.restype = Account
give_back_large_arrays()
first = np.empty({LARGE} + 1, np.uint8)
del first  # from here on glibc alone would keep blocks of this size for later
before = account().hblkhd
second = np.empty({LARGE} + 1, np.uint8)
print(account().hblkhd - before)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="the C library is not glibc 2.33"
)
def test_a_large_array_has_pages_of_its_own_even_after_one_was_freed() -> None:
    done = subprocess.run([sys.executable, "-c", _CHILD], capture_output=True, text=True, check=True)
    assert int(done.stdout) > LARGE
