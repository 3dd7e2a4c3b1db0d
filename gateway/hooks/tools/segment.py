"""Segment: the calls ``track``, ``identify``, ``page``, ``screen`` and ``group`` of its Webhooks destinations.

https://www.twilio.com/docs/segment/connections/destinations/catalog/actions-webhook
"""

from typing import Any

from gateway.hooks.submissions import Read, Skipped, Submission, instant, mapping_at, required, text_of
from schemas.config_hooks import Hook

_CALLS = ("track", "identify", "page", "screen", "group")


def read(document: Any, hook: Hook) -> Read:
    """A call has no questions: loop.yaml says by JSONPath what stands where. Raises ``InvalidEvent``."""
    del hook
    call = mapping_at(document)
    if call.get("type") not in _CALLS:
        return Skipped("event")  # among them `alias` and `delete`, which tell of no experience
    return Submission(
        id=required(call.get("messageId"), "messageId"),
        time=instant(call.get("timestamp") or call.get("receivedAt"), "timestamp"),
        document=document,
        customer_id=text_of(call.get("userId")),
        language=text_of(mapping_at(call, "context").get("locale")),
    )
