"""Tiles of a dashboard: a declaration of what to draw from which columns of a table. Nothing here draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Heights:
    """A column for each row, named by ``label``, from zero."""

    label: str
    value: str


@dataclass(frozen=True)
class Shares:
    """What each row has of the whole: a pie or, which reads better, bars in falling order."""

    label: str
    value: str


@dataclass(frozen=True)
class Profile:
    """A mark for each row and each of some columns, which have axes of their own: (column, label, format)."""

    label: str
    values: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Points:
    """A point for each row, with its name beside it."""

    label: str
    across: str
    up: str
    across_label: str
    up_label: str


Kind: TypeAlias = Literal["text", "clock", "day", "number", "percent"]


@dataclass(frozen=True)
class Cell:
    """A column of a `Listing`: its title, and how its values are written."""

    column: str
    title: str
    kind: Kind = "number"
    form: str = ",.2f"


@dataclass(frozen=True)
class Listing:
    """The rows as a table that scrolls."""

    cells: tuple[Cell, ...]


TileMark: TypeAlias = Heights | Shares | Profile | Points | Listing


@dataclass(frozen=True)
class Tile:
    """One part of a dashboard: a title, the table it shows, and how.

    ``unit`` stands beside the title; ``weight`` is the width that it wants, of what tiles of a row share.
    """

    name: str
    title: str
    table: str
    mark: TileMark
    unit: str = ""
    weight: float = 1.0
