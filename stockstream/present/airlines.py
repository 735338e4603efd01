"""Colours of airlines, the same in every window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from zlib import crc32

_LARGEST: Final = ("AA", "DL", "WN", "UA", "OO", "B6", "AS", "NK", "EV", "MQ", "US", "F9", "HA", "VX", "9E", "YX")
"""Airlines with a colour of their own; those most often shown together have the full colours of the palette."""


def palette_indexes(keys: Iterable[str]) -> dict[str, int]:
    """The palette index of each airline: its own, or the next free one.

    It does not depend on the other airlines shown, unless two without a colour of their own get the same index.

    >>> palette_indexes(["WN", "AA"]), palette_indexes(["AA", "UA", "WN"])
    ({'WN': 2, 'AA': 0}, {'AA': 0, 'UA': 3, 'WN': 2})
    """
    named = list(keys)
    found = {key: _LARGEST.index(key) for key in named if key in _LARGEST}
    taken = set(found.values())
    for key in sorted(set(named) - found.keys()):
        index = crc32(key.encode()) % len(_LARGEST)
        while index in taken:
            index = index + 1 if len(taken) >= len(_LARGEST) else (index + 1) % len(_LARGEST)
        taken.add(index)
        found[key] = index
    return {key: found[key] for key in named}
