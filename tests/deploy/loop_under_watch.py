"""Real processes of closeloop on a real Kafka, with a real Prometheus that scrapes them by the quick rules."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import yaml

from closeloop.broker.local import LocalKafka
from closeloop.broker.topics_admin import create_topics
from closeloop.ports import free_port
from schemas.kafka_link import KafkaLink
from schemas.migrate import upgrade
from schemas.topics import catalogue
from tests.deploy.promtool import prometheus
from tests.deploy.quick_rules import quick
from tests.deploy.rules import ROOT, RULE_FILES

SCRAPE = "2s"
"""Interval and timeout of a scrape: on a busy machine one answer in many takes a second."""


def faketime_library() -> Path | None:
    """Where Debian's libfaketime is, on any architecture."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


class Process:
    """One process that can be stopped, frozen and started again on the same port."""

    def __init__(self, words: list[str], environment: dict[str, str], log: Path, healthy: str) -> None:
        self._words = words
        self._environment = environment
        self._log = log
        self._healthy = healthy
        self._running: subprocess.Popen[bytes] | None = None
        self._wanted = False

    def start(self) -> None:
        """Start it; :meth:`wait` says when it serves."""
        self._wanted = True
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(self._words, env=self._environment, stdout=log, stderr=log, cwd=ROOT)

    def wait(self) -> None:
        """Wait until it serves."""
        wait_until(self._serves, 240, lambda: f"{self._words}: {self._log.read_text()[-2000:]}")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._running is not None
        self._running.send_signal(number)

    def revive(self) -> None:
        """Start it again if it has ended by itself, as any supervisor does."""
        if self._wanted and not self._alive():
            self.start()

    def stop(self) -> None:
        """End it, the gentle way first."""
        self._wanted = False
        if self._running is None:
            return
        with suppress(ProcessLookupError):
            self._running.send_signal(signal.SIGCONT)
            self._running.terminate()
        try:
            self._running.wait(15)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()

    def _alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def _serves(self) -> bool:
        assert self._alive(), self._log.read_text()[-3000:]
        try:
            return httpx.get(self._healthy, trust_env=False, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False


class Watched:
    """The loop, and what Prometheus says of it."""

    def __init__(self, folder: Path, kafka: str, broker_folder: Path) -> None:
        self.folder = folder
        self.kafka = kafka
        self.broker_folder = broker_folder
        self.ports = {room: free_port() for room in ("streams", "consumers", "gateway", "sandbox", "prometheus")}
        self.clock = folder / "clock-of-the-gateway"
        self.rooms = {room: self._room(room) for room in ("streams", "consumers", "gateway", "sandbox")}
        self._http = httpx.Client(trust_env=False, timeout=10)
        self._quiet = threading.Event()
        self._feeder = threading.Thread(target=self._feed, daemon=True)

    def firing(self) -> dict[str, list[dict[str, str]]]:
        """The alerts that fire now, with their labels."""
        answer = self._http.get(f"http://127.0.0.1:{self.ports['prometheus']}/api/v1/alerts").json()
        found: dict[str, list[dict[str, str]]] = {}
        for alert in answer["data"]["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"])
        return found

    def value(self, query: str) -> float | None:
        """The first value of an instant query."""
        result = self.ask(query)
        return float(result[0]["value"][1]) if result else None

    def ask(self, query: str) -> list[Any]:
        """The answer to an instant query: series with a value each."""
        url = f"http://127.0.0.1:{self.ports['prometheus']}/api/v1/query"
        answer = self._http.get(url, params={"query": query}).json()
        assert answer["status"] == "success", (query, answer)
        result: list[Any] = answer["data"]["result"]
        return result

    def until_firing(self, *alerts: str, seconds: float = 150) -> None:
        """Wait until all of these fire."""
        wait_until(lambda: set(alerts) <= set(self.firing()), seconds, lambda: f"{alerts}; firing: {self.firing()}")

    def until_clear(self, *alerts: str, seconds: float = 180) -> None:
        """Wait until none of these fires; whatever ended because of the fault is started again meanwhile."""

        def clear() -> bool:
            for room in self.rooms.values():
                room.revive()
            return not set(alerts) & set(self.firing())

        wait_until(clear, seconds, lambda: f"{alerts}; firing: {self.firing()}")

    def send(self, score: int) -> None:
        """An answer of a new customer, through the gateway."""
        run = uuid.uuid4().hex
        self._http.post(
            f"http://127.0.0.1:{self.ports['gateway']}/v1/events",
            json={
                "specversion": "1.0",
                "id": run,
                "source": "/tests/surveys",
                "type": "closeloop.response.v1",
                "time": datetime.now(UTC).isoformat(),
                "data": {"customer_id": run[:12], "metric": "nps", "score": score, "touchpoint": "order.delivered"},
            },
        ).raise_for_status()

    def start_feeding(self) -> None:
        """Two contented customers a second, until the end."""
        self._feeder.start()

    def close(self) -> None:
        """Stop feeding."""
        self._quiet.set()
        if self._feeder.ident is not None:
            self._feeder.join(15)
        self._http.close()

    def _feed(self) -> None:
        while not self._quiet.wait(0.5):
            with suppress(httpx.HTTPError):
                self.send(10)

    def _room(self, room: str) -> Process:
        port = self.ports[room]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CLOSELOOP_", "SLACK_"))},
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "DATABASE_URL": f"sqlite:///{self.folder}/closeloop.db",
            "CLOSELOOP_CONFIG": str(ROOT / "loop.yaml"),
            "CLOSELOOP_DATA_DIR": str(self.folder / room),
            "CLOSELOOP_PORT": str(port),
            "CLOSELOOP_HEALTH_PORT": str(port),
            "CLOSELOOP_SLACK_PACE": "1000",
            "SLACK_BOT_TOKEN": "xoxb-sandbox",
            "SLACK_SIGNING_SECRET": "of-the-test",
            "SLACK_API_URL": f"http://127.0.0.1:{self.ports['sandbox']}/api/",
        }
        library = faketime_library()
        if room == "gateway" and library is not None:
            self.clock.write_text("+0\n")
            environment |= {
                "LD_PRELOAD": str(library),
                "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1",
            }
        words = [sys.executable, "-m", "closeloop", room]
        if room == "sandbox":
            words += ["--port", str(port), "--pace", "0"]
        healthy = "healthz" if room == "sandbox" else "readyz"
        return Process(words, environment, self.folder / f"{room}.log", f"http://127.0.0.1:{port}/{healthy}")


@contextmanager
def watched_loop(folder: Path, broker_folder: Path) -> Iterator[Watched]:
    """Everything running and ready, and Prometheus with a first look at all of it."""
    with ExitStack() as stack:
        broker = LocalKafka(broker_folder, nodes=1, fast_start=True)
        broker.start()
        stack.callback(broker.stop)
        create_topics(KafkaLink(broker.bootstrap), catalogue(2))
        upgrade(f"sqlite:///{folder}/closeloop.db")
        loop = Watched(folder, broker.bootstrap, broker_folder)
        stack.callback(loop.close)
        for process in loop.rooms.values():
            stack.callback(process.stop)
            process.start()
        for process in loop.rooms.values():
            process.wait()
        server = _prometheus(loop)
        stack.callback(server.stop)
        server.start()
        server.wait()
        loop.start_feeding()
        yield loop


def _prometheus(loop: Watched) -> Process:
    folder = loop.folder / "prometheus"
    (folder / "rules").mkdir(parents=True)
    for path in RULE_FILES:
        (folder / "rules" / path.name).write_text(yaml.safe_dump(quick(path)))
    written: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    written["global"] = {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE, "evaluation_interval": "1s"}
    for job in written["scrape_configs"]:
        for found in job.pop("dns_sd_configs", ()):
            (room,) = found["names"]
            job["static_configs"] = [{"targets": [f"127.0.0.1:{loop.ports[room]}"]}]
    written["scrape_configs"] = [job for job in written["scrape_configs"] if job["job_name"] != "prometheus"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(written))
    address = f"127.0.0.1:{loop.ports['prometheus']}"
    words = [
        prometheus(),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--log.level=warn",
    ]
    return Process(words, dict(os.environ), loop.folder / "prometheus.log", f"http://{address}/-/ready")


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """A file system of this size at the folder, if one may be mounted here: says whether it was."""
    folder.mkdir(parents=True, exist_ok=True)
    mount, umount = shutil.which("mount"), shutil.which("umount")
    words = [mount or "mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    mounted = False
    if mount and umount and os.geteuid() == 0:
        mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted and umount:
            subprocess.run([umount, "--lazy", str(folder)], check=True)


def wait_until(condition: Callable[[], bool], seconds: float, otherwise: Callable[[], str]) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.25)
