"""Connections that are reset, hang, or become slow: of the producer and of the window at once."""

from __future__ import annotations

import time
from typing import Final

from chaos.faults.fault import Control, Fault
from chaos.stage import Stage

_CONTROL: Final = Control("no-acks", "no acknowledgements are asked for")


class ConnectionsReset(Fault):
    """All connections are reset, some times in a row."""

    name = "connections-reset"
    about = "RST in all connections, 1 to 5 times in a row"
    control = _CONTROL

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        for _ in range(stage.random.randint(1, 5)):
            with stage.broker.proxy.hanging():  # so that something is in flight
                time.sleep(stage.random.uniform(0.1, 0.3))
                stage.broker.proxy.reset()


class ConnectionsHang(Fault):
    """The network stops; afterwards the connections continue, or are reset."""

    name = "connections-hang"
    about = "nothing comes through for 6.5 to 8.5 s; then connections are reset, or go on"
    control = _CONTROL

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        resets = stage.random.random() < 0.5 or stage.is_control
        with stage.broker.proxy.hanging():
            time.sleep(stage.random.uniform(6.5, 8.5))
            if resets:
                stage.broker.proxy.reset()


class ConnectionsSlow(Fault):
    """The network is slow."""

    name = "connections-slow"
    about = "2,000 bytes a second in each direction for 4 to 8 s"
    control = _CONTROL._replace(faults=2)

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        with stage.broker.proxy.slow(2_000):
            time.sleep(stage.random.uniform(4, 8))
