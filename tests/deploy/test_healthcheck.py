"""The image's health check against a room's answers over real HTTP."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "healthcheck.py"


class Answers(BaseHTTPRequestHandler):
    """Alive at /healthz, broken everywhere else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 503)
        self.end_headers()
        self.wfile.write(b"the desk has ended")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def room() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def look(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", str(SCRIPT), *words], capture_output=True, text=True, check=False)


def test_a_room_that_says_it_is_alive(room: int) -> None:
    assert look(str(room)).returncode == 0


def test_a_room_that_says_it_is_not(room: int) -> None:
    done = look(str(room), "/readyz")
    assert done.returncode == 1
    assert done.stderr == "503: the desk has ended\n"


def test_no_room_at_all(free_port: int) -> None:
    done = look(str(free_port))
    assert done.returncode == 1
    assert "Connection refused" in done.stderr
