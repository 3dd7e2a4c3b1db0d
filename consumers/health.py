"""A small HTTP server for /healthz, /readyz and /metrics."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], list[str]]
"""What is wrong, one sentence each; empty when all is well."""


class HealthServer:
    """Serves until closed. ``alive`` fails when a part has died, ``ready`` while Kafka or the database is missing."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, alive: Check, ready: Check) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/healthz":
                    self._verdict(alive())
                elif self.path == "/readyz":
                    self._verdict(ready())
                elif self.path == "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                else:
                    self._answer(404, "text/plain; charset=utf-8", b"give /healthz, /readyz or /metrics\n")

            def _verdict(self, problems: list[str]) -> None:
                body = "\n".join(problems or ["ok"]) + "\n"
                self._answer(503 if problems else 200, "text/plain; charset=utf-8", body.encode())

            def _answer(self, status: int, content_type: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                del format, args  # a probe each second is not worth a line

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()
        structlog.get_logger().info("health endpoints", port=self.port)

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)
