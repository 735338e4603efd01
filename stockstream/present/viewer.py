"""Viewer: what a window shows of a model: the current key, the pause, price levels, and the status bar's text."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

import msgspec
import numpy as np

from stockstream.present.alert_book import MOST_LISTED, AlertBook, listed
from stockstream.present.headline_book import HeadlineBook
from stockstream.present.level_desk import LevelDesk, NoDesk
from stockstream.present.memory import Memory
from stockstream.present.model import Model
from stockstream.present.notice import Notice
from stockstream.present.pause import Pause
from stockstream.present.plot_data import PlotData, next_key, plot_data
from stockstream.present.price_levels import Alerts, Level, Target
from stockstream.present.status_bar import StatusBar, status_bar, utc_now
from stockstream.present.undrawn import Undrawn
from stockstream.views.status import Status

LOG: Final = logging.getLogger(__name__)

_NOTE_FOR: Final = 8.0
_ALARM_FOR: Final = 60.0
_FLASHES_FOR: Final = 6.0
_FLASH: Final = 0.5
"""Seconds; the last is that of each flash, and of each pause between two."""


class Renderer(Protocol):
    """What draws: a scene of matplotlib, or a page."""

    @property
    def away(self) -> bool:
        """Whether the user has moved the view away from the newest rows."""

    @property
    def crowded(self) -> int:
        """Number of keys shown as indistinguishable lines; 0 if all can be distinguished."""

    def set_data(self, plot_data: PlotData) -> None:
        """Set the data to draw."""

    def say(self, status: StatusBar) -> None:
        """Set the status bar."""


class Viewer:
    """Shows one key of a model, or all, on a renderer.

    Parameters
    ----------
    model
        Where the data comes from.
    renderer
        Where it is shown.
    start, end
        The period to show, ``end`` exclusive; None for no bound.
    alerts
        Price levels to watch; None for none.
    key
        The key to show as soon as it has data, unless the user chooses first; None for the first key.
    book
        The alerts that a process raises; empty without one.
    desk
        Where levels of prices are handed on; None to keep them.
    headlines
        The headlines of the series of their scores.
    ages
        Whether the status bar shows ages.
    undrawn
        The pictures that could not be drawn.
    clock
        The present time in seconds, for messages that are shown for a limited time.
    """

    def __init__(
        self,
        model: Model,
        renderer: Renderer,
        *,
        start: np.datetime64 | None = None,
        end: np.datetime64 | None = None,
        alerts: Alerts | None = None,
        key: str | None = None,
        book: AlertBook | None = None,
        desk: LevelDesk | None = None,
        headlines: HeadlineBook | None = None,
        ages: bool = True,
        undrawn: Undrawn | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.key: str | None = None
        self.caught_up = False
        self.alerts = alerts or Alerts(model.view, Memory(None))
        self.book = book or AlertBook()
        self._desk = desk or NoDesk()
        self._headlines = headlines or HeadlineBook()
        self._renderer = renderer
        self._wanted = key
        self._start, self._end = start, end
        self._ages = ages
        self._undrawn = undrawn or Undrawn()
        self._pause = Pause()
        self._note = Notice(_NOTE_FOR, clock)
        self._alarm = Notice(_ALARM_FOR, clock)
        self._shown: PlotData | None = None

    def refresh(self) -> PlotData:
        """Give the renderer the model's present data."""
        if self.model.view.layout == "one":
            keys = self.model.fold.keys()
            if self._wanted in keys:
                self.key, self._wanted = self._wanted, None
            if self.key not in keys:
                self.key = next_key(keys, None, 0)
        shown = plot_data(self.model, self.key, start=self._start, end=self._end)
        empty = "" if len(shown.frame) else self._empty(self.model.status())
        # The columns may change while a paused renderer draws them.
        frame = shown.frame.copy() if self.paused else shown.frame
        notes = self.book.notes(shown.key, frame, simulated=shown.simulated) + self._headlines.notes(shown.key, frame)
        newest = tuple(self.book.newest(MOST_LISTED))
        levels = self.alerts.lines(shown.key)
        self._put(replace(shown, frame=frame, empty=empty, levels=levels, notes=notes, newest=newest))
        return shown

    def _put(self, shown: PlotData) -> None:
        self._shown = shown
        self._renderer.set_data(shown)

    def say(self, now: datetime) -> StatusBar:
        """Give the renderer the status bar."""
        status = self.model.status()
        self.caught_up = status.caught_up
        self._exchange_levels()
        said = status_bar(
            status,
            now,
            zone=self._shown.zone if self._shown else None,
            sources=[self._shown.source] if self._shown and self._shown.source else [],
            held=self._pause.waiting(status),
            away=self._renderer.away,
            crowded=self._renderer.crowded,
            note=self._note.text,
            alarm=self._alarm.text,
            undrawn=self._undrawn.text,
            alerts=self._alert_words(now),
            ages=self._ages,
        )
        if self.flashing and int(self._alarm.age / _FLASH) % 2:
            said = replace(said, tone="bad")
        self._renderer.say(said)
        return said

    def _alert_words(self, now: datetime) -> tuple[str, str]:
        """What is wrong with the process that raises alerts, and how many of its alerts nobody has seen."""
        silent, shown = self.book.silent_since(now), self._shown
        wrong = "" if silent is None else f"the alerts process is silent since {silent.astimezone():%H:%M}"
        count = self.book.unseen(shown.key, simulated=shown.simulated) if shown else 0
        return wrong, f"{count:,} alert{'' if count == 1 else 's'} (i)" if count else ""

    @property
    def wanted_key(self) -> str | None:
        """The key that the user chose; until it has data another key is shown."""
        return self._wanted or self.key

    def note(self, text: str) -> None:
        """Show a message in the status bar for some seconds, from the next call of `say`."""
        self._note.say(text)

    @property
    def noted(self) -> str:
        """The message of `note`, while it is shown."""
        return self._note.text

    # Price levels.

    def flag(self, target: Target | None, *, once: bool = False) -> None:
        """Add a price level at the mouse, or remove an existing one there; None outside panels.

        With ``once`` the level ends with its first crossing, and an existing one begins or ceases to.
        """
        if self.key is None or target is None or self._shown is None or not len(self._shown.frame):
            self.note("h watches a level of a symbol's panel: point at one")
            return
        name = self.alerts.names[target.panel]
        if target.near is not None and once:
            self._switch(self.key, target.panel, target.near, target.format_value(target.near))
        elif target.near is not None:
            back = self.alerts.remove(self.key, Level(name, target.near))
            until = ", until the window is opened again: the settings name it" if back else ""
            self.note(f"{target.format_value(target.near)} is watched no longer{until}")
        elif not self.alerts.watched(target.panel):
            self.note("nothing in this panel can cross a level")
        else:
            self.alerts.add(self.key, Level(name, target.value, once))
            self.alerts.begin(self.key, self.model.fold.frame(self.key))
            ends = ", once" if once else ""
            handed = self._desk.hands and self.alerts.hands(target.panel)
            by = " by the alerts process" if handed and self.book.runs(utc_now()) else ""
            self.note(f"{target.format_value(target.value)} is watched{by}{ends}; h there again ends that")
        self._put(replace(self._shown, levels=self.alerts.lines(self.key)))

    def _switch(self, key: str, panel: int, value: float, text: str) -> None:
        level = self.alerts.at(key, panel, value)
        if level is not None:
            self.alerts.add(key, msgspec.structs.replace(level, once=not level.once))
            self.note(f"{text} is watched {'at every crossing' if level.once else 'once'}")

    def _exchange_levels(self) -> None:
        """Hand on what the user changed, and show what others changed."""
        if not self.caught_up:
            return
        changed = self._exchanged()
        for key in changed:
            self.alerts.begin(key, self.model.fold.frame(key))
        text = self._desk.said()
        if text:
            LOG.warning("%s", text)
            self.note(text)
        if self.key in changed and self._shown is not None:
            self._put(replace(self._shown, levels=self.alerts.lines(self.key)))

    def _exchanged(self) -> set[str]:
        """Exchange the levels of all keys that have some, here or elsewhere; returns those that others changed."""
        kept = self.alerts.exchanged() | self._desk.symbols()
        keys = kept.intersection(self.model.fold.keys()) if kept else kept
        return {key for key in keys if self.alerts.exchange(key, self._desk)}

    def close(self) -> None:
        """Hand on what the user has just changed; the window is closed, and nothing is drawn."""
        self._desk.close()
        if self.caught_up:
            self._exchanged()

    def grab(self, target: Target | None) -> Level | None:
        """The level at the mouse, which is to be moved; None without one."""
        if self.key is None or target is None or target.near is None:
            return None
        return self.alerts.at(self.key, target.panel, target.near)

    def move(self, level: Level, target: Target | None) -> Level:
        """Move a level to the height of the mouse in its panel, over others there; returns it as it is now."""
        if self.key is None or self._shown is None or target is None or self.alerts.names[target.panel] != level.panel:
            return level
        if self.alerts.at(self.key, target.panel, target.value) is not None:  # itself, or another one
            return level
        moved = msgspec.structs.replace(level, value=target.value)
        self.alerts.remove(self.key, level)
        self.alerts.add(self.key, moved)
        self._put(replace(self._shown, levels=self.alerts.lines(self.key)))
        return moved

    def look(self) -> None:
        """Report crossings by rows that arrived since the last check; history is not reported."""
        if not self.caught_up:
            return
        fold, told = self.model.fold, self.book.runs(utc_now())
        keys = set(fold.keys())
        sentences = [listed(alert) for alert in self.book.fresh() if alert.symbol in keys or not alert.symbol]
        for key in self.alerts.keys():
            if key in keys:
                shown = fold.identity(key)
                crossings = self.alerts.check(key, fold.frame(key), told=told)
                sentences += [each.sentence(zone=shown.zone, simulated=shown.simulated) for each in crossings]
        for sentence in sentences:
            LOG.warning("%s", sentence)
        if sentences:
            if self._shown is not None and self.key is not None:  # a level of once has ended
                self._put(replace(self._shown, levels=self.alerts.lines(self.key)))
            more = f" (and {len(sentences) - 1} more: see the log)" if len(sentences) > 1 else ""
            self._alarm.say(sentences[-1] + more)

    @property
    def flashing(self) -> bool:
        """Whether the status bar flashes, so that `say` must be called every half second."""
        return bool(self._alarm.text) and self._alarm.age < _FLASHES_FOR

    def dismiss_alert(self) -> None:
        """Remove an alert that the user has seen."""
        self._alarm.say("")

    # The current key.

    def turn(self, step: int) -> None:
        """Show the key ``step`` positions further in the list."""
        keys = self.model.fold.keys()
        if self.model.view.layout == "all" or len(keys) <= 1:
            self.note(f"there is no other {self.model.view.key_name} to show")
            return
        self._choose(next_key(keys, self.key, step))

    def pick(self, index: int) -> None:
        """Show a key by its number, from 0."""
        keys = self.model.fold.keys()
        if self.model.view.layout == "all" or index >= len(keys):
            self.note(f"there is no {self.model.view.key_name} {index + 1} to show")
            return
        self._choose(keys[index])

    def _choose(self, key: str | None) -> None:
        self.key, self._wanted = key, None
        self.refresh()

    @property
    def paused(self) -> bool:
        """Whether drawing is paused."""
        return bool(self._pause)

    def pause(self) -> None:
        """Pause or resume the drawing; reading continues."""
        self._pause.toggle(self.model.status())
        self.refresh()

    def _empty(self, status: Status) -> str:
        """Message in the middle while there are no rows."""
        topic = self.model.view.topic.name
        if status.waiting:
            return f"waiting for {status.waiting}"
        if self.model.fold.keys():
            return "no data in the period that was asked for"
        return f"no data yet in the topic {topic}" if status.caught_up else f"reading the topic {topic}"
