"""Handed levels: the price levels of a window, which the alerts process watches, also when the window is closed."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

from stockstream.alerts.alert import level_id
from stockstream.alerts.watched_levels import MOST, Levels, unwatched, watching
from stockstream.errors import AuthError, StockstreamError
from stockstream.present.level_desk import Merged
from stockstream.records import Alert, Candle, Series

_AT_REST: Final = 0.5
"""Seconds since the last change of a level: one that is moved with the mouse is handed when it rests."""

_AGAIN: Final = 5.0
"""Seconds after which a record that was not sent is sent again."""

_ALONE: Final = "levels are watched by this window alone"


class Post(Protocol):
    """Sends records without blocking, in order."""

    def send(self, record: Alert, /) -> None:
        """Send one."""

    def failures(self) -> list[tuple[Alert, StockstreamError]]:
        """The records that were not sent since the last call, and why."""


class Newest(Protocol):
    """Finds the newest bar of a symbol that a window shows."""

    def __call__(self, symbol: str, /) -> Candle | None:
        """It, as it arrived; None if there is none."""


def person() -> str:
    """Who sets levels in the windows of this machine; never the name of an account of the page, which has no spaces."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container has users without names
        user = str(os.getuid()) if hasattr(os, "getuid") else "somebody"
    return f"{user} on {socket.gethostname()}".replace("/", "-")


class _Change(NamedTuple):
    """A level as the window has it (None: it has not), and when the record of that is due."""

    wanted: bool | None
    due: float


class HandedLevels:
    """Keeps the levels of a window and those of a person in the topic alerts equal.

    Three states of each level are compared: the window's, the topic's, and the one that both had last. What the window
    changed is sent to the topic. What was changed there, by another window or because a level of once was crossed, is
    changed in the window. While a record of the window is on its way, the topic as it was read is out of date: until
    that record is read, only what the user changes counts. A topic that was made anew gets the window's levels.

    Parameters
    ----------
    owner
        Who sets the levels.
    newest
        Finds the newest bar of a symbol.
    post
        Sends records.
    band
        Dead band of the levels in percent. A level that has another one is sent again, once.
    clock
        Gives the time in seconds.

    Attributes
    ----------
    levels
        The levels of the topic; who reads it gives them its records.
    """

    def __init__(
        self, owner: str, newest: Newest, post: Post, *, band: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.levels = Levels()
        self._owner = owner
        self._newest = newest
        self._post = post
        self._band = band
        self._clock = clock
        self._changes: dict[str, _Change] = {}
        """What is to be sent, by the ids of levels."""
        self._sent: dict[str, Alert] = {}
        """The last record of each level that was sent and is not read yet."""
        self._banded: set[str] = set()
        """Levels whose dead band was compared."""
        self._closes = False
        self._refusal: str | None = None
        self._note = ""
        self._is_said = False

    def said(self) -> str:
        """As `LevelDesk.said`."""
        note, self._note = self._note, ""
        return note

    @property
    def hands(self) -> bool:
        """As `LevelDesk.hands`."""
        return self.levels.settled and self.levels.error is None and self._refusal is None and not self._is_full()

    def symbols(self) -> set[str]:
        """As `LevelDesk.symbols`."""
        return {each.symbol for each in (*self.levels.of(self._owner), *self._sent.values())}

    def close(self) -> None:
        """As `LevelDesk.close`."""
        self._closes = True

    def merge(self, symbol: str, own: Mapping[float, bool], agreed: Mapping[float, bool]) -> Merged:
        """The levels of a symbol as the window should have them, and those that the topic has, too.

        ``own`` are the window's, ``agreed`` what the last call returned as such: value, and whether it is of once.
        """
        self._hear()
        newest = self._newest(symbol) if self.levels.settled else None
        if newest is None:
            return Merged(own, agreed)
        if self.levels.error is not None:
            self._refusal = self._refusal or str(self.levels.error)
        if self._refusal is not None:
            self._say(f"{_ALONE}: {self._refusal}", when=bool(own))
            return Merged(own, {})
        series = Series(newest.symbol, newest.interval, newest.feed)
        theirs = {_value(each): each for each in self.levels.by(self._owner, series)}
        sent = {_value(each) for each in self._sent.values() if each.series == series}
        mine, both = dict(own), dict(agreed)
        for value in sorted({*own, *agreed, *theirs, *sent}):
            name = level_id(self._owner, series, value)
            if not self._settle(name, value, mine, theirs.get(value), both):
                self._hand(name, value, newest, mine.get(value))
            if self._closes and name in self._sent:  # nobody will read it here; the end of a level is asked for again
                _set(both, value, mine.get(value, both.get(value)))
        return Merged(mine, both)

    def _settle(
        self, name: str, value: float, mine: dict[float, bool], record: Alert | None, both: dict[float, bool]
    ) -> bool:
        """Bring one level together; returns False where the window has the last word, and its level is to be sent."""
        if name in self._sent and not self.levels.awaits(name):
            _set(both, value, _once(self._sent.pop(name)))  # it was read, or the topic was made anew
        if name in self._sent:
            return False
        here, there, before = mine.get(value), _once(record), both.get(value)
        if there is None and not self.levels.has_ended(name):
            before = None  # the topic never had it, or was made anew
        if here != there and here != before:
            _set(both, value, before)
            return False
        _set(mine, value, there)
        _set(both, value, there)
        if here == there and record is not None and self._is_of_another_band(record):
            return False
        self._banded.add(name)
        self._changes.pop(name, None)
        return True

    def _is_of_another_band(self, record: Alert) -> bool:
        """Whether a level has another dead band than those of the window; each is asked for once in a run.

        Otherwise two windows with different settings would send it for ever.
        """
        return record.id not in self._banded and (record.values.get("band") or 0.0) != self._band

    def _hand(self, name: str, value: float, newest: Candle, wanted: bool | None) -> None:
        """Send a level as the window has it, unless that is on its way, once it rests."""
        now, change = self._clock(), self._changes.get(name)
        if change is None and name in self._sent and _once(self._sent[name]) == wanted:
            return
        if change is None or change.wanted != wanted:
            self._changes[name] = change = _Change(wanted, now + _AT_REST)
        if now < change.due and not self._closes:
            return
        if wanted is not None and name not in self.levels and self._is_full():
            self._say(f"{_ALONE}: {self._owner} has {MOST} at the alerts process already")
            return
        moment = datetime.now(UTC)
        record = watching(self._owner, newest, value, moment, once=bool(wanted), band=self._band)
        if wanted is None:
            record = unwatched(record, moment)
        del self._changes[name]
        self._banded.add(name)
        self._sent[name] = record
        self.levels.wait_for(record)
        self._post.send(record)

    def _is_full(self) -> bool:
        """Whether the person has as many levels as are allowed, those on their way included."""
        sent = {name for name, each in self._sent.items() if each.until is None}
        return len(sent | {each.id for each in self.levels.of(self._owner)}) >= MOST

    def _hear(self) -> None:
        """Send again what was not sent, or give up where the broker refuses it."""
        for record, error in self._post.failures():
            if isinstance(error, AuthError):
                self._refusal = self._refusal or str(error)
            if self._sent.get(record.id) is record and record.id not in self._changes:
                self._changes[record.id] = _Change(_once(record), self._clock() + _AGAIN)

    def _say(self, text: str, *, when: bool = True) -> None:
        if when and not self._is_said:
            self._is_said = True
            self._note = text


def _value(level: Alert) -> float:
    return level.values["level"] or 0.0


def _once(level: Alert | None) -> bool | None:
    """Whether a level ends with its first crossing; None for one that has ended, or none."""
    return None if level is None or level.until is not None else bool(level.values.get("once"))


def _set(levels: dict[float, bool], value: float, once: bool | None) -> None:
    if once is None:
        levels.pop(value, None)
    else:
        levels[value] = once
