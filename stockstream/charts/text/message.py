"""Message in place of a picture: the reason why nothing is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matplotlib.text import Text

from stockstream.charts.text.text import Ruler
from stockstream.names import harmless
from stockstream.present.fitting import paragraph

_SIZES: Final = (11.0, 9.0, 7.5, 6.0)


class Message:
    """A text that is broken into lines, made smaller, and at last cut, until it fits its place.

    Parameters
    ----------
    artist
        The text; the caller positions it.
    ruler
        Measures it.
    sizes
        Sizes of the font in points, the usual one first.
    """

    def __init__(self, artist: Text, ruler: Ruler, sizes: Sequence[float] = _SIZES) -> None:
        self.artist = artist
        self.words = ""
        self._ruler = ruler
        self._sizes = sizes

    def say(self, words: str) -> bool:
        """Set the words, which are seen once they are fitted; returns whether they are others than before."""
        words = harmless(words)
        if words == self.words:
            return False
        self.words = words
        self.artist.set_text("")
        return True

    def fit(self, width: float, height: float) -> None:
        """Fit the words to a place of a size in points."""
        text, size = paragraph(self.words, (width, height), self._sizes, self._ruler.points)
        self.artist.set_text(text)
        self.artist.set_fontsize(size)
