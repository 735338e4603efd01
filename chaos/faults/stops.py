"""SIGSTOP, longer than any time-out of a connection or of a group (6 s) lasts."""

from __future__ import annotations

import os
import signal
import sys
import time

from chaos.faults.fault import Control, Fault
from chaos.stage import Setup, Stage


def _wait(stage: Stage) -> None:
    time.sleep(stage.random.uniform(6.5, 8.5))


def _stop(pid: int, stage: Stage) -> None:
    os.kill(pid, signal.SIGSTOP)
    try:
        _wait(stage)
    finally:
        os.kill(pid, signal.SIGCONT)


class _Stopped(Fault):
    def unavailable(self) -> str:
        """As `Fault.unavailable`."""
        return "there is no SIGSTOP" if sys.platform == "win32" else ""


class BrokerStopped(_Stopped):
    """The only broker is stopped, and continues."""

    name = "broker-stopped"
    about = "SIGSTOP of the only broker for 6.5 to 8.5 s"
    control = Control("no-idempotence,no-identity", "requests are repeated, and rows have no identity")

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        pid = stage.broker.pid
        assert pid is not None
        _stop(pid, stage)


class NodeStopped(_Stopped):
    """One of three brokers is stopped, and continues after the others have taken over."""

    name = "node-stopped"
    about = "SIGSTOP of one of three brokers for 6.5 to 8.5 s; the next once all have all records"
    control = Control("no-acks", "no acknowledgements are asked for", 3)
    setup = Setup(nodes=3)
    in_short = False

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        _stop(stage.nodes.any_one(stage.random).pid, stage)


class ProducerStopped(_Stopped):
    """The producer is stopped, and continues."""

    name = "producer-stopped"
    about = "SIGSTOP of the producer for 6.5 to 8.5 s"
    control = Control("no-acks", "no acknowledgements are asked for")

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.producer.freeze()
        try:
            _wait(stage)
        finally:
            stage.producer.thaw()


class WindowStopped(_Stopped):
    """The window is stopped, and continues."""

    name = "window-stopped"
    about = "SIGSTOP of the window for 6.5 to 8.5 s"
    control = Control("plain-group", "offsets are those of a group, committed by themselves")

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.window.freeze()
        try:
            _wait(stage)
        finally:
            stage.window.thaw()


class SaveStopped(WindowStopped):
    """The window is stopped while it saves its state, and continues."""

    name = "save-stopped"
    about = "SIGSTOP of the window as it begins to write its state, for 6.5 to 8.5 s"
    in_short = False

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.await_save()
        super().strike(stage)
