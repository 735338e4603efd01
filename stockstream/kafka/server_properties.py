"""Configuration of Kafka and its log: one node, this machine only, records kept until deleted by hand."""

from __future__ import annotations

from dataclasses import dataclass

HOST = "127.0.0.1"
LOGS = "logs"
"""Directory of the log files within the data directory; ``kafka.0.log`` is the newest, overwritten at each start."""
TOPICS = "topics"
"""Directory of the records within the data directory."""


NODE = 1
"""The number of the one node."""


@dataclass(frozen=True)
class Doors:
    """The ports of a secure broker: clients come in by the first with a password, its own parts by a certificate.

    Parameters
    ----------
    port, internal, controller
        Where clients, the broker's own administration and the controller come in.
    certificate
        The broker's key and certificates, seen from the data directory.
    authority
        The certificate of who signed them.
    broker
        The common name in the broker's certificate: who shows it may do everything.
    host
        The name that clients are told; None for this machine only.
    """

    port: int
    internal: int
    controller: int
    certificate: str
    authority: str
    broker: str
    host: str | None = None


def plain_listeners(port: int, controller_port: int) -> str:
    """Everybody on this machine comes in."""
    return f"""\
controller.quorum.voters={NODE}@{HOST}:{controller_port}
listeners=BROKER://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}
advertised.listeners=BROKER://{HOST}:{port}
inter.broker.listener.name=BROKER
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
"""


def secure_listeners(doors: Doors) -> str:
    """TLS everywhere; clients have a user's password, and may do what the rights of that user say."""
    bound = "0.0.0.0" if doors.host else HOST  # noqa: S104 - only where other machines are to come in
    return f"""\
controller.quorum.voters={NODE}@{HOST}:{doors.controller}
listeners=BROKER://{bound}:{doors.port},INTERNAL://{HOST}:{doors.internal},\
CONTROLLER://{HOST}:{doors.controller}
advertised.listeners=BROKER://{doors.host or HOST}:{doors.port},INTERNAL://{HOST}:{doors.internal}
inter.broker.listener.name=INTERNAL
listener.security.protocol.map=BROKER:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL

ssl.keystore.type=PEM
ssl.keystore.location={doors.certificate}
ssl.truststore.type=PEM
ssl.truststore.location={doors.authority}
ssl.client.auth=required
listener.name.broker.ssl.client.auth=none
listener.name.broker.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.broker.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;

# What is not allowed is denied. The broker is known by its certificate; no password opens everything.
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:CN={doors.broker}
"""


def server_properties(listeners: str) -> str:
    """Kafka's own configuration with these listeners.

    Paths are relative to the data directory, where Kafka runs: nothing in its name can need quoting.
    """
    return f"""\
# Written again at each start.
process.roles=broker,controller
node.id={NODE}
controller.listener.names=CONTROLLER
{listeners}

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
# Written again at each start.
handlers=java.util.logging.FileHandler
.level=INFO
java.util.logging.FileHandler.pattern={LOGS}/kafka.%g.log
java.util.logging.FileHandler.limit=4000000
java.util.logging.FileHandler.count=2
java.util.logging.FileHandler.append=false
java.util.logging.FileHandler.formatter=java.util.logging.SimpleFormatter
java.util.logging.SimpleFormatter.format=%1$tF %1$tT.%1$tL %4$s %3$s: %5$s%6$s%n
"""
