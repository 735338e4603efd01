"""List of the newest alerts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from matplotlib.figure import Figure

from stockstream.charts.overlays.card import Card, CardLine
from stockstream.charts.overlays.overlay import Overlay, Piece, ViewContext
from stockstream.charts.theme import Theme
from stockstream.present.alert_book import listed
from stockstream.records import Alert

_NONE: Final = "no alerts so far: `stockstream alerts` raises them, h watches a level here"


class AlertList(Overlay):
    """A card with the newest alerts of all symbols, the last one first."""

    printed = False

    def __init__(self) -> None:
        self.shown = False

    def build(self, figure: Figure, theme: Theme) -> None:
        """Create the card."""
        self._card, self._theme = Card(figure, theme), theme

    def toggle(self, *, off: bool = False) -> None:
        """Show or hide it; ``off`` always hides it."""
        self.changed |= self.shown or not off
        self.shown = not (self.shown or off)

    def place(self, view_context: ViewContext) -> Iterable[Piece]:
        """Place the card in the middle."""
        if not self.shown:
            return
        canvas, alerts = view_context.panels[0].axes.figure.bbox, view_context.plot_data.newest
        lines = [CardLine("Newest alerts", self._theme.text, bold=True), *map(self._line, alerts)]
        if not alerts:
            lines.append(CardLine(_NONE, self._theme.quiet))
        lines = self._card.fitted(view_context, lines, 0.94 * canvas.width)
        while len(lines) > 2 and self._card.size(view_context, lines)[1] > canvas.height:
            lines.pop()
        wide, tall = self._card.size(view_context, lines)
        yield self._card.put(view_context, lines, (canvas.width - wide) // 2, (canvas.height + tall) // 2)

    def _line(self, alert: Alert) -> CardLine:
        return CardLine(listed(alert), self._theme.alarm if alert.state == "raised" else self._theme.quiet)
