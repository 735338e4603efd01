"""Former rules: what they raised is withdrawn once all bars were evaluated by those that took their place."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock, Timeout

from stockstream.alerts.alert import outdated
from stockstream.alerts.alerts_topic import chosen_alerts
from stockstream.alerts.rule import Rule
from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.files import write_private
from stockstream.records import Alert

LOG: Final = logging.getLogger(__name__)

_FILE: Final = "rules.json"
"""The file of a `_Run`, in the folder of its state."""

_AGAIN: Final = 5.0
"""Seconds until the topic is asked again after the broker did not answer."""


class _Said(msgspec.Struct, frozen=True):
    """A rule as its alerts tell of it: its name, its text, and its symbols; None for all."""

    name: str
    when: str
    symbols: frozenset[str] | None
    is_level: bool

    @classmethod
    def of(cls, rule: Rule) -> _Said:
        return cls(rule.name, rule.when, None if rule.of_topics else rule.symbols, rule.is_level)


class _Run(msgspec.Struct):
    """The rules of a run, when it last began, when it had withdrawn what former rules had raised, and those former ones
    of which it had not yet."""

    rules: list[_Said]
    began: float
    settled: float = 0.0
    former: list[_Said] = []

    @property
    def names(self) -> set[str]:
        return {rule.name for rule in self.rules}


class FormerRules:
    """Finds alerts that are raised by a former text of a rule, at symbols that it is not for any more, or by a rule
    that was given up. What the present text raised at the same bar was sent with it by then. What somebody has
    acknowledged stays so.

    Only what a run of this machine is known to have raised is withdrawn, and nothing that one which goes on may have.
    A rule was given up where an ended run had it together with one of these rules, began after these rules were last
    run, and no other run has it. Alerts of price levels stay: people may watch the same ones on the page.

    Parameters
    ----------
    rules
        The present rules.
    connection
        librdkafka's properties.

    Attributes
    ----------
    is_displaced : bool
        Whether others of these rules were run since these were: they may have withdrawn what only these raise, so that
        all bars are to be evaluated again.
    """

    def __init__(self, rules: Sequence[Rule], connection: Connection) -> None:
        self._rules = [_Said.of(rule) for rule in rules]
        self._connection = connection
        self._next = 0.0
        self._former: list[_Said] = []
        """The former ones of the runs with the same names."""
        self._began = self._since = 0.0
        self._path: Path | None = None
        self.is_displaced = False
        self._is_asked = self._is_settled = False

    def begin(self, folder: Path) -> None:
        """Begin with the folder of the state of these rules, beside which those of other runs lie."""
        self._path = folder / _FILE
        own = _read(self._path)
        if own is not None:
            self._since = own.settled
            self._former = list({*own.former, *own.rules} - {*self._rules})
        self._began = time.time()
        names = {rule.name for rule in self._rules}
        self.is_displaced = any(_follows(run, names, self._since) for run, _ in _others(folder))
        self._write(self._former)

    def withdrawn(self) -> list[Alert]:
        """The withdrawals, once; nothing later, and while the broker does not answer."""
        if self._path is None or self._is_asked or time.monotonic() < self._next:
            return []
        # Only now: of processes that start together each has begun when all bars were evaluated.
        given_up, running = _given_up(self._path.parent, {rule.name for rule in self._rules}, self._since)
        former = {rule for rule in [*self._former, *given_up] if not rule.is_level}
        by_former, by_present = _raised_by(former), _raised_by([*self._rules, *running])

        def is_outdated(alert: Alert) -> bool:
            return alert.state == "raised" and by_former(alert) and not by_present(alert)

        try:
            found = chosen_alerts(self._connection, is_outdated) if former else []
        except BrokerError as error:
            LOG.info("alerts of former rules stay for now: %s", error)
            self._next = time.monotonic() + _AGAIN
            return []
        self._is_asked = True
        now = datetime.now(UTC)
        return [outdated(alert, now) for alert in found]

    def settle(self) -> None:
        """Note that the withdrawals were sent: the next run does not look for the same rules."""
        if self._is_asked and not self._is_settled:
            self._is_settled = True
            self._since = time.time()
            self._write([])

    def _write(self, former: list[_Said]) -> None:
        if self._path is None:
            return
        content = msgspec.json.encode(_Run(self._rules, self._began, self._since, former))
        try:
            write_private(self._path, content)
        except OSError as error:  # a full disk: the next start looks once more
            LOG.info("%s is not written: %s", self._path, error)


def _raised_by(rules: Iterable[_Said]) -> Callable[[Alert], bool]:
    """Whether an alert may come from one of the rules."""
    symbols: defaultdict[tuple[str, str], list[frozenset[str] | None]] = defaultdict(list)
    for rule in rules:
        symbols[rule.name, rule.when].append(rule.symbols)
    return lambda alert: any(
        chosen is None or alert.symbol in chosen for chosen in symbols.get((alert.rule, alert.when), ())
    )


def _given_up(folder: Path, names: Collection[str], since: float) -> tuple[list[_Said], list[_Said]]:
    """The rules of ended runs that those of these names follow, and the rules of runs that go on."""
    gone: list[_Said] = []
    running: list[_Said] = []
    for run, where in _others(folder):
        if _goes_on(where):
            running += run.rules
        elif _follows(run, names, since):
            gone += [*run.rules, *run.former]
        else:
            gone = [rule for rule in gone if rule.name not in run.names]
    return gone, running


def _others(folder: Path) -> list[tuple[_Run, Path]]:
    """The other runs with the folders of their states, in the order in which they began."""
    found = [(run, path.parent) for path in folder.parent.glob(f"*/{_FILE}") if (run := _read(path)) is not None]
    return sorted(((run, where) for run, where in found if where != folder), key=lambda each: each[0].began)


def _follows(run: _Run, names: Collection[str], since: float) -> bool:
    """Whether a run had a rule of these names, and began after a time."""
    return run.began > since and not run.names.isdisjoint(names)


def _read(path: Path) -> _Run | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Run)
    except (OSError, msgspec.MsgspecError):
        return None


def _goes_on(folder: Path) -> bool:
    try:
        with FileLock(folder / "lock", blocking=False, mode=0o600):
            return False
    except Timeout:
        return True
