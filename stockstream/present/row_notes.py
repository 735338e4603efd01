"""Notes at rows of a frame: alerts, headlines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Kind = Literal["alert", "seen", "withdrawn", "news"]
"""An alert, one that somebody has acknowledged, one whose cause was taken away; a headline."""


class RowNote(NamedTuple):
    """A text at a row."""

    row: int
    text: str
    kind: Kind


@dataclass(frozen=True)
class RowNotes:
    """The notes of a picture, by row."""

    notes: tuple[RowNote, ...] = ()

    @classmethod
    def of(cls, notes: Iterable[RowNote]) -> RowNotes:
        """Notes in any order.

        >>> RowNotes.of([RowNote(2, "b", "alert"), RowNote(1, "a", "news")]).notes[0].text
        'a'
        """
        return cls(tuple(sorted(notes, key=lambda note: note.row)))

    def __add__(self, other: RowNotes) -> RowNotes:
        return RowNotes.of((*self.notes, *other.notes))


NONE: Final = RowNotes()
