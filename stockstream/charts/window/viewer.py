"""Viewer: connects a model to a scene; holds the current key, the pause, and the status bar's text."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import datetime
from textwrap import fill
from typing import Final

import numpy as np

from stockstream.charts.overlays.overlay import HALF, Place
from stockstream.charts.scene.scene import Scene
from stockstream.present.memory import Memory
from stockstream.present.model import Model
from stockstream.present.plot_data import PlotData, next_key, plot_data
from stockstream.present.price_levels import Alerts, Level
from stockstream.present.status_bar import StatusBar, status_bar
from stockstream.views.status import Status

LOG: Final = logging.getLogger(__name__)

_LINE: Final = 48
"""Maximum number of characters in a line of the message in an empty window."""

_NOTE_FOR: Final = 8.0
_ALARM_FOR: Final = 60.0
_FLASHES_FOR: Final = 6.0
_FLASH: Final = 0.5
"""Seconds; the last is that of each flash, and of each pause between two."""


class Viewer:
    """Shows one key of a model, or all, on a scene.

    Parameters
    ----------
    model
        Where the data comes from.
    scene
        Where it is shown.
    start, end
        The period to show, ``end`` exclusive; None for no bound.
    alerts
        Price levels to watch; None for none.
    key
        The key to show as soon as it has data, unless the user chooses first; None for the first key.
    ages
        Whether the status bar shows ages.
    """

    def __init__(
        self,
        model: Model,
        scene: Scene,
        *,
        start: np.datetime64 | None = None,
        end: np.datetime64 | None = None,
        alerts: Alerts | None = None,
        key: str | None = None,
        ages: bool = True,
    ) -> None:
        self.model = model
        self.scene = scene
        self.key: str | None = None
        self._wanted = key
        self.paused = False
        self.caught_up = False
        self.alerts = alerts or Alerts(model.view, Memory(None))
        self._alarm = ("", -_ALARM_FOR)
        self._bounds = {"start": start, "end": end}
        self._ages = ages
        self._note = ("", 0.0)
        self._taken = 0
        self._zone: str | None = None

    def show(self) -> PlotData:
        """Set the scene to the model's present data, without drawing."""
        if self.model.view.layout == "one":
            keys = self.model.fold.keys()
            if self._wanted in keys:
                self.key, self._wanted = self._wanted, None
            if self.key not in keys:
                self.key = next_key(keys, None, 0)
        shown = plot_data(self.model, self.key, **self._bounds)
        self._zone = shown.zone
        self.scene.show(shown, empty="" if len(shown.frame) else self._empty(self.model.status()))
        self.scene.alerts.show(self.alerts.places(shown.key))
        if self.paused:
            self.scene.hold()
        return shown

    def say(self, now: datetime) -> StatusBar:
        """Set the scene's status bar."""
        text, until = self._note
        alarm = self._alarm[0] if time.monotonic() - self._alarm[1] < _ALARM_FOR else ""
        status = self.model.status()
        self.caught_up = status.caught_up
        said = status_bar(
            status,
            now,
            zone=self._zone,
            held=status.taken - self._taken if self.paused else None,
            away=self.scene.viewport.away,
            crowded=self.scene.crowded,
            note=text if time.monotonic() < until else "",
            alarm=alarm,
            ages=self._ages,
        )
        if self.flashing and int((time.monotonic() - self._alarm[1]) / _FLASH) % 2:
            said = replace(said, tone="bad")
        self.scene.say(said)
        return said

    @property
    def wish(self) -> str | None:
        """The key that the user chose; until it has data another key is shown."""
        return self._wanted or self.key

    def note(self, text: str) -> None:
        """Show a message in the status bar for some seconds, from the next call of `say`."""
        self._note = (text, time.monotonic() + _NOTE_FOR)

    # Price levels.

    def flag(self, place: Place) -> None:
        """Add a price level at a position of the canvas, or remove the one that is there."""
        view_context = self.scene.view_context()
        panel = view_context.panel(place)
        if self.key is None or panel is None or not len(view_context.plot_data.frame):
            self.note("h watches a level of a symbol's panel: point at one")
            return
        number = self.scene.panels.index(panel)
        near = self.scene.alerts.at(view_context, number, place[1])
        if near is not None:
            back = self.alerts.remove(self.key, Level(self.alerts.names[number], near))
            until = ", until the window is opened again: the settings name it" if back else ""
            self.note(f"{panel.tell(near)} is watched no longer{until}")
        elif not self.alerts.watched(number):
            self.note("nothing in this panel can cross a level")
        else:
            value = panel.rounded(float(panel.axes.transData.inverted().transform((place[0], place[1] - HALF))[1]))
            self.alerts.add(self.key, Level(self.alerts.names[number], value))
            self.note(f"{panel.tell(value)} is watched; h there again ends that")
        self.scene.alerts.show(self.alerts.places(self.key))

    def look(self) -> None:
        """Report crossings by rows that arrived since the last check; history is not reported."""
        if not self.caught_up:
            return
        fold = self.model.fold
        keys = set(fold.keys())
        told: list[str] = []
        for key in self.alerts.keys():
            if key in keys:
                shown = fold.identity(key)
                crossings = self.alerts.check(key, fold.frame(key))
                told += [each.told(zone=shown.zone, simulated=shown.simulated) for each in crossings]
        for text in told:
            LOG.warning("%s", text)
        if told:
            more = f" (and {len(told) - 1} more: see the log)" if len(told) > 1 else ""
            self._alarm = (told[-1] + more, time.monotonic())

    @property
    def flashing(self) -> bool:
        """Whether the status bar flashes, so that `say` must be called every half second."""
        return time.monotonic() - self._alarm[1] < _FLASHES_FOR

    def hush(self) -> None:
        """Remove an alert that the user has seen."""
        self._alarm = ("", -_ALARM_FOR)

    def measure(self) -> None:
        """Measure between two clicks."""
        self.scene.distance.begin()
        self.note("click two places to measure from one to the other (Esc ends it)")

    # The current key.

    def turn(self, step: int) -> None:
        """Show the key ``step`` positions further in the list."""
        keys = self.model.fold.keys()
        if self.model.view.layout == "all" or len(keys) <= 1:
            self.note(f"there is no other {self.model.view.key_name} to show")
            return
        self._choose(next_key(keys, self.key, step))

    def pick(self, place: int) -> None:
        """Show a key by its number, from 0."""
        keys = self.model.fold.keys()
        if self.model.view.layout == "all" or place >= len(keys):
            self.note(f"there is no {self.model.view.key_name} {place + 1} to show")
            return
        self._choose(keys[place])

    def _choose(self, key: str | None) -> None:
        self.key, self._wanted = key, None
        self.show()

    def pause(self) -> None:
        """Pause or resume the drawing; reading continues."""
        self.paused = not self.paused
        self._taken = self.model.status().taken
        self.show()

    def _empty(self, status: Status) -> str:
        """Message in the middle while there are no rows."""
        topic = self.model.view.topic.name
        if status.waiting:
            return waiting(status)
        if self.model.fold.keys():
            return "no data in the stretch that was asked for"
        return f"no data yet in the topic {topic}" if status.caught_up else f"reading the topic {topic}"


def waiting(status: Status) -> str:
    """Message of a window without data: what it waits for, in lines."""
    return fill(f"waiting for {status.waiting}", _LINE, break_long_words=False)
