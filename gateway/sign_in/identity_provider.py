"""What is asked of the identity provider: where its endpoints are, its keys, and the ID token for a code."""

import asyncio
import time
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import msgspec
from joserfc.jwk import KeySet
from msgspec import Struct

from gateway.addresses import is_loopback
from gateway.sign_in.id_tokens import KeyUnknown, key_set, read_id_token
from gateway.sign_in.pending import Begun, Returned
from schemas.config_access import Oidc

RETURN_PATH = "/console/session/oidc/return"
"""Where the provider sends browsers back to, under ``CLOSELOOP_PUBLIC_URL``."""
KEPT_SECONDS = 3_600.0
"""How long its description and its keys are believed."""
KEYS_AGAIN_SECONDS = 10.0
"""A signature by an unknown key makes us ask for the keys again, but not more often than this."""
MAX_BYTES = 512 * 1024
_PATIENCE = aiohttp.ClientTimeout(total=10, connect=5)

_T = TypeVar("_T")


class ProviderFailed(Exception):  # noqa: N818 - told to whoever signs in; the log says why
    """The provider does not answer as it should. ``why`` names what, without anything that it said."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Description(Struct, frozen=True):
    """The part of the discovery document that is used (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Keys(Struct):
    keys: list[Any]


class _Tokens(Struct):
    id_token: str


class IdentityProvider:
    """One provider, as ``sign_in.oidc`` of loop.yaml names it. For one event loop."""

    def __init__(self, oidc: Oidc, secret: str | None, redirect_uri: str) -> None:
        self.oidc = oidc
        self.redirect_uri = redirect_uri
        self._secret = secret
        self._description: tuple[Description, float] | None = None
        self._keys: tuple[KeySet, float] | None = None
        self._asking = asyncio.Lock()

    async def description(self) -> Description:
        """Its endpoints. Raises :class:`ProviderFailed`."""
        async with self._asking:
            held = self._description
            if held is not None and time.monotonic() - held[1] < KEPT_SECONDS:
                return held[0]
            address = f"{self.oidc.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = _decoded(await self._ask("GET", address), Description, "description")
            if found.issuer != self.oidc.issuer:
                raise ProviderFailed("issuer")
            endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
            if not all(map(_is_safe, (*endpoints, found.end_session_endpoint or found.jwks_uri))):
                raise ProviderFailed("endpoints")
            self._description = found, time.monotonic()
            return found

    async def address(self, begun: Begun) -> str:
        """Where the browser signs in. Raises :class:`ProviderFailed`."""
        asked = {
            "response_type": "code",
            "client_id": self.oidc.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.oidc.scopes),
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": begun.challenge,
            "code_challenge_method": "S256",
        }
        return _with_query((await self.description()).authorization_endpoint, asked)

    async def sign_out_address(self, id_token: str, back: str) -> str | None:
        """Where the browser ends its session at the provider; ``None`` where that is not offered, or not known."""
        try:
            ending = (await self.description()).end_session_endpoint
        except ProviderFailed:
            return None
        asked = {"id_token_hint": id_token, "client_id": self.oidc.client_id, "post_logout_redirect_uri": back}
        return None if ending is None else _with_query(ending, asked)

    async def redeem(self, code: str, returned: Returned) -> tuple[str, dict[str, Any]]:
        """The ID token for a code, and its claims, once they are believed.

        Raises :class:`ProviderFailed` and :class:`gateway.sign_in.id_tokens.TokenRefused`.
        """
        known = await self.description()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": returned.verifier,
        }
        headers: dict[str, str] = {}
        methods = known.token_endpoint_auth_methods_supported
        if self._secret is not None and "client_secret_basic" in methods:
            # RFC 6749, 2.3.1: both are form-encoded before they are put together.
            login, password = quote(self.oidc.client_id, safe=""), quote(self._secret, safe="")
            headers["Authorization"] = aiohttp.encode_basic_auth(login, password)
        else:
            form["client_id"] = self.oidc.client_id
            if self._secret is not None:
                form["client_secret"] = self._secret
        token = _decoded(await self._ask("POST", known.token_endpoint, form, headers), _Tokens, "token").id_token

        def read(keys: KeySet) -> dict[str, Any]:
            oidc = self.oidc
            return read_id_token(
                token, keys, issuer=oidc.issuer, client_id=oidc.client_id, nonce=returned.nonce, now=int(time.time())
            )

        keys, asked_at = await self._current_keys(known, KEPT_SECONDS)
        try:
            return token, read(keys)
        except KeyUnknown:
            newer, newer_at = await self._current_keys(known, KEYS_AGAIN_SECONDS)
            if newer_at == asked_at:
                raise
            return token, read(newer)

    async def _current_keys(self, known: Description, kept: float) -> tuple[KeySet, float]:
        async with self._asking:
            held = self._keys
            if held is None or time.monotonic() - held[1] >= kept:
                published = _decoded(await self._ask("GET", known.jwks_uri), _Keys, "keys")
                held = self._keys = key_set(published.keys), time.monotonic()
            return held

    async def _ask(
        self, method: str, address: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> bytes:
        asked = {"Accept": "application/json", **(headers or {})}
        try:
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE) as client,
                client.request(method, address, data=form, headers=asked, allow_redirects=False) as answer,
            ):
                body = await answer.content.read(MAX_BYTES)
                while len(body) < MAX_BYTES and (more := await answer.content.read(MAX_BYTES - len(body))):
                    body += more
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ProviderFailed(f"no answer ({type(error).__name__})") from None
        if status != 200:
            raise ProviderFailed("code" if form is not None and status in (400, 401) else f"status {status}")
        return body


def _decoded(body: bytes, kind: type[_T], what: str) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ProviderFailed(what) from None


def _is_safe(address: str) -> bool:
    """Encrypted, or on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def _with_query(address: str, asked: dict[str, str]) -> str:
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{urlencode(asked)}"
