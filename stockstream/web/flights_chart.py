"""Flights chart: flights per airline and day, as the page draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stockstream.codec import Json
from stockstream.consumers.flights import VIEW
from stockstream.names import harmless
from stockstream.present.airlines import palette_indexes
from stockstream.present.plot_data import beside_each_other
from stockstream.present.price_levels import names
from stockstream.views.flights import FlightsFold
from stockstream.views.fold import Identity
from stockstream.views.frame import Frame
from stockstream.web.chart import described

_COLUMN = "flights"
_COLORS = 8
"""Colours of a palette: the same colour comes again dashed."""


class FlightsChart:
    """Draws the airlines asked for, or the busiest ones, of a fold."""

    def __init__(self, fold: FlightsFold, airlines: Sequence[str]) -> None:
        self.fold = fold
        self._airlines = tuple(airlines)

    def _keys(self) -> list[str]:
        known = set(self.fold.known())
        return [each for each in self._airlines if each in known] or self.fold.keys()

    def frame(self) -> Frame | None:
        """A column for each airline; None while there are none."""
        frames = {key: self.fold.frame(key) for key in self._keys()}
        if not frames:
            return None
        frame = beside_each_other(frames, [_COLUMN])
        return Frame("time", {"time": frame.instants} | {name: frame[name] for name in frame if name != frame.index})

    def description(self, frame: Frame) -> dict[str, Json]:
        """What to draw, and the airlines with their colours and totals."""
        keys = self._keys()
        places = palette_indexes(keys)
        groups: list[Json] = [
            {
                "key": key,
                "label": harmless(key),
                "total": float(np.nansum(frame[f"{_COLUMN} {key}"])),
                "color": places[key],
                "again": places[key] >= _COLORS,
            }
            for key in keys
        ]
        return {
            "title": VIEW.title,
            "symbol": "",
            "zone": None,
            "simulated": False,
            "measure": None,
            "decimals": 0,
            "panels": [described(panel) for panel in VIEW.panels],
            "undefined": {},
            "groups": groups,
            "known": [{"key": key, "label": harmless(key)} for key in self.fold.known()],
            "names": names(VIEW.panels),
            "watched": [],
        }

    def undefined(self, frame: Frame) -> dict[str, str]:  # noqa: ARG002 - a count is always defined
        """None of its columns is."""
        return {}

    @property
    def identity(self) -> Identity | None:
        """Of days, which have no zone."""
        return Identity(VIEW.title) if self.fold.known() else None

    def counts(self) -> Mapping[str, int]:
        """Numbers of irregular rows."""
        return self.fold.counts()
