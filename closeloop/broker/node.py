"""One Kafka node: its folder, its files and its Java process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from closeloop.broker import die_with_parent
from closeloop.broker.errors import BrokerError
from closeloop.broker.layout import Layout
from closeloop.broker.properties import BARE, NodePorts, Surroundings, log4j2_properties, server_properties

_LINES_OF_FAILURE = 12
FORMAT_TIMEOUT_S = 60.0


class Runtime(msgspec.Struct, frozen=True):
    """What a node is run with.

    Attributes:
        java: the executable.
        jars: the class path.
        heap_mb: the most heap of one node, in MiB.
        fast_start: keep the JIT at its first stage: half the CPU time to start and to stop, for tests that live for
            seconds; a node under load for minutes is quicker without.
        around: what the node has besides its plain listener.
    """

    java: Path
    jars: tuple[Path, ...]
    heap_mb: int = 384
    fast_start: bool = False
    around: Surroundings = BARE

    def command(self, home: Path, main_class: str, *arguments: str) -> list[str]:
        """Return the command line that runs a class of the jars with the node's log configuration."""
        stage = ["-XX:TieredStopAtLevel=1"] if self.fast_start else []
        return [
            str(self.java), f"-Xmx{self.heap_mb}m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", *stage,
            *self.around.java,
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={home / 'log4j2.properties'}",
            f"-Dkafka.logs.file={home / 'kafka.log'}",
            "-cp", ":".join(str(jar) for jar in self.jars),
            main_class, *arguments,
        ]  # fmt: skip


class KafkaNode:
    """One node of a local cluster, in its own folder `node-N`."""

    def __init__(self, data_dir: Path, layout: Layout, ports: NodePorts, runtime: Runtime) -> None:
        self.ports = ports
        self._layout = layout
        self._runtime = runtime
        self._home = data_dir / f"node-{ports.node_id}"
        self._log_dir = self._home / "data"
        self._properties = self._home / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def node_id(self) -> int:
        """The node's id in the cluster, 1..n."""
        return self.ports.node_id

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The last process started, running or not; None before the first."""
        return self._process

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def write_files(self) -> None:
        """Write the node's settings and log configuration; they follow the code, not the data."""
        self._home.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(
            server_properties(self.ports, self._layout.nodes, self._log_dir, self._runtime.around), encoding="utf-8"
        )
        (self._home / "log4j2.properties").write_text(log4j2_properties(), encoding="utf-8")

    def begin_format(self) -> subprocess.Popen[bytes] | None:
        """Start formatting the node's storage if it is not formatted yet; hand the process to `end_format`."""
        if (self._log_dir / "meta.properties").exists():
            return None
        arguments = ("format", "--ignore-formatted", "-t", self._layout.cluster_id, "-c", str(self._properties))
        command = self._runtime.command(self._home, "kafka.tools.StorageTool", *arguments)
        with self._console() as console:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT, start_new_session=True
            )

    def end_format(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the storage is formatted.

        Raises:
            BrokerError: the tool failed, or took longer than FORMAT_TIMEOUT_S.
        """
        try:
            code = process.wait(timeout=FORMAT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise BrokerError(
                f"Formatting the storage of node {self.node_id} took longer than {FORMAT_TIMEOUT_S:.0f} s."
            ) from None
        if code != 0:
            raise BrokerError(f"Formatting the storage of node {self.node_id} failed.\n{self.last_words()}")

    def spawn(self, parent_pid: int) -> None:
        """Start the broker's process. Call it from a thread that lives as long as the broker should."""
        guard = [sys.executable, "-I", "-S", die_with_parent.__file__, str(parent_pid)]
        command = self._runtime.command(self._home, "kafka.Kafka", str(self._properties))
        with self._console() as console:
            # A session of its own: Ctrl-C reaches us alone, and we stop the node in our order.
            self._process = subprocess.Popen(
                guard + command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=self._home,
                start_new_session=True,
            )

    def last_words(self) -> str:
        """Return the last lines of the node's console and log, indented, for an error message."""
        lines: list[str] = []
        for name in ("kafka.log", "console.log"):
            path = self._home / name
            if path.exists():
                text = path.read_text(encoding="utf-8", errors="replace").splitlines()
                lines += [f"  {line}" for line in _without_stack(text)[-_LINES_OF_FAILURE:]]
        return f"The last lines of {self._home}:\n" + "\n".join(lines)

    def _console(self) -> IO[bytes]:
        return (self._home / "console.log").open("wb")


def _without_stack(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if not line.startswith(("\tat ", "\t..."))]
