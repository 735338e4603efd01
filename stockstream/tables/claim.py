"""Claim of a table that is written in batches: one writer at a time, and the rows of one computation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from stockstream.errors import Overtaken, TableError

ANEW: Final = "name another --to or --table, and another --checkpoint if you name one"
"""What to do where a table cannot go on."""


@dataclass(frozen=True)
class Claim:
    """Who writes a table, and of what.

    Attributes
    ----------
    writer
        Id of who writes: another one for each checkpoint that begins.
    made_of
        What the rows are computed of, by name: the job, its topic and its parameters.
    begun
        Whether it has written before: then the table knows it.
    lost
        Messages that the topic has held before the first one that is read.
    """

    writer: str
    made_of: Mapping[str, str] = field(default_factory=dict)
    begun: bool = False
    lost: int = 0

    def refuse_missing(self, uri: str) -> None:
        """Raise TableError for a table that is not there, if it was before."""
        if self.begun:
            raise TableError(
                f"{uri} is not there, or was made anew: its checkpoint has read a part of the topic already",
                hint="bring the table back, or start anew with another --checkpoint",
            )


class Owners(msgspec.Struct, frozen=True):
    """What a Delta table says of its writers, in its description.

    Attributes
    ----------
    made_of
        As that of the first claim.
    writers
        All that there were; the last one may write.
    """

    made_of: dict[str, str]
    writers: tuple[str, ...]

    @staticmethod
    def first(claim: Claim) -> Owners:
        """Those of a table that is made."""
        return Owners(dict(claim.made_of), (claim.writer,))

    @staticmethod
    def of(description: str | None, uri: str) -> Owners:
        """Those of a table. Raises TableError if no writer of batches has made it."""
        try:
            found = msgspec.json.decode(description or "", type=Owners)
        except msgspec.MsgspecError as error:
            raise TableError(f"{uri} is another table: no job of Spark has made it", hint=ANEW) from error
        if not found.writers:
            raise TableError(f"{uri} is another table: no job of Spark has made it", hint=ANEW)
        return found

    @property
    def description(self) -> str:
        """As the table has it."""
        return msgspec.json.encode(self).decode()

    def refuse_others(self, writer: str, uri: str) -> None:
        """Raise Overtaken unless a writer is the last one."""
        if self.writers[-1] != writer:
            raise Overtaken(
                f"a job with another checkpoint writes to {uri}", hint=f"go on with that checkpoint, or {ANEW}"
            )

    def refuse_other_job(self, claim: Claim, uri: str) -> None:
        """Raise TableError if a claim is of another computation."""
        if other := differences(self.made_of, claim.made_of):
            raise TableError(f"{uri} holds the rows of another job: {other}", hint=ANEW)

    def with_last(self, writer: str) -> Owners:
        """The same, with a writer as the last one."""
        return Owners(self.made_of, (*(each for each in self.writers if each != writer), writer))


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """In words, what differs; empty if nothing.

    >>> differences({"keep": "50", "with": "sma"}, {"keep": "60", "with": "sma"})
    'keep was 50, is 60'
    """
    names = dict.fromkeys((*before, *now))
    found = ((name, before.get(name, "absent"), now.get(name, "absent")) for name in names)
    return "; ".join(f"{name} was {old}, is {new}" for name, old, new in found if old != new)
