"""Full disks."""

from __future__ import annotations

import time

from chaos import disks
from chaos.faults.fault import Control, Fault
from chaos.stage import Setup, Stage


class BrokerDiskFull(Fault):
    """The broker's disk is full: Kafka ends. Space is freed, and it is restarted."""

    name = "broker-disk-full"
    about = "no byte free for the broker, which ends; room is made, and it is started again"
    control = Control("no-acks", "no acknowledgements are asked for")
    setup = Setup(small=(("data", 192),))

    def unavailable(self) -> str:
        """As `Fault.unavailable`."""
        return disks.unavailable()

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        disks.fill(stage.data)
        ends = time.monotonic() + 5
        while stage.broker.pid is not None and time.monotonic() < ends:
            time.sleep(0.05)
        disks.free(stage.data)
        stage.broker.again()


class StateDiskFull(Fault):
    """The disk of the states is full, while a window is killed and opened again."""

    name = "state-disk-full"
    about = "no byte free for the state; the window is killed and opened again meanwhile"
    control = Control("no-own-offsets", "offsets are those of the group, committed apart from the state")
    setup = Setup(small=(("state", 8),))

    def unavailable(self) -> str:
        """As `Fault.unavailable`."""
        return disks.unavailable()

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        disks.fill(stage.state)
        stage.window.kill()
        stage.window.start()
        time.sleep(stage.random.uniform(2, 4))
        disks.free(stage.state)
