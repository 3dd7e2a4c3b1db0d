"""Clients that trickle: their connection is answered 408 or closed, and others are served meanwhile."""

from __future__ import annotations

import dataclasses
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import msgspec
import pytest
import uvicorn

from gateway import patience
from gateway.app import build_app
from gateway.parts import Parts
from gateway.patience import protocol_with
from schemas.config_gateway import Gateway, SlowClients
from tests.gateway.conftest import KeptRecords
from tests.gateway.examples import encoded, response
from tests.gateway.serving import wait_until

BODY = encoded(response())
HEAD = b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.fixture
def port(make: Callable[..., Parts], sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A gateway that waits a second for headers and one for a body."""
    monkeypatch.setattr(patience, "BACKSTOP_SECONDS", 1.0)
    parts = dataclasses.replace(make(sqlite_database), producer=KeptRecords())
    gateway = Gateway(slow_clients=SlowClients(headers="1s", body="1s"))
    parts = dataclasses.replace(parts, loop=msgspec.structs.replace(parts.loop, gateway=gateway))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build_app(parts), http=protocol_with(1.0, 1.0), log_config=None))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(60)
    listener.close()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        yield connection


def answered(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    said = b""
    while part := connection.recv(65536):
        said += part
    return said


def test_trickled_headers_and_bodies_are_answered_408_and_silence_is_closed(port: int) -> None:
    with connected(port) as headers, connected(port) as body, connected(port) as silent, connected(port) as second:
        headers.sendall(HEAD)  # and never the end of it
        body.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:10])
        second.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        told = second.recv(65536)
        while not told.endswith(b"}"):  # head and body may come one after the other
            told += second.recv(65536)
        assert told.startswith(b"HTTP/1.1 202")
        second.sendall(HEAD)  # the second request of a connection, too
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code in (200, 503)
        for connection in (headers, body, second):
            head, _, told = answered(connection).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 408")
            assert b"connection: close" in head.lower()
            assert json.loads(told)["error"]["reason"] == "slow"
        assert answered(silent) == b""


@pytest.mark.faults
def test_other_routes_do_not_wait_for_a_body_for_ever(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD.replace(b"/v1/events", b"/v1/silences") + b"Content-Length: 50\r\n\r\n{")
        assert b"HTTP/1.1 2" not in answered(connection)


@pytest.mark.faults
def test_a_request_that_came_with_the_one_before_it_has_a_clock_too(port: int) -> None:
    whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    with connected(port) as connection:
        connection.settimeout(10)
        connection.sendall(whole + HEAD.replace(b"/v1/events", b"/v1/silences") + b"Content-Length: 50\r\n\r\n{")
        assert answered(connection).count(b"HTTP/1.1 2") == 1


def test_a_body_that_comes_in_time_is_taken_however_many_pieces(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        for at in range(0, len(BODY), 40):
            piece = BODY[at : at + 40]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")
        assert answered(connection).startswith(b"HTTP/1.1 202")


def test_who_asks_before_sending_is_told_to_send_or_refused_at_once(port: int) -> None:
    asking = HEAD + b"Expect: 100-continue\r\n"
    with connected(port) as large, connected(port) as small:
        large.sendall(asking + b"Content-Length: 9000000\r\n\r\n")
        assert answered(large).startswith(b"HTTP/1.1 413")
        small.sendall(asking + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        assert small.recv(65536).startswith(b"HTTP/1.1 100")
        small.sendall(BODY)
        assert b"HTTP/1.1 202" in answered(small)


def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_fault_of_the_gateway(port: int) -> None:
    def counted() -> dict[str, float]:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        found = re.findall(r'request_seconds_count{method="POST",route="([^"]+)",status="(\d+)"} (\S+)', text)
        return {f"{route} {status}": float(number) for route, status, number in found}

    for path in (b"/v1/events", b"/v1/silences"):
        with connected(port) as connection:
            connection.sendall(HEAD.replace(b"/v1/events", path) + b"Content-Length: 500\r\n\r\n" + BODY[:10])
    wait_until(lambda: len(counted()) == 2)
    assert counted() == {"/v1/events 400": 1, "/v1/silences 400": 1}
