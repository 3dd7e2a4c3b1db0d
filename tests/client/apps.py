"""Apps on real ports, and the requests that each of them gets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import uvicorn

from closeloop_client.testing import FakeEmitter
from tests.client.waiting import wait_until

CLOSE = {"Connection": "close"}
"""uvicorn cuts the connection of a request whose app failed: the next one is not to meet that."""


@contextmanager
def asgi(app: Any) -> Iterator[httpx.Client]:
    """An ASGI app on a real port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", trust_env=False, headers=CLOSE
        ) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


@contextmanager
def wsgi(app: Any) -> Iterator[httpx.Client]:
    """A WSGI app on a real port."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", trust_env=False, headers=CLOSE) as client:
            yield client
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def seen(fake: FakeEmitter) -> list[tuple[str, str, str | None]]:
    """Whose touchpoint, which, and how it went."""
    return [(event.customer_id, event.touchpoint, event.outcome) for event in fake.touchpoints]


def ask(client: httpx.Client) -> None:
    """The same requests of every app."""
    of = {"X-Customer": "c42"}
    assert client.get("/orders/4711", headers=of).status_code == 200
    assert client.get("/orders/4711").status_code == 200  # nobody knows who
    assert client.post("/checkout", headers=of).status_code == 201
    assert client.get("/orders/0", headers=of).status_code == 404
    assert client.get("/broken", headers=of).status_code == 500
    assert client.get("/unavailable", headers=of).status_code == 503
    assert client.get("/healthz", headers=of).status_code == 200
    assert client.get("/no/such/4711", headers=of).status_code == 404


def expected(order: str) -> list[tuple[str, str, str]]:
    return [
        ("c42", f"GET {order}", "ok"),
        ("c42", "checkout.completed", "ok"),
        ("c42", f"GET {order}", "refused"),
        ("c42", "GET /broken", "failed"),
        ("c42", "GET /unavailable", "failed"),
    ]
