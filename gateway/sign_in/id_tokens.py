"""Whether an ID token says what it seems to: its signature, and who said it, to whom, until when, in answer to what.

Pure: keys and time are given. OpenID Connect Core 1.0, 3.1.3.7; signatures and claims by joserfc.
"""

from collections.abc import Sequence
from typing import Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""Signatures with a key of the provider's own. Never ``none``, and no HMAC: its key would be ours, too."""
LEEWAY_SECONDS = 60
"""How far the provider's clock may be off."""
MAX_CHARACTERS = 32_000

_REGISTRY = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


class TokenRefused(ValueError):  # noqa: N818 - an answer to whoever signs in, not a fault
    """A token that is not believed. ``why`` is a word for the log and the audit trail, never the token's own."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class KeyUnknown(TokenRefused):
    """None of the keys made the signature: the provider may have new ones."""


def key_set(published: Sequence[object]) -> KeySet:
    """The signing keys of a JWK set. Keys of other kinds and uses, and broken ones, are passed over."""
    keys: list[RSAKey | ECKey | OKPKey] = []
    for one in published:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig":
            continue
        try:
            key = JWKRegistry.import_key(one)
        except (JoseError, ValueError, TypeError):
            continue
        if isinstance(key, RSAKey | ECKey | OKPKey):
            keys.append(key)
    return KeySet(list(keys))


def read_id_token(token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: int) -> dict[str, Any]:
    """The claims of a token that is good at ``now`` (seconds of the epoch).

    Raises :class:`KeyUnknown` where no key fits, else :class:`TokenRefused`.
    """
    if len(token) > MAX_CHARACTERS or not token.isascii():
        raise TokenRefused("token")
    try:
        claims = jwt.decode(token, keys, registry=_REGISTRY).claims
    except (InvalidKeyIdError, BadSignatureError) as error:
        raise KeyUnknown("signature") from error
    except (JoseError, ValueError, TypeError) as error:
        raise TokenRefused("token") from error
    registry = jwt.JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        registry.validate(claims)
    except ExpiredTokenError as error:
        raise TokenRefused("expired") from error
    except ClaimError as error:
        raise TokenRefused(error.claim if error.claim in registry.options else "claims") from error
    # A token for several must say that it is ours: another of them could have got it, and hand it on.
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", client_id) != client_id or (several and "azp" not in claims):
        raise TokenRefused("azp")
    return claims
