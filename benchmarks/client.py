"""What the Python client costs its host: ``python -m benchmarks.client``, printed as the table of its README.

A FastAPI and a Django app, each without the client and with its middleware, whose events go to a gateway or straight to
Kafka: up (the real thing), slow (every answer comes two seconds late) and down (nobody listens). All run at once and
are asked in turn, a block of requests each, so that what else the machine does meets all alike. Said are the time of a
request, what the client adds to it, the memory of the app's process at the end, and how many events lie in Kafka.

``REQUESTS`` (6,000 of each app), ``BLOCK`` (500) and ``RATE`` (250 a second) set the sizes.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue

import msgspec
from confluent_kafka import Consumer, TopicPartition

from benchmarks.broker import HEAP_MB
from benchmarks.machine import machine
from benchmarks.progress import Progress
from closeloop.broker.local import LocalKafka
from closeloop.broker.properties import Surroundings
from closeloop.broker.topics_admin import create_topics
from closeloop.ports import free_port
from schemas.kafka_link import KafkaLink
from schemas.topics import TOUCHPOINTS, catalogue

ROOT = Path(__file__).parents[1]
FRAMEWORKS = ("fastapi", "django")
SLOW_S = 2.0
WARM_UP = 200


class Sizes(msgspec.Struct, frozen=True):
    """How much of everything."""

    requests: int = 6_000
    block: int = 500
    rate: int = 250


class App:
    """One app in a process of its own, and the times of its requests in seconds."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int) -> None:
        self.name = name
        self.process = process
        self.times: list[float] = []
        self._port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, number: int) -> None:
        """One request."""
        began = time.perf_counter()
        self._connection.request("GET", f"/orders/{number}", headers={"X-Customer": f"c{number % 997}"})
        answer = self._connection.getresponse()
        answer.read()
        self.times.append(time.perf_counter() - began)
        if answer.status != 200:
            raise RuntimeError(f"{self.name} answered {answer.status}")

    def held_mb(self) -> float:
        """The memory of the process, MB."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    def wait(self) -> None:
        """Wait until it serves."""
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError(f"{self.name} does not serve") from None
                time.sleep(0.1)
            else:
                return


@contextmanager
def app(framework: str, name: str, to: str) -> Iterator[App]:
    """Serve an app that emits to ``to``."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", f"benchmarks.client_apps:{framework}_app"]
    command += ["--port", str(port), "--log-level", "error", "--no-access-log"]
    # Longer than an app waits for its next turn.
    command += ["--timeout-keep-alive", "600"]
    command += ["--interface", "wsgi"] if framework == "django" else []
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "BENCH_TO": to}, stderr=subprocess.DEVNULL)
    try:
        yield App(f"{framework} {name}", process, port)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def gateway(folder: Path, kafka: str) -> Iterator[int]:
    """A real gateway on that Kafka; its port."""
    port = free_port()
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "DATABASE_URL": f"sqlite:///{folder / 'gateway.db'}",
        "CLOSELOOP_DATA_DIR": str(folder),
        "CLOSELOOP_CONFIG": str(ROOT / "loop.yaml"),
        "CLOSELOOP_PORT": str(port),
    }
    subprocess.run([sys.executable, "-m", "closeloop", "db", "upgrade"], env=environment, check=True, cwd=folder)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-m", "closeloop", "gateway"], env=environment, cwd=folder, **quiet)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                asked.request("GET", "/healthz")
                asked.getresponse().read()
                break
            except OSError:
                time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait(20)


class Late:
    """A way to a port whose answers come late: each piece of what the server says waits ``SLOW_S`` seconds on its way.

    They wait side by side, as on a long line: who asks five things at once gets five answers two seconds later.
    """

    def __init__(self, port: int) -> None:
        self.to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept nobody any more."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            on_its_way: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
            for work, arguments in (
                (_carry, (client, server)),
                (_listen, (server, on_its_way)),
                (_arrive, (client, on_its_way)),
            ):
                threading.Thread(target=work, args=arguments, daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError), source:
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _listen(source: socket.socket, on_its_way: SimpleQueue[tuple[float, bytes]]) -> None:
    """Note what comes, and when it is due; nothing at all at the end."""
    with suppress(OSError), source:
        while data := source.recv(65536):
            on_its_way.put((time.monotonic() + SLOW_S, data))
    on_its_way.put((time.monotonic() + SLOW_S, b""))


def _arrive(target: socket.socket, on_its_way: SimpleQueue[tuple[float, bytes]]) -> None:
    with suppress(OSError):
        while True:
            due, data = on_its_way.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not data:
                break
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def _kafka(folder: Path, late: Late) -> Iterator[LocalKafka]:
    """A broker with a second listener, to which it leads clients by way of ``late``."""
    plain = free_port()
    advertised = f"PLAINTEXT://127.0.0.1:{plain},SLOW://127.0.0.1:{late.port}"
    around = Surroundings({"SLOW": (late.to, "PLAINTEXT")}, {"advertised.listeners": advertised})
    with LocalKafka(folder, 1, [plain], heap_mb=HEAP_MB, around=around) as kafka:
        create_topics(KafkaLink(kafka.bootstrap), catalogue(3))
        yield kafka


def measure(sizes: Sizes) -> None:
    """Ask every app in turn, and print the table before they end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="closeloop-bench-")))
        late_kafka = Late(free_port())
        stack.callback(late_kafka.close)
        kafka = stack.enter_context(_kafka(folder / "kafka", late_kafka))
        port = stack.enter_context(gateway(folder, kafka.bootstrap))
        late = Late(port)
        stack.callback(late.close)
        ways = {
            "without": "",
            "gateway up": f"http://127.0.0.1:{port}",
            "gateway slow": f"http://127.0.0.1:{late.port}",
            "gateway down": f"http://127.0.0.1:{free_port()}",
            "Kafka up": f"kafka://{kafka.bootstrap}",
            "Kafka slow": f"kafka://127.0.0.1:{late_kafka.port}",
            "Kafka down": f"kafka://127.0.0.1:{free_port()}",
        }
        apps = [stack.enter_context(app(kind, name, to)) for kind in FRAMEWORKS for name, to in ways.items()]
        for one in apps:
            one.wait()
        progress = Progress()
        for number in range(WARM_UP):
            for one in apps:
                one.ask(number)
        for one in apps:
            one.times.clear()
        for block in range(sizes.requests // sizes.block):
            progress.say(f"block {block + 1} of {sizes.requests // sizes.block}")
            # Another order in each block: who comes after whom shall not matter.
            for one in apps[block % len(apps) :] + apps[: block % len(apps)]:
                began = time.perf_counter()
                for number in range(sizes.block):
                    time.sleep(max(0.0, began + number / sizes.rate - time.perf_counter()))
                    one.ask(number)
        print(_table(apps))
        emitted = len(FRAMEWORKS) * sum("up" in name or "slow" in name for name in ways) * (WARM_UP + sizes.requests)
        print(f"{_landed(kafka, emitted):,} events lie in Kafka of {emitted:,} that had a way there")


def _landed(kafka: LocalKafka, wanted: int) -> int:
    """How many touchpoints lie in Kafka, once as many are there as are wanted, or after a minute."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "bench"})
    deadline = time.monotonic() + 60
    count = 0
    try:
        while count < wanted and time.monotonic() < deadline:
            time.sleep(1)
            places = [TopicPartition(TOUCHPOINTS, number) for number in range(3)]
            count = sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
    finally:
        consumer.close()
    return count


def _table(apps: list[App]) -> str:
    lines = ["| app | p50 ms | p99 ms | added p50 | added p99 | memory MB |", "|---|---:|---:|---:|---:|---:|"]
    base = {one.name.split()[0]: one for one in apps if one.name.endswith("without")}
    for one in apps:
        plain = base[one.name.split()[0]]
        halves = (_rank(one.times, 50), _rank(one.times, 99), _rank(plain.times, 50), _rank(plain.times, 99))
        p50, p99, without_50, without_99 = (1000 * value for value in halves)
        added = ("", "") if one is plain else (f"{p50 - without_50:+.2f}", f"{p99 - without_99:+.2f}")
        lines.append(f"| {one.name} | {p50:.2f} | {p99:.2f} | {added[0]} | {added[1]} | {one.held_mb():.0f} |")
    return "\n".join(lines)


def _rank(times: list[float], percent: int) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def main() -> None:
    """Measure with the sizes of the environment and print the table."""
    given = {name: int(os.environ[name.upper()]) for name in Sizes.__struct_fields__ if os.environ.get(name.upper())}
    sizes = Sizes(**given)
    names = ("fastapi", "django", "uvicorn", "kafka-python")
    print(f"{machine()}; Python {sys.version.split()[0]}, {', '.join(f'{one} {version(one)}' for one in names)}")
    print(f"{sizes.requests:,} requests of each app, {sizes.rate} a second, in blocks of {sizes.block}")
    measure(sizes)


if __name__ == "__main__":
    main()
