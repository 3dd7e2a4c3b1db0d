"""A small app behind the sandbox for the page's tests: threads, signed HTTP, the ordinary slack-sdk client."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from tests.sandbox.blocks import card, modal, section


class App:
    """Opens a dialog on `resolve`, marks the card on `ack`, refuses short notes, closes the card on submission."""

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []
        self.client: WebClient = WebClient()
        self.card = ("", "")
        self.url = ""
        self.listens_only = False

    def handle(self, payload: dict[str, Any]) -> dict[str, Any] | None:
        self.payloads.append(payload)
        if self.listens_only:
            return None
        channel, ts = self.card
        if payload["type"] == "view_submission":
            values = payload["view"]["state"]["values"]
            if len(values["note"]["n"]["value"]) < 5:
                return {"response_action": "errors", "errors": {"note": "Please say a little more."}}
            self.client.chat_update(channel=channel, ts=ts, text="closed", blocks=[section("✅ *resolved* by Ana")])
            return {"response_action": "clear"}
        if payload["type"] == "block_actions":
            action = payload["actions"][0]["action_id"]
            if action == "resolve":
                self.client.views_open(trigger_id=payload["trigger_id"], view=modal())
            elif action == "ack":
                blocks = [section("🟡 on it: Ana"), *card()[1:]]
                self.client.chat_update(channel=channel, ts=ts, text="on it", blocks=blocks)
        return None


@contextlib.contextmanager
def serving() -> Iterator[App]:
    """Serve an app on a free port."""
    app = App()
    verifier = SignatureVerifier("sandbox-signing-secret")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            genuine = verifier.is_valid_request(body, dict(self.headers.items()))
            answer = None
            if genuine and self.path.endswith("/interactions"):
                answer = app.handle(json.loads(parse_qs(body.decode())["payload"][0]))
            raw = json.dumps(answer).encode() if answer else b""
            self.send_response(200 if genuine else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    app.url = f"http://127.0.0.1:{server.server_address[1]}/slack/interactions"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield app
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
