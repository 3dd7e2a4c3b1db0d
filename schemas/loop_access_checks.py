"""Whether people can sign in as a loop.yaml says, and the audit trail is kept for a time that can be."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from schemas.config import Loop
from schemas.config_access import Oidc
from schemas.config_base import seconds
from schemas.typed_walk import Misfit
from schemas.yaml_source import Path

MAX_SESSION_DAYS = 90
MAX_AUDIT_DAYS = 3660
_DAY = 86_400


def check_access(loop: Loop) -> Iterator[Misfit]:
    """What is wrong with ``sign_in`` and ``audit``."""
    signing = loop.sign_in
    for name in ("idle", "longest"):
        length = getattr(signing, name)
        if seconds(length) > MAX_SESSION_DAYS * _DAY:
            yield ("sign_in", name), f"`{length[:40]}` is longer than {MAX_SESSION_DAYS}d; give less"
    if seconds(signing.idle) > seconds(signing.longest):
        yield ("sign_in", "idle"), f"longer than `longest` ({signing.longest}); give at most as long"
    if seconds(loop.audit.keep) > MAX_AUDIT_DAYS * _DAY:
        yield ("audit", "keep"), f"`{loop.audit.keep[:40]}` is longer than {MAX_AUDIT_DAYS}d; give less"
    if signing.oidc is not None:
        yield from _check_provider(signing.oidc, ("sign_in", "oidc"))


def _check_provider(oidc: Oidc, path: Path) -> Iterator[Misfit]:
    wrong = _wrong_issuer(oidc.issuer)
    if wrong is not None:
        yield (*path, "issuer"), wrong
    if "openid" not in oidc.scopes:
        yield (*path, "scopes"), "without openid the provider sends no ID token; add it"
    for number, scope in enumerate(oidc.scopes):
        if not scope or not scope.isascii() or not scope.isprintable() or any(sign in scope for sign in ' "\\'):
            yield (*path, "scopes", number), "no scope; give one word such as email"
    if not oidc.roles and oidc.everyone is None:
        yield (*path, "roles"), "nobody would get a role; name groups, or give `everyone: read`"


def _wrong_issuer(issuer: str) -> str | None:
    try:
        parts = urlsplit(issuer)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "no URL; give the issuer as the provider names it, such as https://login.example.com"
    if parts.scheme not in ("https", "http") or not host or parts.query or parts.fragment or parts.username:
        return "no issuer; give the provider's address without a query, such as https://login.example.com"
    if parts.scheme == "http" and not _is_loopback(host):
        return "unencrypted; give an https:// address (http:// only on this machine)"
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
