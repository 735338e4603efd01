"""kill -9."""

from __future__ import annotations

import time

from chaos.faults.fault import Control, Fault
from chaos.stage import Setup, Stage


class BrokerKilled(Fault):
    """The only broker is killed, and started again."""

    name = "broker-killed"
    about = "kill -9 of the only broker, back after up to 2 s"
    control = Control("no-acks", "no acknowledgements are asked for")

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.broker.kill()
        time.sleep(stage.random.uniform(0, 2))
        stage.broker.again()


class NodeKilled(Fault):
    """One of three brokers is killed; the others continue, and it is restarted automatically."""

    name = "node-killed"
    about = "kill -9 of one of three brokers, started again by itself; the next once all have all records"
    control = Control("no-acks", "no acknowledgements are asked for")
    setup = Setup(nodes=3)

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`, without waiting until the broker is back."""
        stage.nodes.any_one(stage.random).kill()


class ProducerKilled(Fault):
    """The producer is killed, and run again."""

    name = "producer-killed"
    about = "kill -9 of the producer, run again"
    control = Control("no-identity,no-held", "rows sent before are sent again, and have no identity")

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.producer.kill()
        stage.producer.start()


class WindowKilled(Fault):
    """The window is killed, and opened again."""

    name = "window-killed"
    about = "kill -9 of the window, opened again"
    control = Control("no-own-offsets", "offsets are those of the group, committed apart from the state")

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.window.kill()
        stage.window.start()


class SaveKilled(Fault):
    """The window is killed while it saves its state."""

    name = "save-killed"
    about = "kill -9 of the window as it begins to write its state, opened again"
    control = Control("no-transaction", "offsets are saved first, the state after them", 3)

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.await_save()
        stage.window.kill()
        stage.window.start()
