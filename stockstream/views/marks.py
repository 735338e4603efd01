"""Marks and panels: a declaration of what to draw from which columns of a frame. Nothing here draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Candles:
    """A candle a row from open, high, low and close; a forming one (``final`` is False) is drawn as forming."""


@dataclass(frozen=True)
class Line:
    """A line through one column; it breaks where the column is undefined.

    ``color`` is a place in the theme's palette of series (0, 1, ...), the same in every panel.
    """

    column: str
    label: str | None = None
    color: int = 0
    width: float = 1.4
    dashed: bool = False


@dataclass(frozen=True)
class Band:
    """The area between two columns, with its edges."""

    lower: str
    upper: str
    label: str | None = None
    color: int = 0


@dataclass(frozen=True)
class Columns:
    """A column a row, from zero; in the hues of up and down where the frame has open and close.

    A ``signed`` one is up above zero and down below it, whatever the prices do.
    """

    column: str
    label: str | None = None
    signed: bool = False


@dataclass(frozen=True)
class Guide:
    """A level line across the panel."""

    value: float
    label: str | None = None


@dataclass(frozen=True)
class Groups:
    """One column of every key side by side, a colour a key: grouped columns for up to ``columns_up_to`` rows, lines
    beyond."""

    column: str
    columns_up_to: int = 31


Mark: TypeAlias = Candles | Line | Band | Columns | Guide | Groups


@dataclass(frozen=True)
class Readout:
    """A value of the last row that is shown as text: its column, what it is called there, and its format.

    Without a ``form`` it has as many digits as can be seen on the panel's axis. A labelled line shows its value anyway.
    """

    column: str
    label: str
    form: str | None = None


@dataclass(frozen=True)
class Panel:
    """Marks on one vertical axis.

    ``limits`` fixes the axis; without it the axis follows what is in view. ``height`` is relative to the other panels.
    Where values are shares of one, ``percent`` has them told in percent.
    ``title`` and ``readouts`` stand above it. ``needs`` names columns of the bars without which there is nothing to
    see, each with what it is that needs it: where no bar has any, the panel says so.
    """

    marks: tuple[Mark, ...]
    ylabel: str
    height: float = 1.0
    limits: tuple[float, float] | None = None
    ticks: tuple[float, ...] | None = None
    from_zero: bool = False
    percent: bool = False
    title: str = ""
    readouts: tuple[Readout, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
