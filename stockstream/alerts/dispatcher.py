"""Dispatcher: sends the alerts of an outbox to all sinks, each on a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, Protocol

from stockstream.alerts.outbox import Outbox, Outgoing, Progress
from stockstream.alerts.sinks.sink import Sink
from stockstream.errors import SinkError, SinkRefused, StateError
from stockstream.producers.patience import Patience
from stockstream.records import Alert

LOG: Final = logging.getLogger(__name__)

PATIENCE: Final = Patience(first=1.0, longest=300.0)
_READ: Final = 100
"""Alerts that a sink holds in memory; the others wait in the outbox."""

_LOOK: Final = 1.0
"""Seconds between two looks into the outbox, if nobody calls `Dispatcher.wake`."""

_MOST_ASKED: Final = 900.0
_PRUNE_EVERY: Final = 1_000


class Reports(Protocol):
    """Receives messages for the user; called on the threads of the sinks."""

    def note(self, text: str) -> None:
        """An information."""

    def warn(self, text: str) -> None:
        """A warning."""


class Dispatcher:
    """Sends alerts, each at least once to each sink, in order. A sink that fails is tried again; the others go on.

    Parameters
    ----------
    path
        The database with the outbox.
    sinks
        The sinks by name.
    reports
        Receives a message when a sink fails, and one when it succeeds again.
    patience
        Pauses after failures.
    """

    def __init__(
        self, path: Path, sinks: Mapping[str, Sink], reports: Reports, *, patience: Patience = PATIENCE
    ) -> None:
        self._path = path
        with closing(Outbox(path)) as outbox:
            outbox.begin(list(sinks))
        self._ending = threading.Event()
        self._lanes = [_Lane(name, sink, path, _Voice(reports), patience, self._ending) for name, sink in sinks.items()]

    def start(self) -> None:
        """Begin to send."""
        for lane in self._lanes:
            lane.start()

    def wake(self) -> None:
        """Say that alerts were put into the outbox and committed."""
        for lane in self._lanes:
            lane.woken.set()

    def progress(self) -> dict[str, Progress]:
        """By sink, how many alerts wait and were refused. Raises StateError."""
        with closing(Outbox(self._path)) as outbox:
            return outbox.progress()

    def drain(self, seconds: float) -> bool:
        """Wait until all sinks have sent all alerts, for so long at most; returns whether they have."""
        self.wake()
        until = time.monotonic() + seconds
        with closing(Outbox(self._path)) as outbox:
            while any(each.waiting for each in outbox.progress().values()):
                if time.monotonic() > until:
                    return False
                time.sleep(0.05)
        return True

    def close(self, seconds: float = 5.0) -> None:
        """Stop after the present alert of each sink, or after so many seconds; what was not sent stays."""
        self._ending.set()
        self.wake()
        until = time.monotonic() + seconds
        for lane in self._lanes:
            lane.join(max(0.0, until - time.monotonic()))


class _Voice:
    """Reports of a sink: a failure once, until it succeeds again."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._said = ""

    def failed(self, name: str, error: SinkError, pause: float) -> None:
        if error.message != self._said:
            self._said = error.message
            hint = f" - {error.hint}" if error.hint else ""
            self._reports.warn(f"alert sink {name}: {error.message}; trying again in {pause:.0f} s{hint}")

    def refused(self, name: str, error: SinkRefused, identity: str) -> None:
        self._reports.warn(f"alert sink {name}: {error.message}; alert {identity} is passed over")

    def succeeded(self, name: str) -> None:
        if self._said:
            self._said = ""
            self._reports.note(f"alert sink {name} works again")

    def unreadable(self, name: str, sequence: int) -> None:
        self._reports.warn(f"alert sink {name}: number {sequence} of the outbox cannot be read; it is passed over")

    def stopped(self, name: str, reason: str, pause: float) -> None:
        if reason != self._said:
            self._said = reason
            self._reports.warn(f"alert sink {name}: {reason}; trying again in {pause:.0f} s")


class _Lane(threading.Thread):
    """The thread of a sink."""

    def __init__(
        self, name: str, sink: Sink, path: Path, voice: _Voice, patience: Patience, ending: threading.Event
    ) -> None:
        super().__init__(daemon=True, name=f"alerts to {name}")
        self.woken = threading.Event()
        self._sink_name = name
        self._sink = sink
        self._path = path
        self._voice = voice
        self._patience = patience
        self._ending = ending
        self._sent = 0

    def run(self) -> None:
        attempt = 0
        while not self._ending.is_set():
            before = self._sent
            try:
                with closing(Outbox(self._path)) as outbox:
                    self._serve(outbox)
            except Exception as error:  # noqa: BLE001 - a thread that ends is seen by nobody
                attempt = 1 if self._sent > before else attempt + 1
                pause = self._patience.backoff(attempt)
                self._stopped(error, pause)
                self._ending.wait(pause)

    def _stopped(self, error: Exception, pause: float) -> None:
        """Say why nothing is sent for a while, whether or not it can be said."""
        reason = str(error) if isinstance(error, StateError) else self._logged(error)
        with suppress(Exception):
            self._voice.stopped(self._sink_name, reason, pause)

    def _serve(self, outbox: Outbox) -> None:
        while not self._ending.is_set():
            self.woken.clear()
            waiting = outbox.pending(self._sink_name, _READ)
            if not waiting:
                self.woken.wait(_LOOK)
            for outgoing in waiting:
                if not self._deliver(outbox, outgoing):
                    return

    def _deliver(self, outbox: Outbox, outgoing: Outgoing) -> bool:
        """Send an alert, as often as it takes; returns False if the process ends first."""
        alert, attempt = outgoing.alert, 0
        if alert is None:
            self._voice.unreadable(self._sink_name, outgoing.sequence)
            outbox.delivered(self._sink_name, outgoing.sequence, refused=True)
            return True
        while not self._ending.is_set():
            attempt += 1
            try:
                self._send(alert)
            except SinkRefused as error:
                self._voice.refused(self._sink_name, error, alert.id)
                outbox.delivered(self._sink_name, outgoing.sequence, refused=True)
            except SinkError as error:
                pause = self._pause(attempt, error)
                self._voice.failed(self._sink_name, error, pause)
                self._ending.wait(pause)
                continue
            else:
                outbox.delivered(self._sink_name, outgoing.sequence)
                self._voice.succeeded(self._sink_name)
            self._sent += 1
            if self._sent % _PRUNE_EVERY == 0:
                outbox.prune()
            return True
        return False

    def _send(self, alert: Alert) -> None:
        try:
            self._sink.send(alert)
        except SinkError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a sink may be others' code
            raise SinkError(self._logged(error)) from None

    def _logged(self, error: BaseException) -> str:
        """An error without its text, which may quote a secret: the log has the place alone."""
        name = type(error).__name__
        place = traceback.extract_tb(error.__traceback__)[-1]
        LOG.warning("alert sink %s: %s at %s:%s", self._sink_name, name, place.filename, place.lineno)
        return f"it failed with {name}"

    def _pause(self, attempt: int, error: SinkError) -> float:
        backoff = self._patience.backoff(attempt)
        return backoff if error.retry_after is None else max(backoff, min(error.retry_after, _MOST_ASKED))
