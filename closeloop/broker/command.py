"""`closeloop kafka`: a Kafka to develop against, in the foreground, until it is told to stop."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Literal

from closeloop.broker.embedded import EmbeddedBroker
from closeloop.broker.errors import BrokerError
from closeloop.broker.jars import KAFKA_SERVER
from closeloop.broker.local import STOP_DEADLINE_S, LocalKafka

EXIT_OK = 0
EXIT_USER_ERROR = 2


def run_kafka(
    *,
    nodes: int = 1,
    port: int | None = None,
    data_dir: Path = Path(".closeloop/kafka"),
    embedded: bool = False,
    say: Callable[[str], None] | None = None,
) -> int:
    """Run a Kafka until SIGTERM or SIGINT and return the exit code.

    The first line it says is `ready HOST:PORT[,HOST:PORT..]`, once clients are served; the next ones say what to do
    with it. A user error is one message on stderr and exit code 2. Call it from the main thread: it sets signal
    handlers.

    Args:
        nodes: 1, or 3 to survive the death of one.
        port: the first node's port for clients, the others' are the next ones; remembered or free ones if None.
        data_dir: holds everything of the cluster and is kept.
        embedded: librdkafka's in-process cluster instead: nothing is kept, see closeloop.broker.embedded.
        say: takes the lines for stdout.
    """
    line = say if say is not None else _to_stdout
    with _stop_signal() as stopped:
        try:
            count = _nodes(nodes)
            ports = _ports(port, count, embedded=embedded)
            if embedded:
                _serve_embedded(line, stopped)
            else:
                _serve_local(data_dir, count, ports, line, stopped)
        except BrokerError as error:
            sys.stderr.write(f"closeloop kafka: {error}\n")
            return EXIT_USER_ERROR
        except _StopRequested:  # told to stop before it served; whatever ran was stopped on the way here
            return EXIT_OK
    return EXIT_OK


def _serve_local(
    data_dir: Path,
    nodes: Literal[1, 3],
    ports: Sequence[int] | None,
    line: Callable[[str], None],
    stopped: threading.Event,
) -> None:
    broker = LocalKafka(data_dir, nodes, ports, report=_to_stderr)
    try:
        broker.start()
        broker.supervise()
        line(f"ready {broker.bootstrap}")
        line(f"{KAFKA_SERVER.title}, {nodes} node(s), data and logs in {data_dir.absolute()}")
        line(f"next: KAFKA_BOOTSTRAP_SERVERS={broker.bootstrap} closeloop topics create; Ctrl-C stops it, data stay")
        _wait(stopped)
    finally:
        broker.stop(STOP_DEADLINE_S)


def _serve_embedded(line: Callable[[str], None], stopped: threading.Event) -> None:
    with EmbeddedBroker() as broker:
        line(f"ready {broker.bootstrap}")
        line("embedded broker: for trying out; nothing is kept, and a partition remembers about 5 MB")
        line(f"next: closeloop up --broker embedded runs the whole loop on one like it; Ctrl-C ends {broker.bootstrap}")
        _wait(stopped)


def _nodes(count: int) -> Literal[1, 3]:
    if count == 1:
        return 1
    if count == 3:
        return 3
    raise BrokerError(f"--nodes is {count}; a local cluster has 1 node or 3.")


def _ports(first: int | None, nodes: int, *, embedded: bool) -> list[int] | None:
    if first is None:
        return None
    if embedded:
        raise BrokerError("--port and --embedded exclude each other: the embedded broker picks a free port itself.")
    last = first + nodes - 1
    if first < 1 or last > 65535:
        raise BrokerError(f"--port is {first}; {nodes} node(s) need ports between 1 and 65535 from there on.")
    return list(range(first, last + 1))


class _StopRequested(BaseException):
    """SIGTERM or SIGINT came. Not an Exception: nothing on the way may take it for a failure."""


@contextmanager
def _stop_signal() -> Iterator[threading.Event]:
    """Turn SIGTERM and SIGINT into an event once `_wait` watches it, and into _StopRequested before; restore after."""
    stopped = threading.Event()

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if stopped.is_set():
            return  # a second Ctrl-C must not interrupt the stop that the first one began
        stopped.set()
        raise _StopRequested

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(stopped: threading.Event) -> None:
    try:
        while not stopped.wait(3600):
            pass
    except _StopRequested:
        pass


def _to_stdout(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"closeloop kafka: {text}\n")
    sys.stderr.flush()
