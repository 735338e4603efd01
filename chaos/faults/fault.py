"""What every kind of fault says of itself."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol

from chaos.stage import Setup, Stage
from chaos.truth import Difference


class Control(NamedTuple):
    """The protections without which the same fault must be seen: by their names in `chaos.altered`, and in words.

    ``faults`` of them do it nearly always.
    """

    without: str
    what: str
    faults: int = 1


class Fault(Protocol):
    """A kind of fault. Its subclasses in this package are all that there are.

    Attributes
    ----------
    name
        By which ``--only`` knows it.
    about
        What happens, for the table.
    control
        What is switched off to show that the counting sees it.
    setup
        What its stage needs.
    recovers
        Whether there is anything to recover from.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    control: ClassVar[Control]
    setup: ClassVar[Setup] = Setup()
    recovers: ClassVar[bool] = True

    def unavailable(self) -> str:
        """Why it cannot happen on this machine; nothing where it can."""
        return ""

    def strike(self, stage: Stage) -> None:
        """Do it, and return when it is gone."""

    def beside(self, stage: Stage) -> tuple[int, Difference]:
        """What else was sent than rows of the file, and what became of it; asked at the end."""
        del stage
        return 0, Difference(0, 0)
