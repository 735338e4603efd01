"""A database that is damaged."""

from __future__ import annotations

from typing import Final

from chaos.faults.fault import Control, Fault
from chaos.stage import Stage

_MOST_BITS: Final = 8
_COUNTS: Final = b"\xa6counts"
"""Where the counts begin in a saved state: its key, as msgpack writes it."""

_COUNTS_BYTES: Final = 4_096


class StateDamaged(Fault):
    """Bits of the saved state are flipped while the window is closed: among the counts, or anywhere in the file."""

    name = "state-damaged"
    about = "1 to 8 bits of the saved state flipped, among the counts or anywhere"
    control = Control("no-checksum", "the state has no checksum", 3)

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.window.end()
        for file in stage.state.glob("*/flights/*/checkpoint.sqlite"):
            data = bytearray(file.read_bytes())
            found = data.rfind(_COUNTS)
            among = found >= 0 and (stage.is_control or stage.random.random() < 0.5)
            first, end = (found, min(found + _COUNTS_BYTES, len(data))) if among else (0, len(data))
            for _ in range(stage.random.randint(1, _MOST_BITS)):
                data[stage.random.randrange(first, end)] ^= 1 << stage.random.randrange(8)
            file.write_bytes(data)
        stage.window.start()
