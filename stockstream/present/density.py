"""Density of a chart: titles, captions and labels in a large window, none of them in a tiny one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

MANY: Final = 9
"""Lines; more than words ever take."""


@dataclass(frozen=True)
class Density:
    """How much is said around the panels, and how closely it stands.

    ``strip`` and ``caption`` are the lines that the status bar and each caption have at most; ``captions`` says which
    panels have one. ``named`` and ``dated`` are the names of the values' axes and the title of time's, ``labelled`` the
    labels of that. ``above``, ``beneath`` and ``between`` are points: over the title, under a caption, and from panel
    to panel.
    """

    strip: int = 2
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
        """Points from the lowest panel to the figure's edge."""
        if not self.labelled:
            return 0.5 * self.above
        return 46.0 if self.dated else 31.0

    def has_caption(self, number: int) -> bool:
        """Whether the panel at a place, counted from 0, has words above it."""
        return self.captions == "all" or (self.captions == "first" and number == 0)


_CLOSE: Final = Density(strip=1, caption=3, dated=False, above=8.0, beneath=2.5, between=5.0)

ROOMY: Final = (
    Density(),
    Density(strip=1, caption=3),
    _CLOSE,
    replace(_CLOSE, caption=1),
    replace(_CLOSE, caption=1, named=False),
)
"""Of these the first that leaves the panels half of the figure's area."""

_BARE: Final = replace(_CLOSE, strip=0, captions="none", named=False, labelled=False)

TIGHT: Final = (
    ROOMY[-1],
    replace(ROOMY[-1], captions="first"),
    replace(ROOMY[-1], captions="first", strip=0),
    replace(ROOMY[-1], captions="first", strip=0, labelled=False),
    _BARE,
    replace(_BARE, title=False, above=2.0, between=1.0),
)
"""Else of these the first that leaves them half of its height, or the last."""
