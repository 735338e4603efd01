"""Handed levels: the price levels of a window, which the alerts process watches, also when the window is closed."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
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
    except (KeyError, OSError):  # a container has users without names
        user = str(os.getuid()) if hasattr(os, "getuid") else "somebody"
    return f"{user} on {socket.gethostname()}".replace("/", "-")


class _Change(NamedTuple):
    """A level as the window has it (None: it has not), since when, and when its record was sent, or is to be again."""

    wanted: bool | None
    since: float
    sent: float | None = None


class HandedLevels:
    """Keeps the levels of a window and those of a person in the topic alerts equal, by what both last agreed on.

    What the window changed is sent to the topic. What was changed there, by another window or because a level of once
    was crossed, is changed in the window. A topic that was made anew gets the window's levels.

    Parameters
    ----------
    owner
        Who sets the levels.
    newest
        Finds the newest bar of a symbol.
    post
        Sends records.
    band
        Dead band of the levels in percent.
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
        self._refusal: str | None = None
        self._note = ""
        self._is_said = False

    def take(self, records: Iterable[Alert]) -> None:
        """Take records of the topic."""
        self.levels.take(records)

    def said(self) -> str:
        """What the user should know, once."""
        note, self._note = self._note, ""
        return note

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
        theirs = {
            each.values["level"] or 0.0: bool(each.values.get("once")) for each in self.levels.by(self._owner, series)
        }
        mine, both = dict(own), dict(agreed)
        for value in sorted({*own, *agreed, *theirs}):
            self._settle(level_id(self._owner, series, value), value, newest, mine, theirs.get(value), both)
        return Merged(mine, both)

    def _settle(
        self, name: str, value: float, newest: Candle, mine: dict[float, bool], there: bool | None,
        both: dict[float, bool],
    ) -> None:  # fmt: skip
        """Bring one level together: who changed it since both agreed has the last word, the window before others."""
        here, before = mine.get(value), both.get(value)
        if there is None and not self.levels.has_ended(name):
            before = None  # the topic never had it, or was made anew
        if here == there:
            self._changes.pop(name, None)
            _set(both, value, here)
        elif here == before:
            _set(mine, value, there)
            _set(both, value, there)
        else:
            _set(both, value, before)
            self._hand(name, value, newest, here)

    def _hand(self, name: str, value: float, newest: Candle, wanted: bool | None) -> None:
        now = self._clock()
        change = self._changes.get(name)
        if change is None or change.wanted != wanted:
            self._changes[name] = change = _Change(wanted, now)
        if now - change.since < _AT_REST or (change.sent is not None and now < change.sent):
            return
        if wanted is not None and name not in self.levels and len(self.levels.of(self._owner)) >= MOST:
            self._say(f"{_ALONE}: {self._owner} has {MOST} at the alerts process already")
            return
        moment = datetime.now(UTC)
        record = watching(self._owner, newest, value, moment, once=bool(wanted), band=self._band)
        self._changes[name] = change._replace(sent=float("inf"))
        self._post.send(unwatched(record, moment) if wanted is None else record)

    def _hear(self) -> None:
        """Send again what was not sent, or give up where the broker refuses it."""
        for record, error in self._post.failures():
            if isinstance(error, AuthError):
                self._refusal = self._refusal or str(error)
            change = self._changes.get(record.id)
            if change is not None:
                self._changes[record.id] = change._replace(sent=self._clock() + _AGAIN)

    def _say(self, text: str, *, when: bool = True) -> None:
        if when and not self._is_said:
            self._is_said = True
            self._note = text


def _set(levels: dict[float, bool], value: float, once: bool | None) -> None:
    if once is None:
        levels.pop(value, None)
    else:
        levels[value] = once
