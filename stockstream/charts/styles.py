"""What may be set of shapes and of texts, by matplotlib's names."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

Dashes: TypeAlias = str | tuple[float, tuple[float, ...]]
"""A name of matplotlib's, or where dashes begin, and their lengths and distances in line widths."""


Align: TypeAlias = Literal["left", "center", "right"]


class ShapeStyle(TypedDict, total=False):
    """Style of a shape."""

    facecolor: str
    edgecolor: str
    fill: bool
    alpha: float
    linewidth: float
    linestyle: Dashes


class TextStyle(TypedDict, total=False):
    """Style of a text."""

    color: str
    ha: Align
    va: Literal["top", "center", "bottom", "baseline"]
    fontsize: float
    fontweight: str
    linespacing: float
    rotation: float
    rotation_mode: Literal["default", "anchor"]
