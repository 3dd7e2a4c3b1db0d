"""Formbricks: ``responseCreated``, ``responseUpdated`` and ``responseFinished``, each with all answers so far.

https://formbricks.com/docs/xm-and-surveys/core-features/integrations/webhooks
"""

from typing import Any

from gateway.hooks.submissions import Given, Read, Skipped, Submission, instant, mapping_at, required, text_of
from schemas.config_hooks import Hook

_EVENTS = ("responseCreated", "responseUpdated", "responseFinished")


def read(document: Any, hook: Hook) -> Read:
    """The answers of a response by the ids of the questions. Raises ``InvalidEvent``."""
    event = mapping_at(document).get("event")
    if event not in _EVENTS:
        return Skipped("event")  # the test of an address, and what later versions may send
    if event != "responseFinished" and not hook.partial:
        return Skipped("partial")
    response = mapping_at(document, "data")
    language = text_of(response.get("language"))
    return Submission(
        id=required(response.get("id"), "data.id"),
        time=instant(response.get("updatedAt") or response.get("createdAt"), "data.updatedAt"),
        document=document,
        answers={name: Given(value=value) for name, value in mapping_at(response, "data").items() if value != ""},
        complete=event == "responseFinished",
        editable=hook.partial,
        customer_id=text_of(mapping_at(response, "contactAttributes").get("userId")),
        language=None if language == "default" else language,
    )
