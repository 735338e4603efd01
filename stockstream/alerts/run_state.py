"""Saved states of runs: where one goes on, and what the one before left to it whose rules had other names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from stockstream.alerts.evaluation.engine import rule_names
from stockstream.alerts.rule import Rule
from stockstream.errors import StateError
from stockstream.records import Alert
from stockstream.views.checkpoint import Checkpoint, Saved

OUTBOX = "outbox"
"""The page of a saved state with its `Waiting`."""


class Waiting(msgspec.Struct):
    """The part of a saved state about alerts on their way: those that wait, the ids of those that nobody is told of,
    and the positions up to which that is so of all."""

    alerts: list[Alert]
    hushed: list[str]
    quiet_until: dict[int, int]


class Kept(NamedTuple):
    """A saved state in its parts: that of the reading, the alerts on their way, and the pages of the engine."""

    saved: Saved
    waiting: Waiting
    pages: dict[str, bytes]

    @property
    def known_until(self) -> dict[int, int]:
        """The positions before which everything was taken, or is of the past: nobody is told of it again."""
        quiet = self.waiting.quiet_until
        return {number: max(end, quiet.get(number, 0)) for number, end in {**quiet, **self.saved.positions}.items()}


def kept(saved: Saved | None) -> Kept | None:
    """A saved state in its parts; None without one. Raises StateError where they cannot be read."""
    if saved is None:
        return None
    pages = {name: page for name, page in saved.pages.items() if page is not None}
    try:
        waiting = msgspec.msgpack.decode(pages.pop(OUTBOX, b""), type=Waiting)
    except msgspec.MsgspecError as error:
        raise StateError(f"the alerts of a saved state cannot be read: {error}") from error
    return Kept(saved, waiting, pages)


def former(folder: Path, rules: Sequence[Rule], topic_id: str) -> Kept | None:
    """The state that went furthest among those of runs with a rule of these names, but not with all and only them.

    Alerts on their way are left out of that of a run which goes on: it sends them itself.
    """
    found: list[Kept] = []
    own, names = state_name(rules), {rule.name for rule in rules}
    for each in sorted(folder.glob("*/checkpoint.sqlite")):
        if each.parent.name == own:
            continue
        with closing(Checkpoint(each.parent)) as checkpoint:
            try:
                state = kept(checkpoint.load(topic_id))
                if state is None or not names & rule_names(state.pages):
                    continue
            except StateError:
                continue
            if not checkpoint.writes:
                state = state._replace(waiting=Waiting([], [], state.waiting.quiet_until))
            found.append(state)
    return max(found, key=lambda state: sum(state.saved.positions.values()), default=None)


def state_name(rules: Sequence[Rule]) -> str:
    """Name of the folder of a state, of the rules' names, so that a changed rule finds the state that it leaves."""
    names = msgspec.json.encode(sorted(rule.name for rule in rules))
    return hashlib.blake2b(names, digest_size=8).hexdigest()
