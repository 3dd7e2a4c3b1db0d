"""What a local cluster remembers in its data folder: its id and its ports, so that a restart is the same cluster."""

from __future__ import annotations

import base64
import random
import socket
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import msgspec

from closeloop.broker.errors import BrokerError
from closeloop.broker.properties import NodePorts

_FILE = "cluster.json"
# Below Linux's ephemeral range (32768 and up): no outgoing connection takes a remembered port while the broker is down.
_PORTS = range(15000, 32000)


class Layout(msgspec.Struct, frozen=True):
    """A cluster's identity.

    Attributes:
        cluster_id: Kafka's id of the cluster, a random UUID in URL-safe base64.
        nodes: one entry a node, in order of node id.
    """

    cluster_id: str
    nodes: tuple[NodePorts, ...]

    @property
    def bootstrap(self) -> str:
        """The `HOST:PORT,..` that clients are given."""
        return ",".join(f"127.0.0.1:{node.client}" for node in self.nodes)


def remember_layout(data_dir: Path, nodes: int, client_ports: Sequence[int] | None) -> Layout:
    """Return the layout of the data folder, made and written there on first use.

    Args:
        data_dir: exists.
        nodes: how many nodes the caller wants.
        client_ports: the clients' ports, one a node, or None for the remembered or else free ones.

    Raises:
        BrokerError: the folder belongs to a cluster of another size, or its file cannot be read.
    """
    path = data_dir / _FILE
    layout = _read(path)
    if layout is None:
        layout = _new_layout(nodes, client_ports)
    elif len(layout.nodes) != nodes:
        raise BrokerError(
            f"{data_dir} holds a cluster of {len(layout.nodes)} node(s), and {nodes} were asked for: "
            f"use --nodes {len(layout.nodes)}, or another --data-dir."
        )
    elif client_ports is not None:
        moved = (msgspec.structs.replace(n, client=p) for n, p in zip(layout.nodes, client_ports, strict=True))
        layout = msgspec.structs.replace(layout, nodes=tuple(moved))
    partial = path.with_suffix(".partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(layout)) + b"\n")
    partial.replace(path)
    return layout


def check_ports_free(layout: Layout, patience_s: float = 5.0) -> None:
    """Make sure that nothing listens on the layout's ports.

    Args:
        layout: whose ports.
        patience_s: how long to wait for a port that is taken: a killed predecessor may still be going.

    Raises:
        BrokerError: something does, and the message names the port.
    """
    deadline = time.monotonic() + patience_s
    for node in layout.nodes:
        for port in (node.client, node.controller):
            while not _is_free(port):
                if time.monotonic() >= deadline:
                    raise BrokerError(
                        f"Port {port} on 127.0.0.1, remembered for node {node.node_id}, is taken by another process: "
                        "end that one, or choose other ports with --port."
                    )
                time.sleep(0.05)


def _read(path: Path) -> Layout | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Layout)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise BrokerError(
            f"{path} is not readable: {error}. Delete the folder to begin with an empty cluster."
        ) from error


def _new_layout(nodes: int, client_ports: Sequence[int] | None) -> Layout:
    wanted = list(client_ports) if client_ports is not None else _free_ports(nodes, frozenset())
    controllers = _free_ports(nodes, frozenset(wanted))
    ports = zip(range(1, nodes + 1), wanted, controllers, strict=True)
    return Layout(_random_kafka_uuid(), tuple(NodePorts(i, client, controller) for i, client, controller in ports))


def _free_ports(count: int, apart_from: frozenset[int]) -> list[int]:
    found: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, k=min(2000, len(_PORTS))):
        if len(found) == count:
            break
        if port not in apart_from and _is_free(port):
            found.append(port)
    if len(found) < count:
        raise BrokerError(f"No {count} free ports between {_PORTS.start} and {_PORTS.stop} on 127.0.0.1.")
    return found


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java does: TIME_WAIT is no obstacle
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _random_kafka_uuid() -> str:
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):  # the storage tool would take it for an option
            return text
