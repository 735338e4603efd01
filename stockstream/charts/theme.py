"""Themes: colours and font sizes of windows and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from matplotlib.colors import to_hex, to_rgb


@dataclass(frozen=True)
class Theme:
    """Colours and sizes of a scene. Colours are hex strings, sizes are in points.

    ``up`` and ``down`` differ in hue for every kind of colour vision, and candles differ in fill as well. ``series`` is
    the palette of lines and keys: blue, orange, green, vermilion, purple, brown, sky, grey. Indexes 0 and 3 are near
    the hues of up and down, so lines over candles should use others. A ``fading`` below 1 keeps pale colours stronger.
    """

    background: str
    text: str
    quiet: str
    grid: str
    edge: str
    up: str
    down: str
    doubtful: str
    alarm: str
    series: tuple[str, ...]
    title_size: float = 12.5
    text_size: float = 9.0
    small_size: float = 8.0
    fading: float = 1.0

    def color(self, place: int) -> str:
        """Colour of a palette index; the palette repeats."""
        return self.series[place % len(self.series)]

    def pale(self, color: str, share: float) -> str:
        """A share of a colour, mixed with the background; stronger in themes that fade less."""
        share **= self.fading
        red, green, blue = (
            share * own + (1 - share) * under for own, under in zip(to_rgb(color), to_rgb(self.background), strict=True)
        )
        return to_hex((red, green, blue))

    def again(self, place: int) -> bool:
        """Whether a palette index repeats a colour, so that the two need another distinction."""
        return place >= len(self.series)


# The series began as Okabe and Ito's hues, and were moved until all eight stay apart, and off the background, for
# deuteranopes and protanopes too (tests/charts/test_theme.py says by how much): brown, purple and grey coincide else.
THEMES: Final[Mapping[str, Theme]] = {
    "light": Theme(
        background="#ffffff",
        text="#22272e",
        quiet="#5f6973",
        grid="#e9ecef",
        edge="#c3c9cf",
        up="#0173b2",
        down="#d55e00",
        doubtful="#858b91",
        alarm="#b34700",
        series=("#0570b8", "#ce8500", "#029e73", "#b75712", "#b679a3", "#8a593d", "#289eda", "#6e757c"),
    ),
    "dark": Theme(
        background="#14181d",
        text="#e4e8ec",
        quiet="#9ba6b1",
        grid="#232a32",
        edge="#4a5560",
        up="#4c9efd",
        down="#f0703f",
        doubtful="#8b949d",
        alarm="#ff9166",
        series=("#4c9efd", "#ffb808", "#40c79a", "#e66b45", "#bc78a3", "#9e7f70", "#91d3fe", "#b2bac1"),
    ),
    "contrast": Theme(
        background="#000000",
        text="#ffffff",
        quiet="#dcdcdc",
        grid="#3c3c3c",
        edge="#a8a8a8",
        up="#5caafe",
        down="#ff8a4a",
        doubtful="#b4b4b4",
        alarm="#ffa270",
        series=("#5caafe", "#ffc101", "#38eaaa", "#eb7856", "#d876a6", "#b29587", "#a8e4ff", "#fdfdfd"),
        title_size=13.5,
        text_size=10.0,
        small_size=9.0,
        fading=0.6,
    ),
}
"""Themes by name, in the order of the key that switches them."""


def after(name: str) -> str:
    """Name of the next theme."""
    names = list(THEMES)
    return names[(names.index(name) + 1) % len(names)]


def light() -> Theme:
    """The light theme: dark on white."""
    return THEMES["light"]
