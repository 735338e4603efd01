"""Marks and panels: a declaration of what to draw from which columns of a frame. Nothing here draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Candles:
    """A candle for each row, from open, high, low and close; a forming one (``final`` is False) is drawn as such."""


@dataclass(frozen=True)
class Line:
    """A line through one column, interrupted where the column is undefined.

    ``color`` is an index of the theme's palette (0, 1, ...), the same in every panel.
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
    """A column for each row, from zero; in the colours of up and down if the frame has open and close.

    A ``signed`` one has the colour of up above zero and of down below it, independently of the prices.
    """

    column: str
    label: str | None = None
    signed: bool = False


@dataclass(frozen=True)
class Dots:
    """A mark above each row in which one column is neither 0 nor undefined, at the height of another."""

    column: str
    at: str = "high"
    label: str | None = None
    color: int = 0


@dataclass(frozen=True)
class Guide:
    """A horizontal line across the panel."""

    value: float
    label: str | None = None


@dataclass(frozen=True)
class Groups:
    """One column of each key side by side, in a colour for each key: grouped columns for up to ``columns_up_to`` rows,
    otherwise lines.
    """

    column: str
    columns_up_to: int = 31


Mark: TypeAlias = Candles | Line | Band | Columns | Dots | Guide | Groups


@dataclass(frozen=True)
class Verdict:
    """Words for a value: ``below`` a limit, and from there on ``otherwise``. ``{}`` stands for the value."""

    limit: float
    below: str
    otherwise: str


@dataclass(frozen=True)
class Readout:
    """A value of the last row that is shown as text: its column, label and format.

    Without a ``form`` it has as many digits as are visible on the panel's axis. A labelled line always shows its value.
    With a ``verdict``, a known value is shown in words, without the label.
    """

    column: str
    label: str
    form: str | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Panel:
    """Marks on one vertical axis.

    ``limits`` fixes the axis; by default the axis fits the rows in view. ``height`` is relative to the other panels. If
    values are fractions, ``percent`` shows them in percent. ``title`` and ``readouts`` are in the caption above it.
    ``needs`` names required columns of the bars, each with the indicator that needs it: if no bar has values there, the
    panel says so.
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
