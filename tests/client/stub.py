"""A gateway of a few lines that answers as the real one does, and fails as it is told to."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Fault:
    """What happens to one request in place of its answer. ``applied``: its events are taken first."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    applied: bool = False
    reset: bool = False
    close_after: bool = False


class StubGateway:
    """Takes every event whose ``data.score`` is not above 10; ``faults`` are used up one a request."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.taken: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        self.most_at_once = 0
        self.connections = 0
        self.max_bytes = 5 * 1024 * 1024
        self.max_events = 5000
        self.reads_gzip = True
        self._at_once = 0
        self._lock = threading.Lock()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ids(self) -> list[str]:
        """The ids taken, in order, those sent again included."""
        return [event["id"] for event in self.taken]

    def handle(self, headers: dict[str, str], body: bytes) -> Fault:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self.requests.append((headers, body))
            if headers.get("content-encoding") == "gzip":
                if not self.reads_gzip:
                    error = {"error": {"reason": "not_json", "field": "", "problem": "not JSON"}}
                    return Fault(400, body=json.dumps(error).encode())
                body = gzip.decompress(body)
            fault = self.faults.pop(0) if self.faults else None
            if fault is not None and not fault.applied and not fault.close_after:
                return fault
            if len(body) > self.max_bytes:
                error = {"error": {"reason": "too_large", "field": "", "problem": "send smaller batches"}}
                return Fault(413, body=json.dumps(error).encode())
            answer = self._answer(headers, body)
            return fault if fault is not None and fault.applied else answer
        finally:
            with self._lock:
                self._at_once -= 1

    def _answer(self, headers: dict[str, str], body: bytes) -> Fault:
        if "ndjson" in headers["content-type"]:
            parts = [json.loads(line) for line in body.splitlines()]
        else:
            parts = json.loads(body)
        results = []
        for index, event in enumerate(parts):
            if event.get("data", {}).get("score", 0) > 10:
                error = {"reason": "scale", "field": "data.score", "problem": "outside its scale 0..10"}
                results.append({"id": event["id"], "status": "rejected", "index": index, **error})
            else:
                self.taken.append(event)
                results.append({"id": event["id"], "status": "accepted"})
        accepted = sum(row["status"] == "accepted" for row in results)
        answer: dict[str, Any] = {"accepted": accepted, "rejected": len(results) - accepted, "results": results}
        if not accepted:
            answer["error"] = {"reason": "scale", "field": "data.score", "problem": "outside its scale 0..10"}
        return Fault(202 if accepted else 400, body=json.dumps(answer).encode())


@contextmanager
def running(gateway: StubGateway, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[StubGateway]:
    """The stub on 127.0.0.1; its connections are closed when the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            gateway.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = gateway.handle({name.lower(): value for name, value in self.headers.items()}, body)
            if answer.reset:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            if answer.close_after:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        allow_reuse_address = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", port), Handler)
    gateway.port = server.server_address[1]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
