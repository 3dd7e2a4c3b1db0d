"""Whether the ways out of Slack in a loop.yaml can work: an address that sends, webhooks with a URL and a secret."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from schemas.config import Loop
from schemas.typed_walk import Misfit
from schemas.yaml_source import Path

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]{0,127}")
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s.<>]+(\.[^@\s.<>]+)+")


def check_delivery(loop: Loop) -> Iterator[Misfit]:
    """What is wrong with ``mail`` and ``webhooks``."""
    if loop.mail is not None:
        if not _EMAIL.fullmatch(loop.mail.from_):
            yield ("mail", "from"), "no e-mail address; give one such as closeloop@example.com"
        if any(ord(sign) < 32 for sign in loop.mail.subject_prefix):
            yield ("mail", "subject_prefix"), "a line break or control character; give one line of text"
    for name, hook in loop.webhooks.items():
        path: Path = ("webhooks", name)
        if not _NAME.fullmatch(name):
            yield path, "give a name of small letters, digits and _, at most 32 characters"
        wrong = _wrong_url(hook.url)
        if wrong is not None:
            yield (*path, "url"), wrong
        if not _ENVIRONMENT.fullmatch(hook.secret_env):
            yield (
                (*path, "secret_env"),
                "no name of an environment variable; give one such as OPS_WEBHOOK_SECRET, and the secret there",
            )


def _wrong_url(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "no URL; give one such as https://example.com/hooks/closeloop"
    if parts.scheme not in ("https", "http") or not host:
        return "no URL; give one such as https://example.com/hooks/closeloop"
    if parts.username is not None:
        return "holds a user name; webhooks are signed, so leave it out"
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
