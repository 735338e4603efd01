"""Density of a chart: titles, captions and labels in a large window, none of them in a tiny one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

MANY: Final = 9
"""Number of lines; more than any text needs."""


@dataclass(frozen=True)
class Density:
    """How much text surrounds the panels, and how closely.

    ``status_bar`` and ``caption`` are the maximum numbers of lines of the status bar and of each caption; ``captions``
    says which panels have a caption. ``named`` shows the names of the value axes, ``dated`` the title of the time axis,
    ``labelled`` its tick labels. ``above``, ``beneath`` and ``between`` are distances in points: above the title,
    beneath a caption, and between panels.
    """

    status_bar: int = 2
    title: bool = True
    captions: Literal["all", "first", "none"] = "all"
    caption: int = MANY
    named: bool = True
    labelled: bool = True
    dated: bool = True
    above: float = 12.0
    beneath: float = 4.0
    between: float = 9.0

    @property
    def bottom(self) -> float:
        """Distance in points from the lowest panel to the edge of the figure."""
        if not self.labelled:
            return 0.5 * self.above
        return 46.0 if self.dated else 31.0

    def has_caption(self, number: int) -> bool:
        """Whether a panel, numbered from 0, has a caption."""
        return self.captions == "all" or (self.captions == "first" and number == 0)


_CLOSE: Final = Density(status_bar=1, caption=3, dated=False, above=8.0, beneath=2.5, between=5.0)

ROOMY: Final = (
    Density(),
    Density(status_bar=1, caption=3),
    _CLOSE,
    replace(_CLOSE, caption=1),
    replace(_CLOSE, caption=1, named=False),
)
"""The first of these that leaves the panels half of the figure's area is used."""

_BARE: Final = replace(_CLOSE, status_bar=0, captions="none", named=False, labelled=False)

TIGHT: Final = (
    ROOMY[-1],
    replace(ROOMY[-1], captions="first"),
    replace(ROOMY[-1], captions="first", status_bar=0),
    replace(ROOMY[-1], captions="first", status_bar=0, labelled=False),
    _BARE,
    replace(_BARE, title=False, above=2.0, between=1.0),
)
"""Otherwise the first of these that leaves them half of its height, or the last one."""
