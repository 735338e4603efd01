"""Former rules: what they raised is withdrawn once all bars were evaluated by those that took their place."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
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


class _Run(msgspec.Struct):
    """The names of the rules of a run, when it last began, and when it had withdrawn what former rules had raised."""

    rules: list[str]
    began: float
    settled: float = 0.0


class FormerRules:
    """Finds alerts that are raised by a former text of a rule, at symbols that it is not for any more, or by a rule
    that was given up. What the present text raised at the same bar was sent with it by then. What somebody has
    acknowledged stays so.

    A rule was given up where an ended run had it together with one of these rules, began after these rules were last
    run, and no other run has it.

    Parameters
    ----------
    rules
        The present rules.
    connection
        librdkafka's properties.

    Attributes
    ----------
    is_displaced : bool
        Whether others of these rules were run since these were: they have withdrawn what only these raise, so that all
        bars are to be evaluated again.
    """

    def __init__(self, rules: Sequence[Rule], connection: Connection) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._connection = connection
        self._next = 0.0
        self._gone: set[str] = set()
        self._path: Path | None = None
        self.is_displaced = False
        self._is_asked = self._is_settled = False

    def begin(self, folder: Path) -> None:
        """Begin with the folder of the state of these rules, beside which those of other runs lie."""
        self._path = folder / _FILE
        own = _read(self._path)
        settled = own.settled if own is not None else 0.0
        self._gone, self.is_displaced = _given_up(folder, self._rules.keys(), settled)
        self._write(settled)

    def withdrawn(self) -> list[Alert]:
        """The withdrawals, once; nothing later, and while the broker does not answer."""
        if self._is_asked or time.monotonic() < self._next:
            return []
        try:
            found = chosen_alerts(self._connection, self._is_outdated)
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
            self._write(time.time())

    def _write(self, settled: float) -> None:
        if self._path is None:
            return
        content = msgspec.json.encode(_Run(sorted(self._rules), time.time(), settled))
        try:
            write_private(self._path, content)
        except OSError as error:  # a full disk: the next start looks once more
            LOG.info("%s is not written: %s", self._path, error)

    def _is_outdated(self, alert: Alert) -> bool:
        if alert.state != "raised" or not alert.rule:
            return False
        rule = self._rules.get(alert.rule)
        if rule is None:
            return alert.rule in self._gone
        if rule.is_level:  # its price is its name, and people may watch the same one on the page
            return False
        return alert.when != rule.when or (
            not rule.of_topics and rule.symbols is not None and alert.symbol not in rule.symbols
        )


def _given_up(folder: Path, names: Collection[str], since: float) -> tuple[set[str], bool]:
    """The names of rules that were given up, and whether others of these rules were run since."""
    gone: set[str] = set()
    is_displaced = False
    kept: set[str] = set(names)
    found = [(run, path.parent) for path in folder.parent.glob(f"*/{_FILE}") if (run := _read(path)) is not None]
    for run, where in sorted(((run, where) for run, where in found if where != folder), key=lambda each: each[0].began):
        if _goes_on(where):
            kept |= set(run.rules)
        elif run.began > since and set(run.rules) & set(names):
            gone |= set(run.rules)
            is_displaced = True
        else:
            gone -= set(run.rules)
    return gone - kept, is_displaced


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
