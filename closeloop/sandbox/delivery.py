"""Sending interactions and events to the app, signed over HTTP or over Socket Mode, and waiting for its ack."""

import asyncio
import hashlib
import hmac
import json
from typing import Literal
from urllib.parse import urlencode

import aiohttp
import msgspec

from closeloop.sandbox.core import Core
from closeloop.sandbox.model import Json
from closeloop.sandbox.sockets import Sockets


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one delivery: whether the app acked in time, its answer, and what a person should know.

    `repeat` is whether Slack would send it again were it an event, `reason` its word for why.
    """

    acked: bool
    via: str
    answer: Json = {}
    problem: str = ""
    repeat: bool = False
    reason: str = ""


class Retry(msgspec.Struct, frozen=True):
    """Which repetition of an event this is (0: the first sending), and why."""

    number: int = 0
    reason: str = ""


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Slack's signature v0 of a raw body: `v0=` and the HMAC-SHA256 over version, Unix seconds and body."""
    base = b"v0:%d:%s" % (timestamp, body)
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


FIRST = Retry()


class Delivery:
    """Delivers payloads by the mode of the settings, each once; it is `Announcer` that repeats events."""

    def __init__(self, core: Core, sockets: Sockets) -> None:
        self._core = core
        self._sockets = sockets
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the HTTP connections."""
        if self._session is not None:
            await self._session.close()

    async def interact(self, payload: Json) -> Outcome:
        """Deliver an interaction as form field `payload`, or as an `interactive` envelope."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        url = self._core.settings.interactions_url
        return await self._deliver("interactive", payload, url, body, "application/x-www-form-urlencoded")

    async def notify(self, payload: Json, *, retry: int = 0, reason: str = "") -> Outcome:
        """Deliver an Events API callback as JSON, or as an `events_api` envelope; `retry` counts repetitions."""
        body, url = json.dumps(payload).encode(), self._core.settings.events_url
        return await self._deliver("events_api", payload, url, body, "application/json", Retry(retry, reason))

    async def _deliver(
        self,
        kind: Literal["interactive", "events_api"],
        payload: Json,
        url: str | None,
        body: bytes,
        content_type: str,
        retry: Retry = FIRST,
    ) -> Outcome:
        core, started = self._core, asyncio.get_running_loop().time()
        mode = core.settings.mode
        if core.faults.decide("interaction", core.clock()) is not None:
            lost = "lost on the way (a fault was ordered)"
            outcome = Outcome(acked=False, via="none", problem=lost, repeat=True, reason="connection_failed")
        elif mode == "socket" or (mode == "auto" and self._sockets.connections):
            outcome = await self._over_socket(kind, payload, retry)
        elif url is None:
            outcome = Outcome(acked=False, via="none", problem="no app is connected and no URL is set")
        else:
            outcome = await self._over_http(url, body, content_type, retry)
        took = asyncio.get_running_loop().time() - started
        core.deliveries.append(
            {
                "type": payload["type"] if kind == "interactive" else payload["event"]["type"],
                "via": outcome.via,
                "acked": outcome.acked,
                "problem": outcome.problem,
                "seconds": round(took, 4),
            }
        )
        return outcome

    async def _over_socket(self, kind: Literal["interactive", "events_api"], payload: Json, retry: Retry) -> Outcome:
        seconds = self._core.settings.ack_seconds
        try:
            answer = await self._sockets.send(kind, payload, seconds, retry.number, retry.reason)
        except TimeoutError:
            return _failed("socket", f"the app did not answer within {seconds:g} s", "timeout")
        except ConnectionError:
            return _failed("socket", "no app is connected", "connection_failed")
        return Outcome(acked=True, via="socket", answer=answer)

    async def _over_http(self, url: str, body: bytes, content_type: str, retry: Retry) -> Outcome:
        seconds = self._core.settings.ack_seconds
        timestamp = int(self._core.clock())
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": str(timestamp),
            "X-Slack-Signature": sign(self._core.settings.signing_secret, timestamp, body),
        }
        if retry.number:
            headers |= {"X-Slack-Retry-Num": str(retry.number), "X-Slack-Retry-Reason": retry.reason}
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            timeout = aiohttp.ClientTimeout(total=seconds)
            async with self._session.post(url, data=body, headers=headers, timeout=timeout) as response:
                raw = await response.read()
                status, no_retry = response.status, response.headers.get("X-Slack-No-Retry") == "1"
        except TimeoutError:
            return _failed("http", f"the app did not answer within {seconds:g} s", "http_timeout")
        except aiohttp.ClientError:
            return _failed("http", "the app cannot be reached", "connection_failed")
        if status != 200:
            return _failed("http", f"the app answered with HTTP {status}", "http_error", repeat=not no_retry)
        return Outcome(acked=True, via="http", answer=_json_object(raw))


def _failed(via: str, problem: str, reason: str, *, repeat: bool = True) -> Outcome:
    return Outcome(acked=False, via=via, problem=problem, reason=reason, repeat=repeat)


def _json_object(raw: bytes) -> Json:
    """The JSON object of an ack's body; an empty or other body is a plain ack."""
    try:
        decoded = json.loads(raw)
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
