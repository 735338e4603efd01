"""Buckets of series, the keys of the states: numbers that Spark's hash deals out evenly to any number of tasks.

Spark gives a key to the task that is its hash modulo the number of tasks. So few keys as there are buckets would be
spread unevenly: of 64 keys on 16 tasks one task has nine, another one none. The hash of our keys is 0, 1, 2, ...
"""

from __future__ import annotations

from typing import Final

import numpy as np

BUCKETS: Final = 120
"""Number of buckets, with many divisors; of more tasks some have nothing to do. A checkpoint is of one number."""

_MASK: Final = 0xFFFFFFFF
_SEED: Final = 42


def _hashed_to(wanted: int) -> int:
    """The number of 32 bits whose hash is ``wanted``. The hash is Murmur3, each step of which can be undone."""
    mixed = _unshifted(wanted, 16)
    mixed = _unshifted(_divided(mixed, 0xC2B2AE35), 13)
    mixed = _unshifted(_divided(mixed, 0x85EBCA6B), 16)
    mixed ^= 4  # the number's length in bytes
    mixed = _rotated(_divided(mixed - 0xE6546B64, 5), 32 - 13) ^ _SEED
    found = _divided(_rotated(_divided(mixed, 0x1B873593), 32 - 15), 0xCC9E2D51)
    return found - (1 << 32) if found >> 31 else found


def _divided(product: int, factor: int) -> int:
    """The number that gives a product of 32 bits with an odd factor."""
    return product * pow(factor, -1, 1 << 32) & _MASK


def _rotated(number: int, places: int) -> int:
    return (number << places | number >> (32 - places)) & _MASK


def _unshifted(shifted: int, places: int) -> int:
    """The number n of which n ^ (n >> places) is given."""
    found = shifted
    for _ in range(32 // places):
        found = shifted ^ found >> places
    return found


KEYS: Final = np.array([_hashed_to(number) for number in range(BUCKETS)], np.int32)
"""The key of each bucket, shape (BUCKETS,)."""
