"""Header of a figure: the title, and the status bar beneath it."""

from __future__ import annotations

from typing import Final

from matplotlib.figure import Figure

from stockstream.charts.text.caption import LINE, MARGIN
from stockstream.charts.text.text import CachedText, LiveText, Ruler
from stockstream.charts.theme import Theme
from stockstream.names import harmless
from stockstream.present.fitting import cut
from stockstream.present.status_bar import StatusBar

_NARROW: Final = 540.0
"""Width in points; in narrower figures the status bar takes two lines."""

_BETWEEN: Final = "  ·  "
_LEAST_TITLE: Final = 60.0
"""Minimum width of the title beside the badge, in points."""

_SAYS_SOMETHING: Final = 16
"""Minimum number of characters of a part that is cut."""


class Header:
    """The lines at the top; `layout` positions them and must precede a full draw."""

    def __init__(self, figure: Figure, theme: Theme, ruler: Ruler) -> None:
        self._figure = figure
        self._theme = theme
        self._ruler = ruler
        self.stale = True
        self.title = CachedText(figure, "", fontsize=theme.title_size, fontweight="bold", color=theme.text)
        self.badge = figure.text(
            0, 0, "SIMULATED", fontsize=theme.text_size, fontweight="bold", color=theme.background, ha="right",
            bbox={"facecolor": theme.alarm, "edgecolor": "none", "boxstyle": "square,pad=0.35"}, visible=False,
        )  # fmt: skip
        self.status_bar = LiveText(figure, theme, color=theme.quiet, va="top", linespacing=1.3)
        self._status = StatusBar((), "quiet")
        self._lines = 1
        self._title, self._simulated = "", False

    def name(self, title: str, *, simulated: bool) -> None:
        """Set the title; control characters in it are written out."""
        title = harmless(title)
        if (title, simulated) != (self._title, self._simulated):
            self._title, self._simulated = title, simulated
            self.title.set_text(title)
            self.badge.set_visible(simulated)
            self.stale = True

    @property
    def whole(self) -> str:
        """The whole title, whatever the room: for the window's frame."""
        return ("SIMULATED " if self._simulated else "") + self._title

    def say(self, status: StatusBar) -> None:
        """Set the status bar."""
        self._status = status
        theme = self._theme
        color, fill = {
            "good": (theme.quiet, None),
            "quiet": (theme.text, None),
            "bad": (theme.alarm, None),
            "alarm": (theme.background, theme.alarm),
        }[status.tone]
        self.status_bar.say(self._wrapped(), color, fill)

    # Layout. Positions are computed in points and set as fractions of the figure.

    def layout(self, *, above: float = MARGIN, lines: int = 2, titled: bool = True) -> float:
        """Position both; returns their lower end, in points from the figure's upper edge.

        The title is ``above`` points beneath the edge, and the status bar takes at most ``lines`` lines.
        """
        self.stale = False
        width, height = (72.0 * inches for inches in self._figure.get_size_inches())
        self._lines = min(lines, 2 if width < _NARROW else 1)
        self.title.set_visible(titled)
        self.status_bar.artist.set_visible(self._lines > 0)
        down = above
        if titled:
            down += 11.0
            self._place_title(width, height, down)
            down += 6.5
        else:
            self.badge.set_visible(False)
        tall = LINE * self._lines
        self.status_bar.artist.set_position((MARGIN / width, 1 - down / height))
        self.status_bar.box = (0.0, 1 - (down + tall) / height, 1.0, 1 - (down - min(1, tall)) / height)
        self.status_bar.say(self._wrapped())
        return down + tall + 0.5

    def _place_title(self, width: float, height: float, down: float) -> None:
        """The title, cut if it has no room, and the badge if that leaves enough of the title."""
        theme, room = self._theme, width - 2 * MARGIN
        badge = self._ruler.points(self.badge.get_text(), theme.text_size, "bold") + 18.0
        shown = self._simulated and room - badge >= _LEAST_TITLE
        text = cut(
            self._title,
            room - badge if shown else room,
            lambda words: self._ruler.points(words, theme.title_size, "bold"),
        )
        self.title.set_text(text)
        self.title.set_position((MARGIN / width, 1 - down / height))
        self.badge.set_visible(shown)
        self.badge.set_position((1 - (MARGIN + 3) / width, 1 - down / height))

    def _wrapped(self) -> str:
        """The status bar's parts in lines. What has no room is cut from the end, marked by an ellipsis."""
        if not self._lines:
            return ""
        room = 72.0 * self._figure.get_size_inches()[0] - 2 * MARGIN
        lines: list[str] = []
        length = 0.0
        for part in self._status.parts:
            more = self._points(_BETWEEN) + self._points(part)
            if lines and length + more <= room:
                lines[-1] += _BETWEEN + part
                length += more
            elif len(lines) < self._lines:
                lines.append(self._cut(part, room) or cut(part, room, self._points))
                length = self._points(lines[-1])
            else:
                some = self._cut(part, room - length - self._points(_BETWEEN))
                lines[-1] = lines[-1].removesuffix(" …") + (_BETWEEN + some if some else " …")
                break
        return "\n".join(lines)

    def _cut(self, part: str, room: float) -> str:
        """A part cut to its room, with an ellipsis if it was cut; empty if too little would be left."""
        text = part
        while self._points(text) > room:
            part = part[:-4]
            text = f"{part.rstrip()} …"
            if len(part) < _SAYS_SOMETHING:
                return ""
        return text

    def _points(self, text: str) -> float:
        return self._ruler.points(text, self._theme.text_size)
