"""What Kafka and its log are told: one node, this machine only, everything kept until it is removed by hand."""

from __future__ import annotations

HOST = "127.0.0.1"
LOGS = "logs"
"""Directory of the log files within the data directory; ``kafka.0.log`` is the newest, begun anew at each start."""
TOPICS = "topics"
"""Directory of the records within the data directory."""


def server_properties(port: int, controller_port: int) -> str:
    """Kafka's own configuration.

    Paths are relative to the data directory, where Kafka runs: nothing in its name can need quoting.
    """
    return f"""\
# Written anew at each start.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{HOST}:{controller_port}
listeners=BROKER://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}
advertised.listeners=BROKER://{HOST}:{port}
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT

log.dirs={TOPICS}
log.retention.ms=-1
auto.create.topics.enable=false
# After a kill -9 the unfinished segments are read through: small ones keep that short.
log.segment.bytes=134217728

# After a kill -9 the new broker waits until the old one's session has run out.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0

# One node: one copy of everything, and no more partitions, threads and buffers than it needs.
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=8388608
"""


def logging_properties() -> str:
    """The log of java.util.logging: two files of at most 4 MB, the newest with number 0."""
    return f"""\
# Written anew at each start.
handlers=java.util.logging.FileHandler
.level=INFO
java.util.logging.FileHandler.pattern={LOGS}/kafka.%g.log
java.util.logging.FileHandler.limit=4000000
java.util.logging.FileHandler.count=2
java.util.logging.FileHandler.append=false
java.util.logging.FileHandler.formatter=java.util.logging.SimpleFormatter
java.util.logging.SimpleFormatter.format=%1$tF %1$tT.%1$tL %4$s %3$s: %5$s%6$s%n
"""
