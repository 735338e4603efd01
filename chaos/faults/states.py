"""A database that is damaged."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from chaos.faults.fault import Control, Fault
from chaos.stage import Stage

_MOST_BITS: Final = 8
_COUNTS: Final = re.compile(rb"counts/[A-Z0-9]{2}[\x91-\x9f\xdc]")
"""Start of an airline's counts in a saved state: the name of their page, and msgpack's mark of a list."""

_CELL: Final = re.compile(rb"\x94\xcd..[\x01-\x0c][\x01-\x1f](?:\xcd..|\xcc.|[\x01-\x7f])", re.DOTALL)
"""A day and its count: year, month, day, number. The last byte is the number's lowest."""

_COUNTS_BYTES: Final = 200


class StateDamaged(Fault):
    """Bits of the saved state are flipped while the window is closed: among the counts, or anywhere in the file."""

    name = "state-damaged"
    about = "a bit in a count or a name of the saved state flipped, or 1 to 8 bits anywhere"
    control = Control("no-checksum", "the state has no checksum")

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.window.end()
        for file in stage.state.glob("*/flights/*/checkpoint.sqlite"):
            data = bytearray(file.read_bytes())
            if not (change_counts(data, stage.random) if _among_counts(stage) else 0):
                _flip_anywhere(data, stage.random)
            file.write_bytes(data)
        stage.window.start()


def _among_counts(stage: Stage) -> bool:
    return stage.is_control or stage.random.random() < 0.5


def change_counts(data: bytearray, random: Random) -> int:
    """Flip the lowest bit of the number of a day in all counts (a database holds former ones, too): how many.

    The result is a valid state with other counts.
    """
    changed = 0
    for found in _COUNTS.finditer(bytes(data)):
        stretch = range(found.end(), min(found.end() + _COUNTS_BYTES, len(data)))
        if cells := [each.end() - 1 for each in _CELL.finditer(bytes(data), stretch.start, stretch.stop)]:
            data[random.choice(cells)] ^= 1
            changed += 1
    return changed


def _flip_anywhere(data: bytearray, random: Random) -> None:
    for _ in range(random.randint(1, _MOST_BITS)):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
