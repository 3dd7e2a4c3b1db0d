"""The tools: how each signs by default, and the module that reads what it sends."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from gateway.hooks.signatures import FormHmac, Hmac, Scheme, SecretHeader, StandardWebhooks, scheme_of
from gateway.hooks.submissions import Read
from gateway.hooks.tools import chatwoot, formbricks, generic, posthog, qualtrics, segment, surveymonkey, typeform
from schemas.config_hooks import Hook, ToolName

TOKEN_HEADER = "x-closeloop-token"  # noqa: S105 - the name of a header
"""Where a tool that cannot sign, but can send a header of ours, puts the secret."""

ReadFetched = Callable[[Any, Any, Hook], Read]


class Tool(Struct, frozen=True, kw_only=True):
    """One tool. ``fetched`` reads what was fetched for a notice, of tools that send notices alone."""

    scheme: Scheme
    read: Callable[[Any, Hook], Read]
    fetched: ReadFetched | None = None


TOOLS: Mapping[ToolName, Tool] = {
    "formbricks": Tool(scheme=StandardWebhooks(), read=formbricks.read),
    "typeform": Tool(scheme=Hmac(header="typeform-signature", encoding="base64", prefix="sha256="), read=typeform.read),
    "posthog": Tool(scheme=SecretHeader(TOKEN_HEADER), read=posthog.read),
    "chatwoot": Tool(
        scheme=Hmac(header="x-chatwoot-signature", prefix="sha256=", timestamp_header="x-chatwoot-timestamp"),
        read=chatwoot.read,
    ),
    "qualtrics": Tool(scheme=FormHmac(), read=qualtrics.read, fetched=qualtrics.read_fetched),
    "surveymonkey": Tool(
        scheme=Hmac(header="sm-signature", algorithm="sha1", encoding="base64"),
        read=surveymonkey.read,
        fetched=surveymonkey.read_fetched,
    ),
    "segment": Tool(scheme=Hmac(header="x-signature", algorithm="sha1"), read=segment.read),
    "generic": Tool(scheme=SecretHeader(TOKEN_HEADER), read=generic.read),
}


def scheme_for(hook: Hook) -> Scheme:
    """How deliveries of this hook are proven: as loop.yaml says, else as the tool does it."""
    return TOOLS[hook.tool].scheme if hook.signature is None else scheme_of(hook.signature)
