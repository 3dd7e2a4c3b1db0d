"""PostHog: the event ``survey sent``, by the HTTP Webhook destination with its usual body, ``{event, person}``.

https://posthog.com/docs/surveys/implementing-custom-surveys and https://posthog.com/docs/cdp/destinations/webhook
"""

from typing import Any

from gateway.hooks.submissions import Given, Read, Skipped, Submission, instant, mapping_at, required, text_of
from schemas.config_hooks import Hook

_EVENT = "survey sent"
_RESPONSE = "$survey_response"


def read(document: Any, hook: Hook) -> Read:
    """The answers by the ids of the questions, and by their place: ``0`` is the first. Raises ``InvalidEvent``."""
    inner = mapping_at(document).get("event")
    event = mapping_at(document, "event") if isinstance(inner, dict) else mapping_at(document)
    if event.get("event") != _EVENT:
        return Skipped("event")
    properties = mapping_at(event, "properties")
    complete = properties.get("$survey_completed") is not False
    if not complete and not hook.partial:
        return Skipped("partial")
    answers: dict[str, Given] = {}
    for name, value in properties.items():
        if value is None or value == "":
            continue
        if name == _RESPONSE:
            answers.setdefault("0", Given(value=value))
        elif name.startswith(f"{_RESPONSE}_"):
            answers[name.removeprefix(f"{_RESPONSE}_")] = Given(value=value)
    return Submission(
        id=required(properties.get("$survey_submission_id") or event.get("uuid"), "event.uuid"),
        time=instant(event.get("timestamp"), "event.timestamp"),
        document=document,
        answers=answers,
        known=_questions(properties, answers),
        complete=complete,
        editable=hook.partial,
        customer_id=text_of(event.get("distinct_id")),
        language=text_of(properties.get("$survey_language")),
    )


def _questions(properties: dict[str, Any], answers: dict[str, Given]) -> frozenset[str] | None:
    questions = properties.get("$survey_questions")
    if not isinstance(questions, list) or not questions:
        return None
    ids = {text_of(mapping_at(one).get("id")) for one in questions} - {None}
    if len(ids) < len(questions):
        return None
    return frozenset({str(one) for one in ids} | {str(number) for number in range(len(questions))} | set(answers))
