"""Tokens for SASL OAUTHBEARER, for the clients written in Python. librdkafka fetches its own.

OAuth's client credentials (RFC 6749, 4.4): one POST, with the client's id and secret in HTTP's Basic authentication.
"""

import base64
import http.client
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import msgspec

from schemas.kafka_link import TokenClient
from schemas.kafka_tls import trusted

TIMEOUT_S = 10.0
_USED_UP = 0.8
"""The share of a token's life after which the next one is fetched."""
_LONGEST_ANSWER = 1_000_000


class TokenError(Exception):
    """The identity provider gave no token. The text never shows the secret or a token."""


class _Answer(msgspec.Struct):
    """What a token end point answers. Without ``expires_in`` the token is used once."""

    access_token: str
    expires_in: float = 0.0


class _Refusal(msgspec.Struct):
    """What it answers instead: a code of RFC 6749, 5.2."""

    error: str = ""


class Tokens:
    """Fetches a token, and gives it again until most of its life is over. For several threads."""

    def __init__(self, client: TokenClient) -> None:
        """Raises :class:`SettingsError` where the signers' file cannot be used."""
        self._client = client
        https = urllib.request.HTTPSHandler(context=trusted(client.cafile, "KAFKA_SASL_OAUTHBEARER_CAFILE"))
        # A redirect could lead the secret elsewhere.
        self._opener = urllib.request.build_opener(https, _NoRedirects())
        self._guard = threading.Lock()
        self._token = ""
        self._until = 0.0

    def token(self) -> str:
        """The token. Blocks while one is fetched, ``TIMEOUT_S`` at most. Raises :class:`TokenError`."""
        with self._guard:
            if time.monotonic() >= self._until:
                asked_at = time.monotonic()
                answer = self._fetch()
                self._token, self._until = answer.access_token, asked_at + answer.expires_in * _USED_UP
            return self._token

    def _fetch(self) -> _Answer:
        client = self._client
        form = {"grant_type": "client_credentials"} | ({"scope": client.scope} if client.scope else {})
        signed = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310 - the settings take http and https alone
            client.endpoint,
            urllib.parse.urlencode(form).encode(),
            {"Authorization": f"Basic {signed}", "Accept": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as response:
                return msgspec.json.decode(response.read(_LONGEST_ANSWER), type=_Answer)
        except urllib.error.HTTPError as error:
            with error:
                why = f"HTTP {error.code}{_code(error.read(_LONGEST_ANSWER))}"
        except msgspec.MsgspecError:
            why = "no access_token in what it answers"
        except (OSError, http.client.HTTPException) as error:
            why = str(getattr(error, "reason", None) or type(error).__name__)
        raise TokenError(f"{client.endpoint} gives no token: {why}") from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """None: the redirect becomes an error."""


def _code(body: bytes) -> str:
    try:
        error = msgspec.json.decode(body, type=_Refusal).error
    except msgspec.MsgspecError:
        return ""
    return f" ({error})" if error.isascii() and error.replace("_", "").isalpha() else ""
