"""Chatwoot: ``message_updated`` of a satisfaction survey that somebody has answered, on 1..5.

https://www.chatwoot.com/hc/user-guide/articles/1677693021-how-to-use-webhooks
"""

from typing import Any

from gateway.hooks.submissions import Given, Read, Skipped, Submission, mapping_at, required, text_of
from schemas.config_hooks import Hook

SCALE = (1, 5)


def read(document: Any, hook: Hook) -> Read:
    """The questions are ``rating`` and ``feedback_message``. Raises ``InvalidEvent``.

    Chatwoot sends the rating as soon as it is given, and again with the words. The message's own time is when the
    survey was shown, so the arrival stands for the time of the answer.
    """
    del hook
    message = mapping_at(document)
    if message.get("event") != "message_updated":
        return Skipped("event")
    answered = mapping_at(message, "content_attributes", "submitted_values", "csat_survey_response")
    if message.get("content_type") != "input_csat" or answered.get("rating") is None:
        return Skipped("not_a_rating")
    answers = {"rating": Given(value=answered["rating"], scale=SCALE)}
    if text_of(answered.get("feedback_message")):
        answers["feedback_message"] = Given(value=answered["feedback_message"])
    return Submission(
        id=required(message.get("id"), "id"),
        time=None,
        document=document,
        answers=answers,
        known=frozenset({"rating", "feedback_message"}),
        editable=True,
        customer_id=text_of(mapping_at(message, "conversation", "meta", "sender").get("identifier")),
    )
