"""What a run of rules is asked for, whom it tells, and its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from stockstream.records import Alert


@dataclass(frozen=True)
class RunOptions:
    """What a run does.

    Attributes
    ----------
    once
        End when all bars are evaluated that the topic held at the start, and all alerts are sent.
    seconds
        End after this time; None for never.
    patience
        Seconds that ``once`` waits for a broker or a topic that is not there.
    """

    once: bool = False
    seconds: float | None = None
    patience: float = 10.0


class Summary(NamedTuple):
    """Result of a run: bars taken, alerts raised and withdrawn that were sent."""

    bars: int
    raised: int
    withdrawn: int


class Observer(Protocol):
    """Is told what a run does."""

    def progress(self, bars: int, state: str, /) -> None:
        """Take the progress; called often."""

    def warn(self, text: str, /) -> None:
        """Take what the user should know."""


class Delivery(Protocol):
    """Hands alerts on to people and programs."""

    def begin(self, folder: Path | None, /) -> None:
        """Begin, with a folder of the state; None where nothing is kept. Called before the first alert."""

    def put(self, alerts: Sequence[Alert], /) -> None:
        """Take alerts, durably. After a kill it may be given the same again, with the same ids."""
