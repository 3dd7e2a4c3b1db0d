"""A real Apache Kafka on this machine: one node or three, on 127.0.0.1, in one data folder."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import structlog

from closeloop.broker.errors import BrokerError
from closeloop.broker.jars import Report, resolve
from closeloop.broker.java import find_java
from closeloop.broker.layout import check_ports_free, remember_layout
from closeloop.broker.node import KafkaNode, Runtime
from closeloop.broker.properties import BARE, Surroundings
from closeloop.broker.reach import live_brokers
from schemas.kafka_link import KafkaLink

READY_DEADLINE_S = 60.0
STOP_DEADLINE_S = 8.0
"""How long nodes may take to stop before they are killed; below the 10 s that every process of ours has."""

_POLL_S = 0.05
_ANSWER_TIMEOUT_S = 2.0
_STEADY_S = 30.0

log = structlog.get_logger("closeloop.broker")


def restart_delay_s(failures: int) -> float:
    """Return how long to wait before the next start of a node that died `failures` times in a row (1, 2, ..).

    0.5 s, doubling, at most 15 s.
    """
    return float(min(0.5 * 2 ** min(failures - 1, 10), 15.0))


class LocalKafka:
    """A KRaft cluster of Java processes, broker and controller combined, owned by this object.

    The processes die with this one, even when it is killed (see die_with_parent), and with the object: keep a
    reference. Nodes that die on their own are started again on the same data once `supervise()` was called.
    Use it as a context manager, or call `start` and `stop`. Its methods are for one thread.
    """

    def __init__(
        self,
        data_dir: Path,
        nodes: Literal[1, 3] = 1,
        ports: Sequence[int] | None = None,
        *,
        heap_mb: int = 384,
        fast_start: bool = False,
        around: Surroundings = BARE,
        report: Report | None = None,
    ) -> None:
        """Describe a cluster; nothing happens before `start`.

        Args:
            data_dir: made if missing; holds everything of the cluster, and its ports, for the next start.
            nodes: how many; a data folder keeps its number.
            ports: the clients' ports, one a node; free ones if None.
            heap_mb: the most Java heap of one node, in MiB.
            fast_start: see Runtime.fast_start.
            around: what a lone node has besides its plain listener.
            report: takes lines of progress while jars are fetched; stderr if None.

        Raises:
            BrokerError: the number of ports is not the number of nodes.
        """
        if ports is not None and len(ports) != nodes:
            raise BrokerError(f"{nodes} node(s) need {nodes} port(s), got {len(ports)}.")
        self._data_dir = data_dir.absolute()
        self._count = nodes
        self._wanted_ports = tuple(ports) if ports is not None else None
        self._heap_mb = heap_mb
        self._fast_start = fast_start
        self._around = around
        self._report = report
        self._nodes: dict[int, KafkaNode] = {}
        self._bootstrap = ""
        self._lock_file: IO[str] | None = None
        # The thread all nodes are forked from: the kernel ends them when it ends (PR_SET_PDEATHSIG).
        self._forker: ThreadPoolExecutor | None = None
        self._down_on_purpose: set[int] = set()
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._supervisor: threading.Thread | None = None

    @property
    def bootstrap(self) -> str:
        """`HOST:PORT,..` for clients; empty before `start`."""
        return self._bootstrap

    @property
    def node_ids(self) -> tuple[int, ...]:
        """The ids of the nodes, 1..n; empty before `start`."""
        return tuple(self._nodes)

    def pid(self, node_id: int) -> int | None:
        """Return the process id of a node, or None while it is down."""
        node = self._nodes[node_id]
        return node.process.pid if node.process is not None and node.running else None

    def start(self, deadline_s: float = READY_DEADLINE_S) -> None:
        """Fetch the jars if need be, format new storage, start all nodes, wait until they serve.

        Args:
            deadline_s: for the nodes to serve; fetching is not counted.

        Raises:
            BrokerError: Java or mvn is missing, the folder is in use or of another size, a port is taken, or a node
                died or did not serve in time. Nothing is left running then.
        """
        runtime = Runtime(
            find_java(), tuple(resolve(report=self._report)), self._heap_mb, self._fast_start, self._around
        )
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            self._take_folder()
            layout = remember_layout(self._data_dir, self._count, self._wanted_ports)
            check_ports_free(layout)
            self._bootstrap = layout.bootstrap
            self._nodes = {p.node_id: KafkaNode(self._data_dir, layout, p, runtime) for p in layout.nodes}
            self._stopping.clear()
            self._down_on_purpose.clear()
            self._forker = ThreadPoolExecutor(1, "kafka-forker")
            for node in self._nodes.values():
                node.write_files()
            self._format()
            for node in self._nodes.values():
                self._spawn(node)
            self.wait_ready(deadline_s)
        except OSError as error:
            self.stop(0)
            raise BrokerError(f"The data folder {self._data_dir} cannot be used: {error}.") from error
        except BaseException:
            self.stop(0)
            raise

    def wait_ready(self, deadline_s: float = READY_DEADLINE_S) -> None:
        """Wait until every node that is meant to run accepts clients and is registered with the controller.

        Raises:
            BrokerError: a node died, or the deadline passed.
        """
        deadline = time.monotonic() + deadline_s
        awaited = [node for node in self._nodes.values() if node.node_id not in self._down_on_purpose]
        for node in awaited:
            while not _accepts(node.ports.client):
                self._check_alive_and_in_time(node, deadline)
                time.sleep(_POLL_S)
        while True:
            missing = {node.node_id for node in awaited} - _registered(self._bootstrap)
            if not missing:
                return
            for node in awaited:
                self._check_alive_and_in_time(node, deadline, unless_registered=missing)
            time.sleep(_POLL_S)

    def supervise(self) -> None:
        """Start again, from now on and with growing delays, every node that dies on its own."""
        if self._supervisor is None:
            self._supervisor = threading.Thread(target=self._watch, name="kafka-supervisor", daemon=True)
            self._supervisor.start()

    def kill(self, node_id: int) -> None:
        """End a node as `kill -9` does, and leave it down until `start_node`."""
        with self._guard:
            self._down_on_purpose.add(node_id)
        process = self._nodes[node_id].process
        if process is not None:
            process.kill()
            process.wait()

    def start_node(self, node_id: int, deadline_s: float = READY_DEADLINE_S) -> None:
        """Start a node that is down, on its data and ports, and wait until it serves.

        Raises:
            BrokerError: it died again, or did not serve in time.
        """
        node = self._nodes[node_id]
        if not node.running:
            self._spawn(node)
        with self._guard:
            self._down_on_purpose.discard(node_id)
        self.wait_ready(deadline_s)

    def stop(self, deadline_s: float = STOP_DEADLINE_S) -> None:
        """End all nodes: SIGTERM to all at once, SIGKILL to what still runs after the deadline. Idempotent."""
        self._stopping.set()
        if self._supervisor is not None:
            self._supervisor.join()
            self._supervisor = None
        if self._forker is not None:
            self._forker.submit(int).result()  # a start in flight, whose caller was interrupted, is over after this
        processes = [node.process for node in self._nodes.values() if node.process is not None]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + deadline_s
        for process in processes:
            try:
                process.wait(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                if deadline_s > 0:  # 0 asks for exactly this
                    log.warning("kafka node killed: it did not stop in time", pid=process.pid, deadline_s=deadline_s)
                process.kill()
                process.wait()
        if self._forker is not None:
            self._forker.shutdown()
            self._forker = None
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _take_folder(self) -> None:
        handle = (self._data_dir / ".lock").open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            raise BrokerError(
                f"Another `closeloop` runs a Kafka on {self._data_dir}: use that one, stop it, or choose another "
                "--data-dir."
            ) from None
        self._lock_file = handle

    def _format(self) -> None:
        begun = [(node, node.begin_format()) for node in self._nodes.values()]
        try:
            for node, process in begun:
                if process is not None:
                    node.end_format(process)
        finally:
            for _, process in begun:
                if process is not None and process.poll() is None:
                    process.kill()
                    process.wait()

    def _spawn(self, node: KafkaNode) -> None:
        if self._forker is None:
            raise BrokerError("This Kafka is stopped; call start().")
        self._forker.submit(node.spawn, os.getpid()).result()

    def _check_alive_and_in_time(
        self, node: KafkaNode, deadline: float, unless_registered: set[int] | None = None
    ) -> None:
        if not node.running and self._supervisor is None:
            code = node.process.returncode if node.process is not None else None
            raise BrokerError(f"Kafka node {node.node_id} ended with exit code {code}.\n{node.last_words()}")
        late = unless_registered is None or node.node_id in unless_registered
        if late and time.monotonic() > deadline:
            raise BrokerError(f"Kafka node {node.node_id} does not serve in time.\n{node.last_words()}")

    def _watch(self) -> None:
        failures = dict.fromkeys(self._nodes, 0)
        started_at = dict.fromkeys(self._nodes, time.monotonic())
        due: dict[int, float] = {}
        while not self._stopping.wait(_POLL_S * 4):
            for node_id, node in self._nodes.items():
                with self._guard:
                    wanted = node_id not in self._down_on_purpose
                if node.running or not wanted:
                    due.pop(node_id, None)
                    continue
                now = time.monotonic()
                if node_id not in due:
                    lasted = now - started_at[node_id]
                    failures[node_id] = 1 if lasted > _STEADY_S else failures[node_id] + 1
                    delay = restart_delay_s(failures[node_id])
                    due[node_id] = now + delay
                    code = node.process.returncode if node.process is not None else None
                    log.warning("kafka node died", node=node_id, exit_code=code, restart_in_s=delay)
                elif now >= due[node_id]:
                    del due[node_id]
                    started_at[node_id] = now
                    try:
                        self._spawn(node)
                    except OSError as error:  # no process or memory to be had now; it counts as one more death
                        log.warning("kafka node cannot be started", node=node_id, error=str(error))
                        continue
                    log.info("kafka node started again", node=node_id, pid=self.pid(node_id))


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _registered(bootstrap: str) -> frozenset[int]:
    """Return the ids of the nodes that the controller counts as alive; empty while nobody answers."""
    try:
        return live_brokers(KafkaLink(bootstrap), _ANSWER_TIMEOUT_S)
    except BrokerError:
        return frozenset()
