"""Between a model and a scene: which key is shown, whether the drawing is paused, and what the strip says."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

import numpy as np

from stockstream.charts.model import Model
from stockstream.charts.scene import Scene
from stockstream.charts.strip import Strip, strip
from stockstream.charts.subject import Subject, next_key, subject
from stockstream.views.status import Status

_NOTE_FOR: Final = 8.0


class Viewer:
    """Shows one key of a model, or all, on a scene.

    Parameters
    ----------
    model
        Where the data comes from.
    scene
        Where it is shown.
    start, end
        The stretch to show, ``end`` exclusive; None for no bound.
    key
        What to show as soon as it is there, unless the user chooses first; None for the first there is.
    ages
        Whether the strip tells how long ago things were.
    """

    def __init__(
        self,
        model: Model,
        scene: Scene,
        *,
        start: np.datetime64 | None = None,
        end: np.datetime64 | None = None,
        key: str | None = None,
        ages: bool = True,
    ) -> None:
        self.model = model
        self.scene = scene
        self.key: str | None = None
        self._wanted = key
        self.paused = False
        self.caught_up = False
        self._bounds = {"start": start, "end": end}
        self._ages = ages
        self._note = ("", 0.0)
        self._taken = 0
        self._zone: str | None = None

    def show(self) -> Subject:
        """Put what the model holds now on the scene; nothing is painted yet."""
        if self.model.view.layout == "one":
            keys = self.model.fold.keys()
            if self._wanted in keys:
                self.key, self._wanted = self._wanted, None
            if self.key not in keys:
                self.key = next_key(keys, None, 0)
        shown = subject(self.model, self.key, **self._bounds)
        self._zone = shown.zone
        self.scene.show(shown, empty="" if len(shown.frame) else self._empty(self.model.status()))
        if self.paused:
            self.scene.hold()
        return shown

    def say(self, now: datetime) -> Strip:
        """Put how the data stands on the scene."""
        text, until = self._note
        status = self.model.status()
        self.caught_up = status.caught_up
        said = strip(
            status,
            now,
            zone=self._zone,
            held=status.taken - self._taken if self.paused else None,
            note=text if time.monotonic() < until else "",
            ages=self._ages,
        )
        self.scene.say(said)
        return said

    @property
    def wish(self) -> str | None:
        """What the user wants to see: what is shown, but for what is shown until that is there."""
        return self._wanted or self.key

    def note(self, text: str) -> None:
        """Have the strip say something for a while, from when `say` is called next."""
        self._note = (text, time.monotonic() + _NOTE_FOR)

    def turn(self, step: int) -> None:
        """Show the key that stands ``step`` places on."""
        keys = self.model.fold.keys()
        if self.model.view.layout == "all" or len(keys) <= 1:
            self.note(f"there is no other {self.model.view.key_name} to show")
            return
        self._choose(next_key(keys, self.key, step))

    def pick(self, place: int) -> None:
        """Show the key at a place, counted from 0."""
        keys = self.model.fold.keys()
        if self.model.view.layout == "all" or place >= len(keys):
            self.note(f"there is no {self.model.view.key_name} {place + 1} to show")
            return
        self._choose(keys[place])

    def _choose(self, key: str | None) -> None:
        self.key, self._wanted = key, None
        self.show()

    def pause(self) -> None:
        """Stop the drawing, or go on with it; reading goes on in any case."""
        self.paused = not self.paused
        self._taken = self.model.status().taken
        self.show()

    def _empty(self, status: Status) -> str:
        """What stands in the middle while there is nothing to draw."""
        topic = self.model.view.topic.name
        if status.waiting:
            return f"waiting for {status.waiting}"
        if self.model.fold.keys():
            return "no data in the stretch that was asked for"
        return f"no data yet in the topic {topic}" if status.caught_up else f"reading the topic {topic}"
