"""An OTLP collector that only remembers: spans over real HTTP, as OpenTelemetry's own protocol has them."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Seen(msgspec.Struct, frozen=True):
    """One span as it arrived."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, object]
    failed: str


class Collector:
    """What was exported so far. ``everything`` is all of it as text, to look for what must not be there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._seen: list[Seen] = []
        self._raw: list[str] = []
        self._lock = threading.Lock()

    def take(self, body: bytes) -> None:
        """Remember one export."""
        request = ExportTraceServiceRequest.FromString(body)
        with self._lock:
            self._raw.append(str(request))
            for resource in request.resource_spans:
                own = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
                for scope in resource.scope_spans:
                    self._seen.extend(
                        Seen(
                            service=own["service.name"],
                            name=span.name,
                            trace=span.trace_id.hex(),
                            id=span.span_id.hex(),
                            parent=span.parent_span_id.hex(),
                            attributes={
                                pair.key: getattr(pair.value, pair.value.WhichOneof("value"))
                                for pair in span.attributes
                            },
                            failed=span.status.message if span.status.code == 2 else "",
                        )
                        for span in scope.spans
                    )

    @property
    def spans(self) -> list[Seen]:
        """Every span, in the order of arrival."""
        with self._lock:
            return list(self._seen)

    @property
    def everything(self) -> str:
        """All exports as text."""
        with self._lock:
            return "\n".join(self._raw)

    def wait_for(self, there: Callable[[list[Seen]], bool], seconds: float = 30) -> list[Seen]:
        """The spans once they are as wanted."""
        deadline = time.monotonic() + seconds
        while not there(self.spans):
            assert time.monotonic() < deadline, self.spans
            time.sleep(0.05)
        return self.spans


@contextmanager
def collecting(status: int = 200) -> Iterator[Collector]:
    """A collector on a port of its own that answers with ``status``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            if status == 200:
                collector.take(body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
