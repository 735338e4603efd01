"""Colours and type sizes of every window and picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from matplotlib.colors import to_hex, to_rgb


@dataclass(frozen=True)
class Theme:
    """How a scene looks. Colours are hex strings, sizes are points.

    ``up`` and ``down`` differ in hue for every kind of colour vision, and candles differ in fill as well. ``series``
    colours lines and keys by their place; places 0 and 3 are the hues of up and down, so what lies over candles
    should take another.
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

    def color(self, place: int) -> str:
        """The colour of a place in the palette, which starts again at its end."""
        return self.series[place % len(self.series)]

    def pale(self, color: str, share: float) -> str:
        """A colour of which only a share is left, the rest being the background's."""
        red, green, blue = (
            share * own + (1 - share) * under for own, under in zip(to_rgb(color), to_rgb(self.background), strict=True)
        )
        return to_hex((red, green, blue))

    def again(self, place: int) -> bool:
        """Whether the place repeats a colour, so that something else must tell the two apart."""
        return place >= len(self.series)


@cache
def light() -> Theme:
    """Dark on white, from seaborn's "colorblind" palette without its two shades that fade on white."""
    import seaborn as sns

    blue, orange, green, vermilion, purple, brown, _pink, grey, _yellow, sky = sns.color_palette("colorblind").as_hex()
    return Theme(
        background="#ffffff",
        text="#22272e",
        quiet="#667079",
        grid="#e9ecef",
        edge="#c3c9cf",
        up=blue,
        down=vermilion,
        doubtful=grey,
        alarm=vermilion,
        series=(blue, orange, green, vermilion, purple, brown, sky, grey),
    )
