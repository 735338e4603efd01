"""What the topic of alerts holds, in a few bytes an alert: the state of each id, and the text of its rule."""

from __future__ import annotations

import hashlib
import zlib
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stockstream.records import Alert, AlertState

_STATES: Final[tuple[AlertState, ...]] = ("raised", "acknowledged", "withdrawn")
_RECENT: Final = 20_000
"""Alerts that are held in a dictionary before they are put to the others, which take 12 bytes each."""


class HeldAlert(NamedTuple):
    """An alert of the topic: its state, and a checksum of its rule's text."""

    state: AlertState
    when: int


class Held:
    """The last states of alerts by their ids, of which only hashes are kept; and the records by which rules are muted.

    >>> from datetime import UTC
    >>> now = datetime(2026, 3, 2, tzinfo=UTC)
    >>> held = Held()
    >>> held.take(Alert(id="1", rule="high", when="close > 1", symbol="A", time=now, at=now, text=""))
    >>> held.get("1") == HeldAlert("raised", text_sum("close > 1")), held.get("2")
    (True, None)
    """

    def __init__(self) -> None:
        self._mutes: dict[str, Alert] = {}
        self._levels: dict[str, tuple[datetime, bool]] = {}
        """When each level was set last, and whether that one has ended."""
        self._recent: dict[int, int] = {}
        self._hashes: NDArray[np.uint64]
        self._codes: NDArray[np.uint32]
        self.clear()

    def __len__(self) -> int:
        """Number of alerts that are held; one whose state has changed lately may count twice."""
        return len(self._recent) + len(self._hashes)

    def take(self, alert: Alert) -> None:
        """Take the newest record of an id."""
        if alert.state == "muted":
            self._mutes[alert.id] = alert
        elif alert.state == "watched":
            self._levels[alert.id] = _setting(alert)
        elif alert.state in _STATES:
            self._recent[_hash(alert.id)] = text_sum(alert.when) << 2 | _STATES.index(alert.state)
            if len(self._recent) >= _RECENT:
                self._put_together()

    def clear(self) -> None:
        """Forget all."""
        self._mutes.clear()
        self._levels.clear()
        self._recent.clear()
        self._hashes, self._codes = np.empty(0, np.uint64), np.empty(0, np.uint32)

    def get(self, identity: str) -> HeldAlert | None:
        """What is held of an id."""
        name = _hash(identity)
        code = self._recent.get(name)
        if code is None:
            place = int(np.searchsorted(self._hashes, np.uint64(name)))
            if place == len(self._hashes) or int(self._hashes[place]) != name:
                return None
            code = int(self._codes[place])
        return HeldAlert(_STATES[code & 3], code >> 2)

    def has_level(self, record: Alert) -> bool:
        """Whether a record of a level is there, or one of a later setting of it."""
        there = self._levels.get(record.id)
        return there is not None and there >= _setting(record)

    def muted(self, now: datetime) -> set[tuple[str, str]]:
        """The rules that are muted now, each with its symbol, or an empty text for all."""
        return {
            (each.rule, each.symbol) for each in self._mutes.values() if each.until is not None and each.until > now
        }

    def _put_together(self) -> None:
        hashes = np.concatenate([self._hashes, np.fromiter(self._recent, np.uint64, len(self._recent))])
        codes = np.concatenate([self._codes, np.fromiter(self._recent.values(), np.uint32, len(self._recent))])
        # Of equal ids the last counts.
        self._hashes, first = np.unique(hashes[::-1], return_index=True)
        self._codes = codes[::-1][first]
        self._recent.clear()


def text_sum(text: str) -> int:
    """A checksum of a rule's text, of 30 bits."""
    return zlib.crc32(text.encode()) >> 2


def _setting(level: Alert) -> tuple[datetime, bool]:
    """What orders the records of a level: when it was set, and whether that one has ended."""
    return level.at, level.until is not None


def _hash(identity: str) -> int:
    return int.from_bytes(hashlib.blake2b(identity.encode(), digest_size=8).digest())
