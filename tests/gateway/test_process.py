"""The gateway as its own process: it waits, serves, stops by SIGTERM, and refuses what would be unsafe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from gateway.keys import create_key
from schemas.database import open_database, sessions
from schemas.migrate import upgrade
from tests.gateway.serving import wait_until

LOOP = """
people: {ana: {name: Ana, email: ana@shop.example}}
receivers: {desk: {person: ana, channel: "#cx"}}
route: {receiver: desk}
"""


class Running:
    """A gateway process and what it has logged."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def logged(self, event: str) -> dict[str, object] | None:
        for line in self._log.read_text().splitlines():
            if line.startswith("{") and json.loads(line).get("event") == event:
                return dict(json.loads(line))
        return None

    def text(self) -> str:
        return self._log.read_text()

    def address(self) -> str:
        wait_until(lambda: self.logged("gateway_serves") or self.process.poll() is not None)
        told = self.logged("gateway_serves")
        assert told is not None, self.text()
        return str(told["url"])


@contextmanager
def gateway(folder: Path, **environment: str) -> Iterator[Running]:
    config = folder / "loop.yaml"
    config.write_text(LOOP)
    log = folder / "gateway.log"
    env = {
        **os.environ,
        "CLOSELOOP_CONFIG": str(config),
        "CLOSELOOP_PORT": "0",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "CLOSELOOP_DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        **environment,
    }
    code = (
        "import sys; from closeloop.logs import configure_logs; from gateway.process import run_gateway; "
        "from schemas.loop_yaml import load; configure_logs('info'); "
        "from schemas.settings import from_environment as s; sys.exit(run_gateway(s(), load(s().config)))"
    )
    with log.open("wb") as stderr:
        process = subprocess.Popen([sys.executable, "-c", code], env=env, stderr=stderr, stdout=stderr)
        try:
            yield Running(process, log)
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    upgrade(f"sqlite:///{tmp_path}/db.sqlite3")
    return tmp_path


def test_sigterm_ends_it_cleanly_within_10_s_also_while_somebody_follows_the_stream(folder: Path) -> None:
    with gateway(folder) as running:
        url = running.address()
        with httpx.Client(trust_env=False, timeout=20) as client, client.stream("GET", f"{url}/v1/stream") as stream:
            lines = stream.iter_lines()
            assert next(lines) == "event: totals"
            began = time.monotonic()
            running.process.send_signal(signal.SIGTERM)
            assert list(lines)[-1] == ""  # the stream ends whole, not torn
        assert running.process.wait(10) == 0
        assert time.monotonic() - began < 10
        assert running.logged("gateway_stopped") is not None
        assert "Traceback" not in running.text()


def test_it_waits_for_the_tables_and_says_so(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        wait_until(lambda: running.logged("waiting_for_database"))
        upgrade(f"sqlite:///{tmp_path}/db.sqlite3")
        assert httpx.get(f"{running.address()}/healthz", trust_env=False).status_code == 200


def test_it_can_be_stopped_while_it_waits(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        wait_until(lambda: running.logged("waiting_for_database"))
        running.process.terminate()
        assert running.process.wait(10) == 0


def test_another_address_without_a_key_refuses_to_start(folder: Path) -> None:
    with gateway(folder, CLOSELOOP_HOST="0.0.0.0") as running:
        assert running.process.wait(30) == 2
        told = running.logged("refused_to_start")
        assert told is not None
        assert "API key" in str(told["why"])
        assert "closeloop keys create" in str(told["remedy"])
        assert "Traceback" not in running.text()


def test_another_address_with_a_key_lets_in_only_who_has_it(folder: Path) -> None:
    engine = open_database(f"sqlite:///{folder}/db.sqlite3")
    key = create_key(sessions(engine), "ops", "read")
    engine.dispose()
    with gateway(folder, CLOSELOOP_HOST="0.0.0.0") as running:
        url = running.address().replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/v1/config", trust_env=False).status_code == 401
        told = httpx.get(f"{url}/v1/config", headers={"authorization": f"Bearer {key}"}, trust_env=False)
        assert (told.status_code, told.json()["open"]) == (200, False)


def test_a_port_that_is_taken_is_said_in_a_sentence(folder: Path) -> None:
    with gateway(folder) as first:
        port = first.address().rpartition(":")[2]
        second_folder = folder / "second"
        second_folder.mkdir()
        upgrade(f"sqlite:///{second_folder}/db.sqlite3")
        with gateway(second_folder, CLOSELOOP_PORT=port) as second:
            assert second.process.wait(30) == 2
            assert port in str(second.logged("refused_to_start"))
            assert "Traceback" not in second.text()


@pytest.mark.faults
def test_kafka_away_is_no_reason_to_end(folder: Path) -> None:
    with gateway(folder) as running:
        url = running.address()
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 503
        wait_until(lambda: running.logged("kafka_away"), 60)
        assert running.process.poll() is None
