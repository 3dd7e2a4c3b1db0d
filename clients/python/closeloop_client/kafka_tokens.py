"""Tokens for a Kafka that signs apps in by OAUTHBEARER: OAuth's client credentials (RFC 6749, 4.4)."""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import math
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from kafka.net.sasl.oauth import AbstractTokenProvider

_USED_UP = 0.8
"""The share of a token's life after which the next one is fetched."""
_LONGEST_ANSWER = 1_000_000


class TokenError(OSError):
    """The token end point gave no token. The text shows neither the secret nor a token."""


class ClientCredentials(AbstractTokenProvider):  # type: ignore[misc]  # kafka-python has no types
    """Fetches tokens with an id and a secret, and gives each until most of its life is over. Thread-safe.

    Give it to ``Kafka(..., sasl_mechanism="OAUTHBEARER", sasl_oauth_token_provider=ClientCredentials(...))``.

    Args:
        endpoint: the token end point's URL: ``https://``, or ``http://`` on this machine alone.
        client_id: who asks there.
        client_secret: and its secret.
        scope: for what, where the end point wants to know.
        cafile: who may have signed its certificate, PEM; otherwise whom the system trusts.
        timeout: seconds that one request may take.

    Raises:
        ValueError: for an end point or a file that is none; its text begins with the argument's name.
    """

    def __init__(
        self,
        endpoint: str,
        client_id: str,
        client_secret: str,
        *,
        scope: str = "",
        cafile: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        parts = urllib.parse.urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("endpoint: no address; give the token end point's URL, https://HOST/PATH")
        if parts.scheme == "http" and not _is_this_machine(parts.hostname):
            raise ValueError("endpoint: the secret would go unencrypted; give an https:// URL")
        try:
            context = ssl.create_default_context(cafile=cafile)
        except OSError:
            raise ValueError(f"cafile: {cafile} cannot be read, or holds no certificates in PEM") from None
        self._endpoint = endpoint
        self._where = f"{parts.scheme}://{parts.hostname}{parts.path}"
        self._authorization = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._scope = scope
        self._timeout = timeout
        # A redirect could lead the secret elsewhere.
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirects())
        self._lock = threading.Lock()
        self._token = ""
        self._until = -math.inf

    def token(self) -> str:
        """The token; kafka-python asks for it at each sign-in. Raises :class:`TokenError`."""
        with self._lock:
            asked_at = time.monotonic()
            if asked_at >= self._until:
                self._token, life = self._fetch()
                self._until = asked_at + life * _USED_UP
            return self._token

    def _fetch(self) -> tuple[str, float]:
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        request = urllib.request.Request(  # noqa: S310 - the constructor takes http and https alone
            self._endpoint,
            urllib.parse.urlencode(form).encode(),
            {"Authorization": f"Basic {self._authorization}", "Accept": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return _read(response.read(_LONGEST_ANSWER))
        except urllib.error.HTTPError as error:
            error.close()
            why = f"it answers {error.code}"
        except (KeyError, TypeError, ValueError):
            why = "there is no access_token in what it answers"
        except (OSError, http.client.HTTPException) as error:
            why = str(getattr(error, "reason", None) or type(error).__name__)
        raise TokenError(f"{self._where} gives no token: {why}")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """None: the redirect becomes an error."""


def _read(body: bytes) -> tuple[str, float]:
    """The token and its life in seconds; 0, to be used once, where nothing is said of it."""
    answer = json.loads(body)
    token, life = answer["access_token"], float(answer.get("expires_in") or 0.0)
    if not isinstance(token, str) or not token or not math.isfinite(life):
        raise ValueError
    return token, life


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
