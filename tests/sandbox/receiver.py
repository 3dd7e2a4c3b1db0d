"""An app's side of signed interactions: a small server that verifies, records and answers as told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from slack_sdk.signature import SignatureVerifier


class Receiver:
    """Payloads that came with a valid signature, and the answers to give; `delay` in seconds."""

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.forged = 0
        self.answers: list[dict[str, Any]] = []
        self.status = 200
        self.event_statuses: list[int] = []
        self.retries: list[tuple[str | None, str | None]] = []
        self.delay = 0.0
        self.url = ""
        self.verifier = SignatureVerifier("sandbox-signing-secret")

    async def interaction(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self.verifier.is_valid_request(body, dict(request.headers)):
            self.forged += 1
            return web.Response(status=401)
        if request.path == "/slack/events":
            self.events.append(json.loads(body))
            self.retries.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
            return web.Response(status=self.event_statuses.pop(0) if self.event_statuses else 200)
        assert request.content_type == "application/x-www-form-urlencoded"
        self.payloads.append(json.loads(parse_qs(body.decode())["payload"][0]))
        await asyncio.sleep(self.delay)
        if self.answers:
            return web.json_response(self.answers.pop(0))
        return web.Response(status=self.status)


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Serve a receiver on a free port."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/slack/interactions", receiver.interaction)
    app.router.add_post("/slack/events", receiver.interaction)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/interactions"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def until(condition: Any, seconds: float = 60.0) -> None:
    """Wait until `condition()` is true; fail after a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)
