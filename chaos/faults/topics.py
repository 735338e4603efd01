"""Topics that change while they are in use."""

from __future__ import annotations

from chaos.faults.fault import Control, Fault
from chaos.stage import Setup, Stage
from stockstream.kafka.admin import Admin
from stockstream.topics import FLIGHTS


class TopicRecreated(Fault):
    """The topic is deleted, and created again by the next run of the producer, while a window is open."""

    name = "topic-recreated"
    about = "the topic is deleted and made anew while the window is open"
    control = Control("no-topic-id", "a topic is known by its name alone")
    setup = Setup(options=("--again",))

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.producer.end()
        admin = Admin(stage.connection)
        admin.delete([FLIGHTS.name])
        stage.until(lambda: FLIGHTS.name not in admin.names(), "the topic is gone")
        stage.producer.start()


class PartitionsAdded(Fault):
    """The topic gets another partition, and keys move."""

    name = "partitions-added"
    about = "a partition more, so that airlines move to other ones with the next run of the producer"
    control = Control("no-new-partitions", "the partitions of the start are read")

    def strike(self, stage: Stage) -> None:
        """As `Fault.strike`."""
        stage.partitions += 1
        stage.run("topics", "--add-partitions", f"{FLIGHTS.name}={stage.partitions}")
        stage.producer.end()  # one that runs looks for partitions every five minutes
        stage.producer.start()
