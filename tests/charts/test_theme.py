"""The colours of every theme are distinguishable and legible, also with colour vision deficiency."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from stockstream.charts.theme import THEMES, Theme

Colors = NDArray[np.float64]

SIGHT: dict[str, Colors] = {
    "normal": np.eye(3),
    # Machado, Oliveira and Fernandes: A Physiologically-based Model for Simulation of Color Vision Deficiency (2009),
    # severity 1.0; for linear RGB.
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}

XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""From linear sRGB, D65 (IEC 61966-2-1)."""


def linear(*colors: str) -> Colors:
    values = np.array([to_rgb(color) for color in colors])
    return np.asarray(np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4))


def lab(rgb: Colors) -> Colors:
    """CIELAB of linear sRGB."""
    xyz = np.clip(rgb, 0, 1) @ XYZ.T / XYZ.sum(axis=1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack((116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])), axis=1)


def difference(one: Colors, other: Colors) -> Colors:
    """CIEDE2000 of colours in CIELAB; about 1 is the least that is seen side by side."""
    chroma = [np.hypot(color[:, 1], color[:, 2]) for color in (one, other)]
    mean = sum(chroma) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25.0**7))
    a = [color[:, 1] * stretch for color in (one, other)]
    b = [color[:, 2] for color in (one, other)]
    c1, c2 = (np.hypot(*each) for each in zip(a, b, strict=True))
    h1, h2 = (np.degrees(np.arctan2(y, x)) % 360 for x, y in zip(a, b, strict=True))
    turn = np.where(c1 * c2 == 0, 0, (h2 - h1 + 180) % 360 - 180)
    hue = np.where(c1 * c2 == 0, h1 + h2, (h1 + turn / 2) % 360)
    c, lightness = (c1 + c2) / 2, (one[:, 0] + other[:, 0]) / 2
    t = 1 - 0.17 * cos(hue - 30) + 0.24 * cos(2 * hue) + 0.32 * cos(3 * hue + 6) - 0.2 * cos(4 * hue - 63)
    light = (other[:, 0] - one[:, 0]) / (1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2))
    vivid = (c2 - c1) / (1 + 0.045 * c)
    tint = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2) / (1 + 0.015 * c * t)
    rotation = np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))) * 2 * np.sqrt(c**7 / (c**7 + 25.0**7))
    return np.asarray(np.sqrt(light**2 + vivid**2 + tint**2 - rotation * vivid * tint))


def cos(degrees: Colors) -> Colors:
    return np.asarray(np.cos(np.radians(degrees)))


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio."""
    low, high = sorted(float(linear(color)[0] @ XYZ[1]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def apart(colors: tuple[str, ...], view_context: str) -> float:
    """The least difference of any two."""
    seen = lab(linear(*colors) @ SIGHT[view_context].T)
    one, other = np.triu_indices(len(colors), 1)
    return float(difference(seen[one], seen[other]).min())


every_theme = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
every_sight = pytest.mark.parametrize("view_context", SIGHT)


def test_difference_is_that_of_the_published_pairs() -> None:
    """Sharma, Wu and Dalal: The CIEDE2000 Color-Difference Formula (2005), table 1."""
    pairs = np.array(
        [
            [50.0, 2.6772, -79.7751, 50.0, 0.0, -82.7485, 2.0425],
            [50.0, -1.0, 2.0, 50.0, 0.0, 0.0, 2.3669],
            [50.0, 2.5, 0.0, 73.0, 25.0, -18.0, 27.1492],
            [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
            [22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373],
            [90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441],
        ]
    )
    assert difference(pairs[:, :3], pairs[:, 3:6]) == pytest.approx(pairs[:, 6], abs=1e-4)


def test_a_deuteranope_does_not_tell_red_from_green() -> None:
    red_and_green = ("#b00000", "#6a6a00")
    assert apart(red_and_green, "normal") > 30
    assert apart(red_and_green, "deuteranopia") < 12


@every_sight
@every_theme
def test_series_differ(theme: Theme, view_context: str) -> None:
    assert apart(theme.series, view_context) >= 10.5
    assert apart((theme.up, theme.down), view_context) >= 30
    assert apart((theme.up, theme.down, theme.doubtful), view_context) >= 12


@every_sight
@every_theme
def test_nothing_fades_into_the_background(theme: Theme, view_context: str) -> None:
    under = lab(linear(theme.background) @ SIGHT[view_context].T)
    drawn = lab(linear(*theme.series, theme.up, theme.down, theme.doubtful) @ SIGHT[view_context].T)
    assert difference(drawn, np.repeat(under, len(drawn), axis=0)).min() >= 25


@pytest.mark.parametrize(("name", "words", "lines"), [("light", 4.5, 3.0), ("dark", 4.5, 4.0), ("contrast", 7.0, 7.0)])
def test_words_and_lines_stand_out(name: str, words: float, lines: float) -> None:
    """As WCAG 2.1 asks for (1.4.3, 1.4.6 and 1.4.11)."""
    theme = THEMES[name]
    for color in (theme.text, theme.quiet, theme.alarm):
        assert contrast(color, theme.background) >= words, color
    for color in (*theme.series, theme.up, theme.down, theme.doubtful):
        assert contrast(color, theme.background) >= lines, color


@every_theme
def test_pale_goes_towards_the_background(theme: Theme) -> None:
    assert theme.pale(theme.up, 1.0) == theme.up
    assert theme.pale(theme.up, 0.0) == theme.background
    assert contrast(theme.pale(theme.up, 0.55), theme.background) >= (3.5 if theme is THEMES["contrast"] else 2.0)


@every_theme
def test_palette_starts_again_at_its_end(theme: Theme) -> None:
    count = len(theme.series)
    assert theme.color(count + 2) == theme.color(2)
    assert [theme.again(place) for place in (0, count - 1, count)] == [False, False, True]
