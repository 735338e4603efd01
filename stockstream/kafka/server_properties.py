"""Configuration of Kafka and its log: a node on this machine, records kept until deleted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HOST = "127.0.0.1"
LOGS = "logs"
"""Directory of the log files within the data directory; ``kafka.0.log`` is the newest, overwritten at each start."""
TOPICS = "topics"
"""Directory of the records within the data directory."""

NODE = 1
"""The number of a single node."""

_SAFE = 2
"""In-sync replicas that an acknowledged record must have, in a cluster with three replicas."""

_SESSION = 2_000
_SESSION_OF_SEVERAL = 3_000
"""Milliseconds of silence after which a node counts as failed; nodes on one machine slow each other down."""


@dataclass(frozen=True)
class Node:
    """A node and the cluster to which it belongs.

    Parameters
    ----------
    number
        Its unique number.
    controllers
        The controllers' ports on this machine, by the numbers of their nodes. A node that is not among them is a
        broker only.
    copies
        Number of replicas of each record.
    """

    number: int
    controllers: Mapping[int, int]
    copies: int = 1

    @property
    def voters(self) -> str:
        """The controllers as Kafka's configuration names them.

        >>> Node(1, {1: 9093, 2: 9094}).voters
        '1@127.0.0.1:9093,2@127.0.0.1:9094'
        """
        return ",".join(f"{number}@{HOST}:{port}" for number, port in sorted(self.controllers.items()))


@dataclass(frozen=True)
class Doors:
    """The ports of a secure broker: clients use the first with a password, its own parts the others with a certificate.

    Parameters
    ----------
    port, internal, controller
        Ports of clients, of the broker's own administration and of the controller; None for a node without controller.
    certificate
        The broker's key and certificates, relative to the data directory.
    authority
        The certificate of their issuer.
    broker
        The common name in the broker's certificate, whose holder has all rights.
    host
        The advertised name; None for this machine only.
    """

    port: int
    internal: int
    controller: int | None
    certificate: str
    authority: str
    broker: str
    host: str | None = None


def plain_listeners(port: int, controller_port: int | None) -> str:
    """Every program on this machine can connect; without a controller's port the node is a broker only."""
    controller = "" if controller_port is None else f",CONTROLLER://{HOST}:{controller_port}"
    return f"""\
listeners=BROKER://{HOST}:{port}{controller}
advertised.listeners=BROKER://{HOST}:{port}
inter.broker.listener.name=BROKER
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
"""


def secure_listeners(doors: Doors) -> str:
    """TLS on all ports; clients authenticate with a user's password, and have the rights of that user."""
    bound = "0.0.0.0" if doors.host else HOST  # noqa: S104 - only where other machines are to come in
    controller = "" if doors.controller is None else f",CONTROLLER://{HOST}:{doors.controller}"
    return f"""\
listeners=BROKER://{bound}:{doors.port},INTERNAL://{HOST}:{doors.internal}{controller}
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


def server_properties(listeners: str, node: Node) -> str:
    """Kafka's own configuration of a node with these listeners.

    Paths are relative to the data directory, where Kafka runs, so that its name never needs quoting.
    """
    roles = "broker,controller" if node.number in node.controllers else "broker"
    session = _SESSION_OF_SEVERAL if len(node.controllers) > 1 else _SESSION
    return f"""\
# Written again at each start.
process.roles={roles}
node.id={node.number}
controller.quorum.voters={node.voters}
controller.listener.names=CONTROLLER
{listeners}

log.dirs={TOPICS}
log.retention.ms=-1
auto.create.topics.enable=false
# After a kill -9 the unfinished segments are read through: small ones keep that short.
log.segment.bytes=134217728

# After a kill -9 the new broker waits until the old one's session has run out.
broker.session.timeout.ms={session}
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0

# No more partitions, threads and buffers than a machine of one user needs.
offsets.topic.num.partitions=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.num.partitions=1
{_copies(node.copies)}
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=8388608
"""


def _copies(copies: int) -> str:
    """Replicas of the records of all topics, and the number of them before a record is acknowledged."""
    safe = min(copies, _SAFE)
    return f"""\
default.replication.factor={copies}
min.insync.replicas={safe}
offsets.topic.replication.factor={copies}
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={safe}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={safe}"""


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
