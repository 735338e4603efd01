"""What stands at the top: the title, and the strip beneath it."""

from __future__ import annotations

from typing import Final

from matplotlib.figure import Figure

from stockstream.charts.caption import LINE, MARGIN
from stockstream.charts.strip import Strip
from stockstream.charts.theme import Theme
from stockstream.charts.words import LiveText, Ruler

_NARROW: Final = 560.0
"""Points; below it the strip takes two lines."""

_BETWEEN: Final = "  ·  "


class Header:
    """The lines at the top; `layout` gives them their places and must come before a full draw."""

    def __init__(self, figure: Figure, theme: Theme, ruler: Ruler) -> None:
        self._figure = figure
        self._theme = theme
        self._ruler = ruler
        self.stale = True
        self.title = figure.text(
            0, 0, "", fontsize=theme.title_size, fontweight="bold", color=theme.text, parse_math=False
        )
        self.badge = figure.text(
            0, 0, "SIMULATED", fontsize=theme.text_size, fontweight="bold", color=theme.background, ha="right",
            bbox={"facecolor": theme.alarm, "edgecolor": "none", "boxstyle": "square,pad=0.35"}, visible=False,
        )  # fmt: skip
        self.strip = LiveText(figure, theme, color=theme.quiet, va="top", linespacing=1.3)
        self._strip = Strip((), "quiet")

    def name(self, title: str, *, simulated: bool) -> None:
        """Say what is shown."""
        if title != self.title.get_text() or simulated != self.badge.get_visible():
            self.title.set_text(title)
            self.badge.set_visible(simulated)
            self.stale = True

    def say(self, strip: Strip) -> None:
        """Say how the data stands."""
        self._strip = strip
        theme = self._theme
        color, fill = {
            "good": (theme.quiet, None),
            "quiet": (theme.text, None),
            "bad": (theme.alarm, None),
            "alarm": (theme.background, theme.alarm),
        }[strip.tone]
        self.strip.say(self._wrapped(), color, fill)

    # Places. Everything is reckoned in points and set as a fraction of the figure.

    def layout(self) -> float:
        """Give both their places; returns where they end, in points from the figure's upper edge."""
        self.stale = False
        width, height = (72.0 * inches for inches in self._figure.get_size_inches())
        down = MARGIN + 11.0
        self.title.set_position((MARGIN / width, 1 - down / height))
        self.badge.set_position((1 - (MARGIN + 3) / width, 1 - down / height))
        tall = LINE * self._strip_lines()
        down += 6.5
        self.strip.artist.set_position((MARGIN / width, 1 - down / height))
        self.strip.box = (0.0, 1 - (down + tall) / height, 1.0, 1 - (down - 1) / height)
        self.strip.say(self._wrapped())
        return down + tall + 0.5

    def _strip_lines(self) -> int:
        return 2 if 72.0 * self._figure.get_size_inches()[0] < _NARROW else 1

    def _wrapped(self) -> str:
        """The strip's parts in its lines; what has no room is left out from the end, which an ellipsis says."""
        room = 72.0 * self._figure.get_size_inches()[0] - 2 * MARGIN
        lines: list[str] = []
        length = 0.0
        for part in self._strip.parts:
            more = self._points(_BETWEEN) + self._points(part)
            if lines and length + more <= room:
                lines[-1] += _BETWEEN + part
                length += more
            elif len(lines) < self._strip_lines():
                lines.append(part)
                length = self._points(part)
            else:
                lines[-1] += " …"
                break
        return "\n".join(lines)

    def _points(self, text: str) -> float:
        return self._ruler.points(text, self._theme.text_size)
