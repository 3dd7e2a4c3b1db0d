"""Signatures against published vectors, and what an answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from consumers.delivery.webhooks import Hook, key_of, sign

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Receiver:
    """What arrived, and the answers to give."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.url = ""


@contextmanager
def receiving() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, headers = kept.answers.pop(0) if kept.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_published_vector() -> None:
    """The example that the Standard Webhooks specification gives with its secret."""
    key = key_of("whsec_plJ3nmyCDGBKInavdOK15jsl")
    body = b'{"event_type":"ping","data":{"success":true}}'
    assert sign(key, "msg_loFOjxBNrRLzqYUf", 1731705121, body) == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_what_is_sent_can_be_verified_by_hand() -> None:
    with receiving() as receiver:
        assert Hook(receiver.url, SECRET).send("m-1", b'{"a":1}', NOW) is None
    ((path, headers, body),) = receiver.requests
    assert (path, body) == ("/hook", b'{"a":1}')
    assert headers["webhook-id"] == "m-1"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    signed = f"m-1.{int(NOW.timestamp())}.".encode() + body
    mac = hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


@pytest.mark.parametrize(
    ("status", "kind"), [(500, "later"), (429, "later"), (408, "later"), (400, "divert"), (410, "divert")]
)
def test_what_an_answer_means(status: int, kind: str) -> None:
    with receiving() as receiver:
        receiver.answers = [(status, {})]
        verdict = Hook(receiver.url, SECRET).send("m-1", b"{}", NOW)
    assert verdict is not None
    assert (verdict.kind, verdict.code) == (kind, f"http_{status}")


def test_a_redirect_is_not_followed() -> None:
    with receiving() as receiver, receiving() as other:
        receiver.answers = [(307, {"Location": other.url})]
        verdict = Hook(receiver.url, SECRET).send("m-1", b"{}", NOW)
        assert verdict is not None
        assert (verdict.kind, verdict.code) == ("divert", "http_307")
        assert other.requests == []


def test_nobody_there_means_later() -> None:
    with receiving() as receiver:
        url = receiver.url
    verdict = Hook(url, SECRET).send("m-1", b"{}", NOW)
    assert verdict is not None
    assert (verdict.kind, verdict.code) == ("later", "ConnectionRefusedError")


@pytest.mark.parametrize("secret", ["whsec_not base64", "whsec_c2hvcnQ="])
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret") as caught:
        key_of(secret)
    assert secret not in str(caught.value)
