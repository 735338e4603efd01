"""Input of which a tenth is repeated or out of order."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final
from unittest.mock import patch

from stockstream.cli.produce import flights
from stockstream.errors import BadRow
from stockstream.producers.flights import Replay
from stockstream.records import Flight

SHARE: Final = 0.1
WITHIN: Final = 1_000
"""Maximum number of rows by which a row is delayed or repeated."""


class _Disordered(Replay):
    """A replay with a tenth of the rows delayed or repeated."""

    held_back: bool

    def __iter__(self) -> Iterator[Flight | BadRow | None]:
        """The rows, in an order that is the same in each run."""
        random = Random(self.total)
        later: dict[int, list[Flight]] = {}
        for number, item in enumerate(super().__iter__()):
            yield from later.pop(number, ())
            chosen = isinstance(item, Flight) and random.random() < SHARE
            if chosen:
                later.setdefault(number + random.randint(1, WITHIN), []).append(item)  # type: ignore[arg-type]
            if not (chosen and self.held_back):
                yield item
        for number in sorted(later):
            yield from later[number]


class _Repeated(_Disordered):
    held_back = False


class _Shuffled(_Disordered):
    held_back = True


def repeat() -> None:
    """Let a producer send a tenth of the rows once more."""
    patch.object(flights, "Replay", _Repeated).start()


def shuffle() -> None:
    """Let a producer send a tenth of the rows up to a thousand rows late."""
    patch.object(flights, "Replay", _Shuffled).start()
