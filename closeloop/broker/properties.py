"""The files a broker process reads: its settings and its log configuration. Pure text of plain values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec


class NodePorts(msgspec.Struct, frozen=True):
    """Where one node listens on 127.0.0.1.

    Attributes:
        node_id: 1..n, unique in the cluster.
        client: the port that clients connect to.
        controller: the port of the KRaft quorum, for the nodes among themselves.
    """

    node_id: int
    client: int
    controller: int


class Surroundings(msgspec.Struct, frozen=True):
    """What a broker has besides its plain listener: listeners with TLS or SASL, an authorizer, and what these need.

    Attributes:
        listeners: more of them: upper-case name to its port on 127.0.0.1 and its protocol, such as `SASL_SSL`.
        settings: more lines of `server.properties`, by their names; they win over ours.
        java: more options of the process, such as `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=..`.
    """

    listeners: Mapping[str, tuple[int, str]] = {}
    settings: Mapping[str, str] = {}
    java: tuple[str, ...] = ()


BARE = Surroundings()


def server_properties(
    node: NodePorts, cluster: tuple[NodePorts, ...], log_dir: Path, around: Surroundings = BARE
) -> str:
    """Return a node's `server.properties`: KRaft, broker and controller in one process, sized for a developer's box.

    Internal topics are replicated to every node. With three nodes a write with acks=all needs two of them
    (`min.insync.replicas=2`), so one may die without loss or standstill.
    """
    count = len(cluster)
    more = {name: f"{name}://127.0.0.1:{port}" for name, (port, _) in around.listeners.items()}
    protocols = {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"}
    protocols |= {name: protocol for name, (_, protocol) in around.listeners.items()}
    plain = f"PLAINTEXT://127.0.0.1:{node.client}"
    quorate = 2 if count >= 3 else 1
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": node.node_id,
        "controller.quorum.voters": ",".join(f"{n.node_id}@127.0.0.1:{n.controller}" for n in cluster),
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join([plain, f"CONTROLLER://127.0.0.1:{node.controller}", *more.values()]),
        "advertised.listeners": ",".join([plain, *more.values()]),
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "log.dirs": log_dir,
        # Topics are made by `closeloop topics`, never by a typing error.
        "auto.create.topics.enable": "false",
        "num.partitions": 3,
        "default.replication.factor": count,
        "min.insync.replicas": quorate,
        "offsets.topic.replication.factor": count,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": count,
        "transaction.state.log.min.isr": quorate,
        "transaction.state.log.num.partitions": 8,
        "share.coordinator.state.topic.replication.factor": count,
        "share.coordinator.state.topic.min.isr": quorate,
        "share.coordinator.state.topic.num.partitions": 8,
        # A lone developer's first consumer need not wait for others to join.
        "group.initial.rebalance.delay.ms": 0,
        # A killed node is noticed in 4 s instead of 9, and a started one serves sooner.
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 4000,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "num.replica.fetchers": 1,
        "num.recovery.threads.per.data.dir": 2,
        "background.threads": 4,
        "group.coordinator.threads": 1,
        "log.cleaner.threads": 1,
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    }
    settings.update(around.settings)
    return "".join(f"{key}={_escaped(str(value))}\n" for key, value in settings.items())


def log4j2_properties() -> str:
    """Return a log4j2 configuration: warnings and errors into the file of `-Dkafka.logs.file`, 3 x 5 MB at most."""
    return """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:kafka.logs.file}
appender.file.filePattern = ${sys:kafka.logs.file}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{ISO8601} %-5p %c{1}: %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 5MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 2
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
"""


def _escaped(value: str) -> str:
    """Escape what java.util.Properties would read as an escape (a backslash in a path)."""
    return value.replace("\\", "\\\\")
