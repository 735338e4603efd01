"""Base class of the kinds of faults."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol

from chaos.stage import Setup, Stage
from chaos.truth import Difference


class Control(NamedTuple):
    """The protections without which the same fault must lose records: names in `chaos.altered`, and words.

    ``faults`` is the number of faults that nearly always suffices.
    """

    without: str
    what: str
    faults: int = 1


class Fault(Protocol):
    """A kind of fault. Its subclasses in this package are all kinds.

    Attributes
    ----------
    name
        Name for ``--only``.
    about
        Description for the table.
    control
        Protections that are switched off to show that the counting detects the loss.
    setup
        Needs of its stage.
    recovers
        Whether a recovery is measured.
    in_short
        Whether it is part of ``--short``.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    control: ClassVar[Control]
    setup: ClassVar[Setup] = Setup()
    recovers: ClassVar[bool] = True
    in_short: ClassVar[bool] = True

    def unavailable(self) -> str:
        """The reason why the fault is impossible on this machine; empty if it is possible."""
        return ""

    def strike(self, stage: Stage) -> None:
        """Cause the fault, and return when it is over."""

    def beside(self, stage: Stage) -> tuple[int, Difference]:
        """The records sent besides the rows of the file, and their result; called at the end."""
        del stage
        return 0, Difference(0, 0)
