"""Whether a delivery is the tool's: HMACs in their variants, signed times, shared secrets. Pure, in constant time."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import parse_qsl

from msgspec import Struct

from schemas.config_hooks import HookSignature

Algorithm = Literal["sha256", "sha1", "sha512"]
Encoding = Literal["hex", "base64"]

MAX_FORM_FIELDS = 50
_MAX_SIGNATURES = 10


class Delivery(Struct, frozen=True, kw_only=True):
    """One request of a tool: header names in lower case, ``query`` what its address says, ``at`` its arrival."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime
    query: Mapping[str, str] = {}


class Unsigned(ValueError):  # noqa: N818 - what was found, not a fault of ours
    """A delivery that is not proven to be the tool's. Its text is for the log and for tests, never for the sender."""


class Hmac(Struct, frozen=True, kw_only=True):
    """``header`` holds ``prefix`` and the HMAC of the body, or of ``TIME.BODY`` with a ``timestamp_header``."""

    header: str
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    timestamp_header: str = ""


class StandardWebhooks(Struct, frozen=True):
    """https://www.standardwebhooks.com: the HMAC-SHA256 of ``ID.TIME.BODY``, by a secret ``whsec_`` and base64."""


class SecretHeader(Struct, frozen=True):
    """``header`` holds the secret itself."""

    header: str


class SecretInAddress(Struct, frozen=True):
    """The parameter ``key`` of the address holds the secret itself."""


class FormHmac(Struct, frozen=True):
    """Qualtrics: a form whose ``HMAC`` is the hexadecimal HMAC-SHA512 of its ``MSG``."""


Scheme = Hmac | StandardWebhooks | SecretHeader | SecretInAddress | FormHmac


def scheme_of(signature: HookSignature) -> Scheme:
    """The scheme that loop.yaml asks for."""
    if signature.kind == "standard_webhooks":
        return StandardWebhooks()
    if signature.kind == "query":
        return SecretInAddress()
    if signature.kind == "header":
        return SecretHeader(signature.header.lower())
    return Hmac(
        header=signature.header.lower(),
        algorithm=signature.algorithm,
        encoding=signature.encoding,
        prefix=signature.prefix,
        timestamp_header=signature.timestamp_header.lower(),
    )


def verify(scheme: Scheme, delivery: Delivery, secrets: Sequence[str], tolerance: int) -> None:
    """Whether one of the secrets has signed the delivery; ``tolerance`` in seconds. Raises :class:`Unsigned`."""
    if not secrets:
        raise Unsigned("no secret is set")
    given, expected = _evidence(scheme, delivery, secrets, tolerance)
    # Every pair is compared, whatever the first says: the time tells nothing about which was near.
    matches = [hmac.compare_digest(one, other) for one in given for other in expected]
    if not any(matches):
        raise Unsigned("the signature is another one")


def _evidence(
    scheme: Scheme, delivery: Delivery, secrets: Sequence[str], tolerance: int
) -> tuple[list[bytes], list[bytes]]:
    """What the delivery shows, and what it would have to show by each secret."""
    if isinstance(scheme, SecretHeader):
        return [_digest(_header(delivery, scheme.header))], [_digest(secret) for secret in secrets]
    if isinstance(scheme, SecretInAddress):
        return [_digest(delivery.query.get("key", ""))], [_digest(secret) for secret in secrets]
    if isinstance(scheme, FormHmac):
        form = form_fields(delivery.body)
        signed = form.get("MSG", "").encode()
        return [_decoded(form.get("HMAC", ""), "hex")], [_mac(secret.encode(), signed, "sha512") for secret in secrets]
    if isinstance(scheme, StandardWebhooks):
        stamp = _header(delivery, "webhook-timestamp")
        _check_time(stamp, delivery.at, tolerance)
        signed = b"%s.%s.%s" % (_header(delivery, "webhook-id").encode(), stamp.encode(), delivery.body)
        shown = _header(delivery, "webhook-signature").split()[:_MAX_SIGNATURES]
        given = [_decoded(text[3:], "base64") for text in shown if text.startswith("v1,")]
        return given, [_mac(key, signed, "sha256") for key in _standard_keys(secrets)]
    signed = delivery.body
    if scheme.timestamp_header:
        stamp = _header(delivery, scheme.timestamp_header)
        _check_time(stamp, delivery.at, tolerance)
        signed = b"%s.%s" % (stamp.encode(), delivery.body)
    shown_one = _header(delivery, scheme.header)
    if not shown_one.startswith(scheme.prefix):
        raise Unsigned("the signature does not begin as it should")
    given = [_decoded(shown_one.removeprefix(scheme.prefix), scheme.encoding)]
    return given, [_mac(secret.encode(), signed, scheme.algorithm) for secret in secrets]


def form_fields(body: bytes) -> dict[str, str]:
    """The fields of a form, the first of each name. Raises :class:`Unsigned` for what is none."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, strict_parsing=True)
    except (UnicodeDecodeError, ValueError):
        raise Unsigned("not a form") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def _standard_keys(secrets: Sequence[str]) -> Iterator[bytes]:
    for secret in secrets:
        try:
            yield base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            yield secret.encode()


def _header(delivery: Delivery, name: str) -> str:
    value = delivery.headers.get(name, "").strip()
    if not value:
        raise Unsigned(f"no header {name}")
    return value


def _check_time(stamp: str, at: datetime, tolerance: int) -> None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Unsigned("the signed time is no time")
    if abs(at.timestamp() - int(stamp)) > tolerance:
        raise Unsigned("the signed time is too far from now")


def _mac(key: bytes, signed: bytes, algorithm: Algorithm) -> bytes:
    return hmac.new(key, signed, algorithm).digest()


def _decoded(text: str, encoding: Encoding) -> bytes:
    try:
        return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Unsigned("the signature is not encoded as it should be") from None


def _digest(text: str) -> bytes:
    """Of equal length whatever the text: comparing digests does not tell how long the secret is."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
