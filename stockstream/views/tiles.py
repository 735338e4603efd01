"""Tiles of a dashboard: a declaration of what to draw from which columns of a table. Nothing here draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Heights:
    """A column for each row, from zero, named by ``label``."""

    label: str
    value: str


@dataclass(frozen=True)
class Shares:
    """The share of each row in the whole: a pie or, more legibly, ranked bars."""

    label: str
    value: str


@dataclass(frozen=True)
class Profile:
    """A mark for each row and each of several columns, which have their own axes: (column, label, format)."""

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
    """A column of a `Listing`: its title and format."""

    column: str
    title: str
    kind: Kind = "number"
    form: str = ",.2f"


@dataclass(frozen=True)
class Listing:
    """The rows as a scrollable table.

    ``giving_way`` names columns in the order in which they are omitted where room is lacking. The others are always
    shown.
    """

    cells: tuple[Cell, ...]
    giving_way: tuple[str, ...] = ()


TileMark: TypeAlias = Heights | Shares | Profile | Points | Listing


@dataclass(frozen=True)
class Tile:
    """One tile of a dashboard: its title, its table, and the kind of picture.

    ``unit`` is shown beside the title; ``weight`` is its relative width among the tiles of a row. ``lacking`` is shown
    in place of the picture where no row has a value.
    """

    name: str
    title: str
    table: str
    mark: TileMark
    unit: str = ""
    weight: float = 1.0
    lacking: str = ""
