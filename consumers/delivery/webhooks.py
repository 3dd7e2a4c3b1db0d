"""Webhooks by Standard Webhooks: signed, with an id that stays the same when a message is sent again."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from consumers.slack.client import is_loopback
from consumers.slack.errors import LATER_S, Verdict

TIMEOUT_S = 10.0
_PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key in a secret: base64, with or without ``whsec_`` before it. Raises ``ValueError``."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("no webhook secret; give base64, such as whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") from None
    if len(key) < 16:
        raise ValueError("too short a webhook secret; give at least 24 random bytes in base64")
    return key


def sign(key: bytes, message_id: str, at: int, body: bytes) -> str:
    """The signature of a body: ``v1,`` and HMAC-SHA256 over id, Unix seconds and body, joined by dots."""
    signed = b"%s.%d.%s" % (message_id.encode(), at, body)
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class _NoRedirects(HTTPRedirectHandler):
    """A redirect is a refusal: the body is meant for the configured address and no other."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        del req, fp, code, msg, headers, newurl
        return None


class Hook:
    """One address of loop.yaml and its key."""

    def __init__(self, url: str, secret: str, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._key = key_of(secret)
        self._timeout_s = timeout_s
        bypass = [ProxyHandler({})] if is_loopback(url) else []
        self._opener = build_opener(_NoRedirects(), *bypass)

    def send(self, message_id: str, body: bytes, now: datetime) -> Verdict | None:
        """Send once; ``None`` when it was taken (2xx). 408, 429 and 5xx mean later, other answers for good."""
        at = int(now.timestamp())
        request = Request(  # noqa: S310 - http and https alone, checked when loop.yaml is read
            self._url,
            data=body,
            headers={
                "Content-Type": "application/json",
                "User-Agent": "closeloop",
                "webhook-id": message_id,
                "webhook-timestamp": str(at),
                "webhook-signature": sign(self._key, message_id, at, body),
            },
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=self._timeout_s):
                return None
        except HTTPError as error:
            with error:
                passing = error.code in (408, 429) or error.code >= 500
                return Verdict("later" if passing else "divert", f"http_{error.code}", LATER_S)
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            return Verdict("later", type(reason).__name__, LATER_S)
