"""SIGSTOP, longer than any time-out of a connection or of a group (6 s) lasts."""

from __future__ import annotations

import os
import signal
import sys
import time

from chaos.faults.fault import Control, Fault
from chaos.stage import Stage


def _wait(stage: Stage) -> None:
    time.sleep(stage.random.uniform(6.5, 8.5))


class _Stopped(Fault):
    def unavailable(self) -> str:
        """As `Fault.unavailable`."""
        return "there is no SIGSTOP" if sys.platform == "win32" else ""


class BrokerStopped(_Stopped):
    """The broker is stopped, and continues."""

    name = "broker-stopped"
    about = "SIGSTOP of the broker for 6.5 to 8.5 s"
    control = Control("no-idempotence,no-identity", "requests are repeated, and rows have no identity")

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        pid = stage.broker.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            _wait(stage)
        finally:
            os.kill(pid, signal.SIGCONT)


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
