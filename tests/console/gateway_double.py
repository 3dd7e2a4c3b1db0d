"""A stand-in for the gateway: serves the console and the API that it reads, from data that a test can change."""

from __future__ import annotations

import json
import mimetypes
import queue
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import gateway.console
from tests.console.shop import silence

_STATIC = Path(gateway.console.__file__).parent / "static"
_BUNDLE = Path(str(files("chartkick") / "django" / "static" / "chartkick" / "Chart.bundle.js"))

Json = Any


class GatewayDouble:
    """Answers as the gateway does. ``refusals`` maps the path of an action to the status and body of its refusal."""

    def __init__(self, data: dict[str, Json]) -> None:
        self.data = data
        self.posted: list[tuple[str, Json]] = []
        self.requested: list[str] = []
        self.refusals: dict[str, tuple[int, Json]] = {}
        self.key: str | None = None
        self.gone = False
        self._clients: list[queue.Queue[bytes | None]] = []
        self._lock = threading.Lock()
        double = self

        class Handler(_Handler):
            owner = double

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Go away, with every open stream; a second time does nothing."""
        if not self._thread.is_alive():
            return
        self.gone = True
        self.drop_streams()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def drop_streams(self) -> None:
        """End every open stream, as a restart of the gateway does."""
        with self._lock:
            for client in self._clients:
                client.put(None)
            self._clients.clear()

    def send(self, event: str, value: Json) -> None:
        """Send one server-sent event to every client."""
        with self._lock:
            for client in self._clients:
                client.put(f"event: {event}\ndata: {json.dumps(value)}\n\n".encode())

    def subscribe(self) -> queue.Queue[bytes | None]:
        client: queue.Queue[bytes | None] = queue.Queue()
        for row in self.data["metrics"]:
            client.put(f"event: metric\ndata: {json.dumps(row)}\n\n".encode())
        for event in ("totals", "silences"):
            client.put(f"event: {event}\ndata: {json.dumps(self.data[event])}\n\n".encode())
        with self._lock:
            self._clients.append(client)
        return client

    def case(self, case_id: int) -> Json:
        return next((case for case in self.data["cases"] if case["id"] == case_id), None)

    def get(self, path: str, query: dict[str, str], keys: list[str]) -> tuple[int, Json]:
        body = self._answer(path, query, keys)
        return (404, _error("missing", "id", "there is no such thing")) if body is None else (200, body)

    def _answer(self, path: str, query: dict[str, str], keys: list[str]) -> Json:
        if path.startswith("/v1/cases/"):
            return self.case(int(path.rpartition("/")[2]))
        if path == "/v1/metrics/history":
            rows = [row for row in self.data["history"] if _fits(row, query)]
            rows = [row for row in rows if {f"{name}:{value}" for name, value in row["key"].items()} >= set(keys)]
            return [row for row in rows if query.get("from", "") <= row["day"] <= query.get("to", "9999")]
        return {
            "/v1/config": self.data["config"],
            "/v1/totals": self.data["totals"],
            "/v1/metrics": [row for row in self.data["metrics"] if _fits(row, query)],
            "/v1/cases": self._page(query),
            "/v1/silences": {"silences": self.data["silences"] + self.data["past_silences"], "next": None},
            "/v1/deadletters": {"deadletters": self.data["deadletters"], "next": None},
        }.get(path)

    def _page(self, query: dict[str, str]) -> Json:
        before, limit = int(query.get("cursor", 10**9)), int(query.get("limit", 50))
        states = query["state"].split(",") if "state" in query else None
        listed = [
            case
            for case in sorted(self.data["cases"], key=lambda case: -case["id"])
            if case["id"] < before
            and (states is None or case["state"] in states)
            and query.get("owner") in (None, case["owner"])
            and query.get("customer") in (None, case["customer_id"])
        ]
        page = [{k: v for k, v in case.items() if k not in ("events", "alerts")} for case in listed[:limit]]
        return {"cases": page, "next": str(page[-1]["id"]) if len(listed) > limit else None}

    def post(self, path: str, body: Json) -> tuple[int, Json]:
        self.posted.append((path, body))
        if path in self.refusals:
            return self.refusals[path]
        if path.startswith("/v1/deadletters/"):
            return 200, {}
        if path.startswith("/v1/silences"):
            return self._silence(path, body)
        _, _, _, case_id, action = path.split("/")
        case = self.case(int(case_id))
        case["version"] += 1
        after = {"acknowledge": "acknowledged", "contact": "contacted", "resolve": "resolved", "dismiss": "dismissed"}
        case["state"] = after.get(action, case["state"])
        case["events"].append(
            {
                "version": case["version"],
                "action": action,
                "from_state": "open",
                "to_state": case["state"],
                "at": case["updated_at"],
                "actor": body["actor"],
                "actor_name": self.data["config"]["people"][body["actor"]],
                "via": "console",
                "detail": {name: value for name, value in body.items() if name not in ("version", "actor")},
            }
        )
        return 200, case

    def _silence(self, path: str, body: Json) -> tuple[int, Json]:
        """A silence begins or ends, and those who follow the stream are told."""
        fits = self.data["fits"]
        if path == "/v1/silences/preview":
            return 200, {"matchers": body["matchers"], "words": "", "fits": fits}
        if path == "/v1/silences":
            given = {name: body[name] for name in ("matchers", "ends_at", "reason")}
            person = self.data["config"]["people"][body["actor"]]
            found = silence(len(self.data["silences"]) + 11, datetime.now(UTC), created_by_name=person, **given)
            self.data["silences"].insert(0, found)
        else:
            number = int(path.split("/")[3])
            found = next(one for one in self.data["silences"] if one["id"] == number)
            self.data["silences"].remove(found)
        self.send("silences", self.data["silences"])
        return 200, found | {"fits": fits, "cases_speaking": found["cases_held"]}


class _Handler(BaseHTTPRequestHandler):
    owner: GatewayDouble
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        if self.owner.gone:  # a connection kept alive from before
            self.close_connection = True
            return
        url = urlsplit(self.path)
        self.owner.requested.append(self.path)
        if not url.path.startswith("/v1/"):
            self._file(url.path)
        elif not self._has_key():
            self._json(401, _error("unauthorized", "authorization", "give an API key"))
        elif url.path == "/v1/stream":
            self._stream()
        else:
            given = parse_qs(url.query)
            single = {name: values[0] for name, values in given.items()}
            self._json(*self.owner.get(url.path, single, given.get("key", [])))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"null")
        self._json(*self.owner.post(self.path, body))

    def _has_key(self) -> bool:
        return self.owner.key is None or self.headers.get("authorization") == f"Bearer {self.owner.key}"

    def _json(self, status: int, value: Json) -> None:
        self._bytes(status, json.dumps(value).encode(), "application/json")

    def _bytes(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _file(self, path: str) -> None:
        if path == "/console/vendor/Chart.bundle.js":
            file = _BUNDLE
        else:
            file = _STATIC / ("index.html" if path == "/" else path.removeprefix("/console/"))
        if not file.is_file():
            self._json(404, _error("missing", "path", "no such file"))
            return
        self._bytes(200, file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream")

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        client = self.owner.subscribe()
        try:
            while (part := client.get()) is not None:
                self.wfile.write(part)
                self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True


def _fits(row: Json, query: dict[str, str]) -> bool:
    return all(row.get(name) == query[name] for name in ("metric", "window", "cut") if name in query)


def _error(reason: str, field: str, problem: str) -> Json:
    return {"error": {"reason": reason, "field": field, "problem": problem}}
